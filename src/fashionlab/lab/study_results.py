"""A study as `study` and `compare` return it: its verdicts and all else that it found."""

from pathlib import Path
from typing import TYPE_CHECKING

from fashionlab.errors import StoreError
from fashionlab.reports.study import StudyReport, VerdictInWords, report_of, study_table
from fashionlab.reports.study.produce import PAGE
from fashionlab.reports.study.text import summary_lines
from fashionlab.studies.folder import StudyFolder
from fashionlab.text import one_line

if TYPE_CHECKING:
    from rich.table import Table


class StudyResult:
    """What `study` and `compare` return."""

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
                f"study {self._folder.name} was stopped before it began; go on with: fashionlab study resume "
                f"{self._folder.name}"
            )
        return report_of(summary)

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
        """In words: each verdict as a sentence, the test set, failures, and how to go on."""
        return summary_lines(self.summary)

    def __repr__(self) -> str:
        words = ", ".join(f"{name}: {verdict.word}" for name, verdict in self.verdicts.items())
        return one_line(f"StudyResult({str(self.path)!r}: {words})")
