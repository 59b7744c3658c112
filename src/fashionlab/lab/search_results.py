"""A search as `search` returns it: its trials, its best, and what became of that."""

from pathlib import Path
from typing import TYPE_CHECKING

from fashionlab.errors import StoreError
from fashionlab.reports.search.produce import PAGE
from fashionlab.reports.search.text import search_lines, search_table
from fashionlab.search.folder import SearchFolder
from fashionlab.search.summary import SearchSummary
from fashionlab.text import one_line

if TYPE_CHECKING:
    from rich.table import Table


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
                f"search {self._folder.name} was stopped before it began; go on with: fashionlab search resume "
                f"{self._folder.name}"
            )
        return summary

    @property
    def recipe_file(self) -> Path | None:
        """The best trial's recipe, to go on with; None where no trial is finished."""
        return self._folder.recipe_file if self._folder.recipe_file.is_file() else None

    @property
    def page(self) -> Path | None:
        """The search's page, one HTML file; None where it has not been made."""
        path = self._folder.path / PAGE
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
