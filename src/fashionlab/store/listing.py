"""The runs of a folder: list, find, delete."""

from contextlib import nullcontext
from pathlib import Path

from fashionlab.errors import StoreError, UsageError
from fashionlab.files import delete_folder
from fashionlab.options import unknown_name
from fashionlab.recipe.spec import RunSpec
from fashionlab.store.run import Run


def list_runs(runs: Path) -> list[Run]:
    """Every run in the folder, oldest first; a folder that does not exist has none."""
    if not runs.is_dir():
        return []
    folders = [path.parent for path in runs.glob("*/recipe.json")]
    return [Run(path) for path in sorted(folders, key=lambda path: (path / "recipe.json").stat().st_mtime_ns)]


def find_run(runs: Path, name: str) -> Run:
    """The run called `name` in the folder `runs`, the run at the path `name`, or the newest for "last".

    Raises UsageError with the nearest names.
    """
    if name == "last":
        known = list_runs(runs)
        if not known:
            raise UsageError(f"there is no run in {runs} yet; make one with fashionlab train")
        return known[-1]
    for path in (runs / name, Path(name)):
        if (path / "recipe.json").is_file():
            # Resolved, because a run's name and the folder of runs beside it are read off its path.
            return Run(path if path.name not in ("", "..") else path.resolve())
    names = [run.name for run in list_runs(runs)]
    if not names:
        raise UsageError(f"there is no run {name!r}: {runs} has none, and no such folder holds a recipe.json")
    raise UsageError(unknown_name("run", name, names[-12:], f"the folder {runs}"))


def find_same(runs: Path, spec: RunSpec) -> tuple[Run | None, Run | None]:
    """The first finished run of an equal spec, and the newest unfinished one."""
    wanted = spec.identity
    same = [run for run in list_runs(runs) if _identity_of(run) == wanted]
    finished = [run for run in same if run.complete]
    unfinished = [run for run in same if not run.complete]
    return (finished[0] if finished else None), (unfinished[-1] if unfinished else None)


def delete_run(run: Run) -> int:
    """Delete the run's folder; return the bytes set free. Raises StoreError while it is being trained."""
    size = run.size
    with nullcontext() if run.complete else run.lock(wait=0):
        delete_folder(run.path)
    return size


def _identity_of(run: Run) -> str | None:
    try:
        return run.spec.identity
    except StoreError:
        return None
