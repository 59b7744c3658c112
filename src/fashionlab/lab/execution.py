"""How the lab's verbs execute, as against what they do: nothing here changes a number."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from fashionlab.errors import UsageError
from fashionlab.options import spelled
from fashionlab.training.loop import CHECKPOINT_SECONDS

OnEvent = Callable[[Any], object]
"""Takes the typed events of `workers.events`, and in a study those of `studies.events`."""


@dataclass(frozen=True)
class ExecutionOptions:
    """Options that every verb takes as `execution`.

    data_dir: a folder that holds Fashion-MNIST's four files; nothing else is then tried. report: make the HTML page at
    the end. on_event: gets progress as typed events instead of a display. checkpoint_seconds: the most work that a
    power cut can take back from a run.

    The rest is for studies and comparisons. workers: how many runs are made at once, None for one a core. minutes: no
    run begins after so many. silence: seconds without a sign of life after which a run counts as hung, None for the
    defaults. executor: "local" for worker processes on this machine, "ray" for a Ray cluster, the one at `address`
    ("auto", "HOST:PORT", "ray://HOST:PORT") or one of this machine's own.
    """

    data_dir: str | Path | None = None
    report: bool = True
    on_event: OnEvent | None = None
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    workers: int | None = None
    minutes: float | None = None
    silence: float | None = None
    executor: str = "local"
    address: str | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and not 1 <= self.workers <= 1024:
            raise UsageError(f"{spelled('workers')}: given {self.workers}, expected a whole number from 1 to 1024")

    @property
    def data_folder(self) -> str | None:
        """`data_dir` as worker processes get it."""
        return None if self.data_dir is None else str(self.data_dir)


DEFAULT = ExecutionOptions()


def refuse_execution(settings: Mapping[str, Any]) -> None:
    """Raise UsageError if an execution option is among settings of a recipe, where beginners would put it."""
    for name in settings:
        if name in {field.name for field in fields(ExecutionOptions)}:
            raise UsageError(f"{name} says how to execute: give execution=ExecutionOptions({name}=...)")
