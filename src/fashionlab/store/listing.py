"""The runs of a folder: list, find, delete."""

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from fashionlab.errors import StoreError, UsageError
from fashionlab.files import delete_folder, require_plain
from fashionlab.options import command, near_names, spelled, unknown_name
from fashionlab.recipe.spec import RunSpec
from fashionlab.store.format import read_document
from fashionlab.store.run import SEAL, Run

RUN_MARKS = {
    "recipe.json": frozenset({"format", "recipe", "data", "results_version"}),
    SEAL: frozenset({"format", "identity", "files"}),
}
"""The documents of a run and what each of them has at least, in every format so far."""


_SHOWN = 5
"""Runs that a message names."""


def require_runs(runs: Path) -> None:
    """Raise UsageError for a path that is no folder of runs: that does not exist, is itself a run, or has its runs
    deeper. An empty folder is one, and so is the default one before the first run."""
    if (runs / "recipe.json").is_file():
        raise UsageError(
            f"{spelled('runs', str(runs))}: that is itself a run, expected the folder in which it lies: "
            f"{spelled('runs', str(runs.parent))}"
        )
    if not runs.exists() and runs != Path("runs"):
        beside = [path.name for path in runs.parent.glob("*") if path.is_dir()]
        near = [str(runs.parent / name) for name in near_names(runs.name, beside)]
        raise UsageError(
            f"{spelled('runs', str(runs))}: there is no such folder, expected one with runs"
            + (f"; did you mean {' or '.join(near)}?" if near else "")
        )
    if not folders_with(runs, "recipe.json"):
        marks = ("study.json", "search.json")  # a folder with only studies or searches is one of runs, too
        deeper = [
            path.parent.parent
            for path in sorted(runs.glob("[!.]*/[!.]*/recipe.json"))
            if not any((path.parent.parent / mark).exists() for mark in marks)
        ]
        if deeper:
            raise UsageError(
                f"{spelled('runs', str(runs))}: no run lies directly in that folder, but in {deeper[0].name} there are "
                f"some: {spelled('runs', str(deeper[0]))}"
            )


def list_runs(runs: Path) -> list[Run]:
    """Every run in the folder, oldest first; a folder that does not exist has none."""
    return [Run(folder) for folder in folders_with(runs, "recipe.json")]


def folders_with(runs: Path, document: str) -> list[Path]:
    """The folders in `runs`, links not counted, that hold something of this name, the oldest first."""
    found = []
    for path in runs.glob(f"[!.]*/{document}"):  # what is being made has a name that begins with a dot
        with suppress(OSError):
            if not path.parent.is_symlink():
                found.append((path.lstat().st_mtime_ns, path.parent))
    return [folder for _, folder in sorted(found)]


def require_deletable(folder: Path, runs: Path, marks: Mapping[str, frozenset[str]]) -> None:
    """Raise UsageError unless the folder lies directly in `runs`, is no link, and holds one of the documents with
    which this program marks what it has made: name -> keys that such a document has."""
    if folder.is_symlink() or folder.resolve().parent != runs.resolve():
        raise UsageError(f"{folder.absolute()} is not deleted: it does not lie directly in {runs.absolute()}")
    for name, keys in marks.items():
        with suppress(StoreError, FileNotFoundError):
            if keys <= read_document(folder / name, dict[str, msgspec.Raw]).keys():
                return
    raise UsageError(
        f"{folder.absolute()} is not deleted: nothing in it says that fashionlab has made it; delete it yourself if "
        "you are sure"
    )


def find_run(runs: Path, name: str) -> Run:
    """The run called `name` in the folder `runs`, the run at the path `name`, or the newest for "last".

    Raises UsageError with the nearest names, StoreError for a run that holds links.
    """
    if name == "last":
        known = list_runs(runs)
        if not known:
            raise UsageError(f"there is no run in {runs} yet; make one with {command('train')}")
        require_plain(known[-1].path)
        return known[-1]
    for path in (runs / name, Path(name)):
        if name and (path / "recipe.json").is_file():
            # Resolved, because a run's name and the folder of runs beside it are read off its path.
            path = path if path.name not in ("", "..") else path.resolve()
            require_plain(path)
            return Run(path)
    names = [run.name for run in list_runs(runs)]
    if not names:
        raise UsageError(f"there is no run {name!r}: {runs} has none, and no such folder holds a recipe.json")
    begun = [known for known in names if name and known.startswith(name)]
    if begun:
        more = f" and {len(begun) - _SHOWN} more" if len(begun) > _SHOWN else ""
        raise UsageError(
            f"given {name!r}, with which {'one run' if len(begun) == 1 else f'{len(begun)} runs'} in {runs} "
            f"{'begins' if len(begun) == 1 else 'begin'}, expected a whole name: {', '.join(begun[:_SHOWN])}{more}"
        )
    raise UsageError(unknown_name("run", name, names[-12:], f"the folder {runs}"))


def find_same(runs: Path, spec: RunSpec) -> tuple[Run | None, Run | None]:
    """The first finished run of an equal spec, and the newest unfinished one."""
    wanted = spec.identity
    same = [run for run in list_runs(runs) if _identity_of(run) == wanted]
    finished = [run for run in same if run.complete]
    unfinished = [run for run in same if not run.complete]
    return (finished[0] if finished else None), (unfinished[-1] if unfinished else None)


def delete_run(run: Run, *, held: bool = False) -> int:
    """Delete the run's folder; return the bytes set free. Raises StoreError while it is being trained, unless the
    caller is who holds it."""
    size = run.size
    with ExitStack() as locks:
        if not held and not run.complete:
            locks.enter_context(run.hold())
            locks.enter_context(run.lock(wait=0))
        delete_folder(run.path)
    return size


def _identity_of(run: Run) -> str | None:
    try:
        return run.spec.identity
    except StoreError:
        return None
