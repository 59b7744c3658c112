"""A study, opened: its verdicts and all else that it found."""

from pathlib import Path
from typing import Any

from fashionlab.errors import StoreError
from fashionlab.reports.study import study_table
from fashionlab.reports.study.produce import PAGE
from fashionlab.studies.folder import StudyFolder


class StudyResult:
    """What `study` and `compare` return.

    path: the study's folder; summary: the content of `summary.json`; verdicts: by arm.
    """

    def __init__(self, folder: StudyFolder) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        """The study's folder."""
        return self._folder.path

    @property
    def summary(self) -> dict[str, Any]:
        """All that was found, as plain data; `fashionlab.studies.summary` says what is in it."""
        summary = self._folder.read_json("summary.json")
        if summary is None:
            raise StoreError(f"study {self._folder.name} was stopped before it began; go on with --continue")
        return summary

    @property
    def verdicts(self) -> dict[str, dict[str, Any]]:
        """By the arm's name: word, effect, interval, sentence (see `studies.verdict.Verdict`)."""
        return {arm["name"]: arm["verdict"] for arm in self.summary["arms"]}

    @property
    def page(self) -> Path | None:
        """The study's page, one HTML file; None where it has not been made."""
        path = self._folder.path / PAGE
        return path if path.is_file() else None

    def table(self) -> Any:
        """The verdicts as a rich table, which a terminal and a notebook can show."""
        return study_table(self.summary)

    def __repr__(self) -> str:
        words = ", ".join(f"{name}: {verdict['word']}" for name, verdict in self.verdicts.items())
        return f"StudyResult({str(self.path)!r}: {words})"
