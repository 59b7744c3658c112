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

from functools import cached_property
from pathlib import Path

from msgspec.structs import replace

from fashionlab.errors import RunCorrupt
from fashionlab.files import (
    make_folder,
    new_stamped_folder,
    write_atomically,
)
from fashionlab.options import command
from fashionlab.recipe.spec import RunSpec
from fashionlab.search.plan import READABLE, SearchPlan
from fashionlab.search.summary import SearchSummary, check_summary
from fashionlab.store import Run, to_json
from fashionlab.store.collection import Collection
from fashionlab.store.format import read_file, read_versioned
from fashionlab.store.listing import folders_with
from fashionlab.studies.folder import StudyFolder, list_studies

CONFIRMATION = "confirmation"
"""The folder of its studies."""

REMEDY = "delete it, resuming the search makes it again"


class SearchFolder(Collection):
    """A search's folder."""

    KIND = "search"
    PLAN = "search.json"

    @staticmethod
    def create(runs: Path, label: str, plan: SearchPlan) -> "SearchFolder":
        """A new folder in `runs`, named after the label and the time, with the plan in it."""
        with new_stamped_folder(runs, label) as (folder, path):
            for name in ("runs", "work", CONFIRMATION):
                make_folder(folder / name)
            write_atomically(folder / "search.json", to_json(replace(plan, name=path.name)))
        return SearchFolder(path)

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
        return self._finished(self.run_of(number), spec, f"trial {number}")

    def adopt(self, folder: Path, number: int, spec: RunSpec) -> Run:
        """Move a finished run out of `work` to its place: from here on it counts. Raises RunCorrupt if it is not it."""
        return self._adopt(folder, self.run_of(number), spec, f"trial {number}")

    @property
    def confirmations(self) -> list[StudyFolder]:
        """The studies of a best trial's recipe against the default one, oldest first."""
        return list_studies(self.path / CONFIRMATION)

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


SEARCH_MARKS = {"search.json": frozenset({"format", "base", "fields"})}
"""As `store.listing.RUN_MARKS`, of a search."""


def list_searches(runs: Path) -> list[SearchFolder]:
    """Every search in the folder, oldest first."""
    return [SearchFolder(path) for path in folders_with(runs, "search.json")]


def find_search(runs: Path, name: str) -> SearchFolder:
    """The search called `name` in `runs`, at the path `name`, or the newest for "last". Raises UsageError."""
    known = sorted(list_searches(runs), key=lambda folder: folder.name[-15:])
    return SearchFolder.find(runs, name, known, command("search", "mlp", vary=["dropout=0..0.5"]))
