"""How the lab's verbs execute, as against what they do: nothing here changes a number."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from fashionlab.errors import UsageError
from fashionlab.options import Blank, on_command_line, spelled
from fashionlab.tracking import require_tracker
from fashionlab.training.loop import CHECKPOINT_SECONDS

OnEvent = Callable[[Any], object]
"""Takes the typed events of `workers.events`, of a study those of `studies.events`, of a search `search.events`, too.
"""


@dataclass(frozen=True)
class ExecutionOptions:
    """Options that every verb takes as `execution`.

    data_dir: a folder that holds Fashion-MNIST's four files; nothing else is then tried. report: make the HTML page at
    the end. on_event: gets progress as typed events instead of a display. log: "tensorboard" also writes runs to
    `RUNS/tensorboard`, as TensorBoard reads them. checkpoint_seconds: the most work that a power cut can take back from
    a run. snapshots: keep what a network was like after some of its epochs, for its page to show; of a study's runs
    none are kept.

    The rest is for studies and comparisons. workers: how many runs are made at once, None for one a core. minutes: no
    run begins after so many. silence: seconds without a sign of life after which a run counts as hung, None for the
    defaults. executor: "local" for worker processes on this machine, "ray" for a Ray cluster, the one at `address`
    ("auto", "HOST:PORT", "ray://HOST:PORT") or one of this machine's own.
    """

    data_dir: str | Path | None = None
    report: bool = True
    on_event: OnEvent | None = None
    log: str | None = None
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    snapshots: bool = True
    workers: int | None = None
    minutes: float | None = None
    silence: float | None = None
    executor: str = "local"
    address: str | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and not 1 <= self.workers <= 1024:
            raise UsageError(f"{spelled('workers')}: given {self.workers}, expected a whole number from 1 to 1024")
        if self.log is not None:
            require_tracker(self.log)

    @property
    def data_folder(self) -> str | None:
        """`data_dir` as worker processes get it."""
        return None if self.data_dir is None else str(self.data_dir)


DEFAULT = ExecutionOptions()


def as_settings(execution: ExecutionOptions) -> dict[str, Any]:
    """What a command that goes on says to be executed in the same way: where, and with which log; see `command`."""
    names = ("executor", "address", "log")
    given = {name: value for name in names if (value := getattr(execution, name)) != getattr(DEFAULT, name)}
    if on_command_line() or not given:
        return given
    inside = ", ".join(f"{name}={value!r}" for name, value in given.items())
    return {"execution": Blank(f"fashionlab.ExecutionOptions({inside})")}


def pop_log(settings: dict[str, Any], execution: ExecutionOptions) -> ExecutionOptions:
    """The options with the `log` that stands among settings of a recipe, where it may be given in short.

    Raises UsageError for any other execution option there, which is where beginners would put it.
    """
    if "log" in settings:
        execution = replace(execution, log=settings.pop("log"))
    for name in settings:
        if name in {field.name for field in fields(ExecutionOptions)}:
            raise UsageError(f"{name} says how to execute: give execution=ExecutionOptions({name}=...)")
    return execution
