"""What `log` names: the known trackers, and how one gets the events of runs.

A tracker with a program of its own (MLflow, Weights & Biases) needs nothing here: it is a function for `on_event`
(docs/trackers.md). One whose files lie beside the runs is a class with `take` and a line in `TRACKERS`.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fashionlab.errors import StoreError, UsageError
from fashionlab.files import delete_folder, folder_size
from fashionlab.text import tell
from fashionlab.workers.events import RunEvent, RunFinished, RunStarted, RunTold

TRACKERS = {"tensorboard": "tensorboardX"}
"""By the name of a tracker, which is also that of its extra and of its folder, the module that it needs."""


def require_tracker(name: str) -> None:
    """Raise UsageError unless that is a known tracker, and what it needs is installed."""
    if name not in TRACKERS:
        raise UsageError(f"--log: given {name!r}, expected {' or '.join(TRACKERS)}")
    if find_spec(TRACKERS[name]) is None:
        raise UsageError(
            f"--log {name} needs {TRACKERS[name]}, which is not installed: pip install 'fashionlab[{name}]'"
        )


def log_folder(name: str, runs: Path) -> Path:
    """Where a tracker logs the runs of the folder `runs`, each under the path that it has there."""
    return runs / name


def announce(name: str | None, runs: Path) -> None:
    """Tell where the runs are logged and how to look at it, if they are."""
    if name is not None:
        folder = log_folder(name, runs)
        tell(f"logged in {folder}; to look at it: {name} --logdir {folder}")


def delete_log(run: Path) -> int:
    """Delete what was logged of a run, a study or a search; return the bytes set free. Raises StoreError."""
    freed = 0
    for name in TRACKERS:
        folder = log_folder(name, run.parent) / run.name
        if folder.is_dir() and not folder.is_symlink():
            freed += folder_size(folder)
            delete_folder(folder)
    return freed


def logged(take: Callable[[Any], object], name: str | None, runs: Path) -> Callable[[Any], object]:
    """A function that takes events as `take` does, and has the tracker log those of runs; name: None for no tracker.

    A log that cannot be written any more (disk full) is given up in a sentence: it costs no run.
    """
    if name is None:
        return take
    # An extra, which takes a quarter of a second.
    from fashionlab.tracking.tensorboard import TensorBoard

    tracker: TensorBoard | None = TensorBoard(log_folder(name, runs), runs)
    run = ""

    def take_and_log(event: Any) -> None:
        nonlocal tracker, run
        take(event)
        if tracker is None:
            return
        told: RunEvent = event.told if isinstance(event, RunTold) else event
        if isinstance(event, RunTold | RunStarted | RunFinished):
            run = event.run
        try:
            tracker.take(Path(run), told)
        except StoreError as error:
            tell(f"the log for {name} ends here: {error}")
            tracker = None

    return take_and_log
