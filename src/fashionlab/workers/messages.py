"""What goes through the pipes between a parent and its worker process: a line of JSON each."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from msgspec import Raw, Struct

from fashionlab.workers.events import Event

Returned = TypeVar("Returned")


@dataclass(frozen=True)
class Task(Generic[Returned]):
    """A function that worker processes execute, and what it gives.

    function: "package.module:function", which takes (arguments, channel); arguments are a struct, decoded as the
    function's annotation says. returns: the type of its result, a struct, or None.
    """

    function: str
    returns: type[Returned]

    @property
    def module(self) -> str:
        """Where the function is: what a worker may import ahead."""
        return self.function.partition(":")[0]


class Call(Struct, frozen=True, tag="call", tag_field="kind"):
    """To the worker: run a task."""

    function: str
    arguments: Raw


class Stop(Struct, frozen=True, tag="stop", tag_field="kind"):
    """To the worker: bring the present task to an end."""


class Told(Struct, frozen=True, tag="event", tag_field="kind"):
    """From the worker: an event of the present task."""

    event: Event


class Result(Struct, frozen=True, tag="result", tag_field="kind"):
    """From the worker: the task is done."""

    value: Raw


class Failed(Struct, frozen=True, tag="error", tag_field="kind"):
    """From the worker: the task raised."""

    type: str
    message: str
    traceback: str


ToWorker = Call | Stop
FromWorker = Told | Result | Failed
