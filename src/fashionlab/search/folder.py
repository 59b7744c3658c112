"""A search on disk: its plan, its trials, their runs, and what it found.

runs/NAME/
  search.json       the plan
  trials.sqlite3    the trials, as Optuna keeps them: one process at a time, the holder of the lock
  runs/             finished runs of trials, sealed: trial-0007
  work/             what is under way; whatever lies here when a search begins or goes on is swept away
  confirmation/     studies of the best trial's recipe against the default one, the newest counts
  best.toml         the best trial's recipe, to go on with
  summary.json      everything a reader wants to know, written anew after every trial
  report/           the page
  lock              held by who makes the trials
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace

from fashionlab.errors import RunCorrupt, StoreError, UsageError
from fashionlab.files import (
    delete_folder,
    explain_write_failure,
    folder_size,
    make_folder,
    new_stamped_folder,
    open_lock,
    require_plain,
    sync_folder,
    write_atomically,
)
from fashionlab.options import command, unknown_name
from fashionlab.recipe.spec import RunSpec
from fashionlab.search.plan import READABLE, SearchPlan
from fashionlab.search.summary import SearchSummary, check_summary
from fashionlab.store import Run, to_json
from fashionlab.store.format import read_file, read_versioned
from fashionlab.store.listing import folders_with
from fashionlab.studies.folder import StudyFolder, list_studies

CONFIRMATION = "confirmation"
"""The folder of its studies."""

REMEDY = "delete it, resuming the search makes it again"


class SearchFolder:
    """A search's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def create(runs: Path, label: str, plan: SearchPlan) -> "SearchFolder":
        """A new folder in `runs`, named after the label and the time, with the plan in it."""
        with new_stamped_folder(runs, label) as (folder, path):
            for name in ("runs", "work", CONFIRMATION):
                make_folder(folder / name)
            write_atomically(folder / "search.json", to_json(replace(plan, name=path.name)))
        return SearchFolder(path)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def work(self) -> Path:
        """Where runs are made."""
        return self.path / "work"

    @property
    def database(self) -> Path:
        """The trials, as Optuna keeps them."""
        return self.path / "trials.sqlite3"

    @property
    def recipe_file(self) -> Path:
        """The best trial's recipe; it may not be there yet."""
        return self.path / "best.toml"

    @cached_property
    def plan(self) -> SearchPlan:
        """The plan. Raises RunCorrupt if it cannot be read, or is of another format."""
        path, remedy = self.path / "search.json", "restore it from a copy"
        try:
            return read_versioned(read_file(path, remedy), SearchPlan, path, READABLE, remedy)
        except FileNotFoundError:
            raise RunCorrupt(f"search {self.name} has lost search.json; {remedy}") from None

    def save_plan(self, plan: SearchPlan) -> None:
        """Write the plan anew: more trials or seeds than it had."""
        write_atomically(self.path / "search.json", to_json(plan))
        self.__dict__.pop("plan", None)

    def run_of(self, number: int) -> Run:
        """The place of a trial's finished run; it may not be there yet."""
        return Run(self.path / "runs" / f"trial-{number:04}")

    def finished(self, number: int, spec: RunSpec) -> Run | None:
        """The finished run of a trial, or None. Raises RunCorrupt if something else lies in its place."""
        run = self.run_of(number)
        if not run.path.exists():
            return None
        if not run.complete or run.spec != spec:
            raise RunCorrupt(f"{run.path} is not the finished run of trial {number}; delete it")
        return run

    def adopt(self, folder: Path, number: int, spec: RunSpec) -> Run:
        """Move a finished run out of `work` to its place: from here on it counts. Raises RunCorrupt if it is not it."""
        run, place = Run(folder), self.run_of(number).path
        if not run.complete or run.spec != spec:
            raise RunCorrupt(f"{folder} is not the finished run of trial {number}")
        try:
            folder.rename(place)
            sync_folder(place.parent)
        except OSError as error:
            raise StoreError(explain_write_failure(place, error)) from error
        return Run(place)

    def sweep(self) -> None:
        """Throw away what was left half done."""
        shutil.rmtree(self.work, ignore_errors=True)
        make_folder(self.work)

    @property
    def confirmations(self) -> list[StudyFolder]:
        """The studies of a best trial's recipe against the default one, oldest first."""
        return list_studies(self.path / CONFIRMATION)

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the search, whole or not at all."""
        write_atomically(self.path / name, content)

    @property
    def summary(self) -> SearchSummary | None:
        """The summary, None before the first trial. Raises RunCorrupt if it is none of this plan."""
        path = self.path / "summary.json"
        try:
            summary = read_versioned(read_file(path, REMEDY), SearchSummary, path, READABLE, REMEDY)
        except FileNotFoundError:
            return None
        try:
            check_summary(summary, self.plan)
        except ValueError as error:
            raise RunCorrupt(f"{path} is damaged ({error}); {REMEDY}") from None
        return summary

    @property
    def size(self) -> int:
        """Bytes on disk, its runs included."""
        return folder_size(self.path)

    def delete(self) -> int:
        """Delete it with all that is in it; return the bytes set free. Raises StoreError while it is being run."""
        size = self.size
        with self.lock():
            delete_folder(self.path)
        return size

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the search; the lock ends with the process. Raises StoreError while another process makes its trials."""
        require_plain(self.path)
        with open_lock(self.path / "lock") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(
                    f"search {self.name} is being run by another process; wait for it, or stop it"
                ) from None
            yield


SEARCH_MARKS = {"search.json": frozenset({"format", "base", "fields"})}
"""As `store.listing.RUN_MARKS`, of a search."""


def list_searches(runs: Path) -> list[SearchFolder]:
    """Every search in the folder, oldest first."""
    return [SearchFolder(path) for path in folders_with(runs, "search.json")]


def find_search(runs: Path, name: str) -> SearchFolder:
    """The search called `name` in `runs`, at the path `name`, or the newest for "last". Raises UsageError."""
    known = sorted(list_searches(runs), key=lambda folder: folder.name[-15:])
    if name == "last" and known:
        return known[-1]
    for path in (runs / name, Path(name)):
        if name and (path / "search.json").is_file():
            path = path if path.name not in ("", "..") else path.resolve()
            require_plain(path)
            return SearchFolder(path)
    if not known:
        raise UsageError(
            f"there is no search in {runs} yet; make one with {command('search', 'mlp', vary=['dropout=0..0.5'])}"
        )
    raise UsageError(unknown_name("search", name, [each.name for each in known[-12:]], f"the folder {runs}"))
