"""The verbs about what lies in a folder of runs: list, show, find, delete."""

from collections.abc import Sequence
from pathlib import Path

from fashionlab.search.folder import SEARCH_MARKS, SearchFolder, find_search
from fashionlab.search.folder import list_searches as list_search_folders
from fashionlab.store import Run, RunDetails, RunLine, delete_run, details_of, find_run, line_of, tell_apart
from fashionlab.store import list_runs as list_folders
from fashionlab.store.listing import RUN_MARKS, require_deletable, require_runs
from fashionlab.store.records import Record, RunGroup, group_runs, record_of, sort_lines
from fashionlab.studies.folder import STUDY_MARKS, StudyFolder, find_study
from fashionlab.tracking import delete_log


def list_runs(*, runs: str | Path = "runs", sort: str | None = None) -> list[RunLine]:
    """A line for each run, oldest first, or by a field of its record, "-FIELD" for the highest first. Raises UsageError
    for a field that none has, or a path that is no folder of runs."""
    require_runs(Path(runs))
    lines = tell_apart([line_of(run) for run in list_folders(Path(runs))])
    return sort_lines(lines, sort) if sort else lines


def list_groups(*, runs: str | Path = "runs", sort: str | None = None) -> list[RunGroup]:
    """The finished runs, those that differ in the seed alone together: mean, deviation and best of each such group.
    sort: as for `list_runs`."""
    groups = group_runs(list_runs(runs=runs))
    return sort_lines(groups, sort) if sort else groups


def runs(*, runs: str | Path = "runs", group: bool = False, sort: str | None = None) -> list[Record]:
    """The runs of a folder as flat records, for `pandas.DataFrame(fashionlab.runs())`.

    A record has the results (`validation_accuracy`, a fraction, with `_low` and `_high`, its 95 % interval; `_loss`,
    nats; `seconds`), what `differs` from the model's default, as text, and every setting by its name. group: a record
    for all runs that differ in the seed alone (`validation_mean`, `_deviation`, `_best`). sort: a field, "-FIELD" for
    the highest first. Raises UsageError for a field that none has.
    """
    lines = list_groups(runs=runs, sort=sort) if group else list_runs(runs=runs, sort=sort)
    return [record_of(line) for line in lines]


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
    """Delete runs, studies and searches by name or path, with their logs; return the bytes that each one took.

    Nothing is deleted if one of them does not exist (UsageError). StoreError for one that is under way.
    """
    found = [_find(Path(runs), name) for name in names]
    freed = {one.name: delete_run(one) if isinstance(one, Run) else one.delete() for one in found}
    return {one.name: freed[one.name] + delete_log(one.path) for one in found}


def _find(runs: Path, name: str) -> SearchFolder | StudyFolder | Run:
    """What is to be deleted. Raises UsageError for what this program has not made."""
    if is_search(name, runs=runs):
        search = find_search(runs, name)
        require_deletable(search.path, runs, SEARCH_MARKS)
        return search
    found = find_study(runs, name) if is_study(name, runs=runs) else find_run(runs, name)
    require_deletable(found.path, runs, STUDY_MARKS if isinstance(found, StudyFolder) else RUN_MARKS)
    return found
