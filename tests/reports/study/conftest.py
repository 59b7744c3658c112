"""Pages of studies that were never trained, written once."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from outline import unmarked
from study_samples import CASES, HISTORIES_OF, IMAGES_OF, LESSON_OF

from fashionlab.reports.study import StudyReport, produce_study_page, report_of


@dataclass(frozen=True)
class StudyPage:
    """A study's page, and what it says."""

    report: StudyReport
    path: Path

    @property
    def text(self):
        return unmarked(self.path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """name of a case -> its page."""
    made = {}

    def page(name):
        if name not in made:
            summary = CASES[name]()
            images = IMAGES_OF[name]() if name in IMAGES_OF else None
            histories = HISTORIES_OF[name]() if name in HISTORIES_OF else None
            lesson = LESSON_OF[name]() if name in LESSON_OF else None
            path = produce_study_page(tmp_path_factory.mktemp("study"), summary, images, histories, lesson)
            made[name] = StudyPage(report_of(summary), path)
        return made[name]

    return page


@pytest.fixture
def open_study(open_page, pages):
    """name of a case -> its page, open in the browser."""

    def opened(name, **options):
        return open_page(pages(name).path, **options)

    return opened
