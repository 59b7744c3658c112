"""The verbs about what lies in a folder of runs: list, show, find, delete."""

from collections.abc import Sequence
from pathlib import Path

from fashionlab.search.folder import SEARCH_MARKS, SearchFolder, find_search
from fashionlab.search.folder import list_searches as list_search_folders
from fashionlab.store import Run, RunDetails, RunLine, delete_run, details_of, find_run, line_of
from fashionlab.store import list_runs as list_folders
from fashionlab.store.listing import RUN_MARKS, require_deletable
from fashionlab.studies.folder import STUDY_MARKS, StudyFolder, find_study


def list_runs(*, runs: str | Path = "runs") -> list[RunLine]:
    """A line for each run, oldest first."""
    return [line_of(run) for run in list_folders(Path(runs))]


def show_run(run: str | Path, *, runs: str | Path = "runs") -> RunDetails:
    """All about one run. Raises UsageError if there is no such run, StoreError if it is damaged."""
    return details_of(find_run(Path(runs), str(run)))


def is_study(name: str | Path, *, runs: str | Path = "runs") -> bool:
    """Whether that is the name, in `runs`, or the path of a study."""
    return bool(name) and any((path / "study.json").is_file() for path in (Path(runs) / name, Path(name)))


def is_search(name: str | Path, *, runs: str | Path = "runs") -> bool:
    """Whether that is the name, in `runs`, or the path of a search."""
    return bool(name) and any((path / "search.json").is_file() for path in (Path(runs) / name, Path(name)))


def search_sizes(*, runs: str | Path = "runs") -> dict[str, int]:
    """By name, the bytes that each search takes with its runs, oldest first."""
    return {folder.name: folder.size for folder in list_search_folders(Path(runs))}


def find_runs(names: Sequence[str], *, runs: str | Path = "runs") -> list[Path]:
    """The folders of the runs, studies and searches of these names (or paths; "last" is a run). Raises UsageError."""
    return [_find(Path(runs), name).path.resolve() for name in names]


def delete_runs(names: Sequence[str], *, runs: str | Path = "runs") -> dict[str, int]:
    """Delete runs, studies and searches by name or path; return the bytes that each one took.

    Nothing is deleted if one of them does not exist (UsageError). StoreError for one that is under way.
    """
    found = [_find(Path(runs), name) for name in names]
    return {one.name: delete_run(one) if isinstance(one, Run) else one.delete() for one in found}


def _find(runs: Path, name: str) -> SearchFolder | StudyFolder | Run:
    """What is to be deleted. Raises UsageError for what this program has not made."""
    if is_search(name, runs=runs):
        search = find_search(runs, name)
        require_deletable(search.path, runs, SEARCH_MARKS)
        return search
    found = find_study(runs, name) if is_study(name, runs=runs) else find_run(runs, name)
    require_deletable(found.path, runs, STUDY_MARKS if isinstance(found, StudyFolder) else RUN_MARKS)
    return found
