"""A study and a search as `study`, `compare`, `lesson` and `search` return them: what was found, and the page."""

from pathlib import Path
from typing import TYPE_CHECKING

from fashionlab.errors import StoreError
from fashionlab.options import command
from fashionlab.reports.search.produce import PAGE as SEARCH_PAGE
from fashionlab.reports.search.text import search_lines, search_table
from fashionlab.reports.study import StudyReport, VerdictInWords, report_of, study_table
from fashionlab.reports.study.lesson import check_lines, lesson_lines
from fashionlab.reports.study.produce import PAGE
from fashionlab.reports.study.text import summary_lines
from fashionlab.search.folder import SearchFolder
from fashionlab.search.summary import SearchSummary
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.lessons.checks import LessonResult, lesson_of
from fashionlab.text import one_line

if TYPE_CHECKING:
    from rich.table import Table


class StudyResult:
    """What `study`, `compare` and `lesson` return."""

    def __init__(self, folder: StudyFolder) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        """The study's folder."""
        return self._folder.path

    @property
    def summary(self) -> StudyReport:
        """All that was found (see `studies.summary`), and in words. Raises StoreError if there is nothing yet."""
        summary = self._folder.summary
        if summary is None:
            raise StoreError(
                f"study {self._folder.name} was stopped before it began; go on with: "
                f"{command('resume_study', self._folder.name)}"
            )
        return report_of(summary)

    @property
    def lesson(self) -> LessonResult | None:
        """The lesson that it is, with its checks; None of any other study. Raises StoreError if a run is damaged."""
        return lesson_of(self._folder)

    @property
    def verdicts(self) -> dict[str, VerdictInWords]:
        """By the arm's name: word, effect, interval, sentence."""
        return {arm.name: arm.verdict for arm in self.summary.arms}

    @property
    def page(self) -> Path | None:
        """The study's page, one HTML file; None where it has not been made."""
        path = self._folder.path / PAGE
        return path if path.is_file() else None

    def table(self) -> "Table":
        """The verdicts as a rich table, which a terminal and a notebook can show."""
        return study_table(self.summary)

    def lines(self) -> list[str]:
        """In words: each verdict as a sentence, the test set, failures, and how to go on; of a lesson its words too."""
        lesson = self.lesson
        return [*summary_lines(self.summary), *([*check_lines(lesson), *lesson_lines(lesson)] if lesson else ())]

    def __repr__(self) -> str:
        words = ", ".join(f"{name}: {verdict.word}" for name, verdict in self.verdicts.items())
        return one_line(f"StudyResult({str(self.path)!r}: {words})")


class SearchResult:
    """What `search` returns."""

    def __init__(self, folder: SearchFolder) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        """The search's folder."""
        return self._folder.path

    @property
    def summary(self) -> SearchSummary:
        """All that was found (see `search.summary`). Raises StoreError if there is nothing yet."""
        summary = self._folder.summary
        if summary is None:
            raise StoreError(
                f"search {self._folder.name} was stopped before it began; go on with: "
                f"{command('resume_search', self._folder.name)}"
            )
        return summary

    @property
    def recipe_file(self) -> Path | None:
        """The best trial's recipe, to go on with; None where no trial is finished."""
        return self._folder.recipe_file if self._folder.recipe_file.is_file() else None

    @property
    def page(self) -> Path | None:
        """The search's page, one HTML file; None where it has not been made."""
        path = self._folder.path / SEARCH_PAGE
        return path if path.is_file() else None

    def table(self) -> "Table":
        """The best trials as a rich table, which a terminal and a notebook can show."""
        return search_table(self.summary)

    def lines(self) -> list[str]:
        """In words: what was claimed, what was confirmed, and how to go on."""
        return search_lines(self.summary, self.recipe_file)

    def __repr__(self) -> str:
        summary = self.summary
        word = f", {summary.confirmed.verdict.word}" if summary.confirmed else ""
        return one_line(f"SearchResult({str(self.path)!r}: {len(summary.trials)} trials{word})")
