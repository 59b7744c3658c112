"""A study's page: its summary as one HTML file that needs nothing else, and writing it beside the summary."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from fashionlab.files import make_folder, write_atomically
from fashionlab.reports import sprite
from fashionlab.reports.figures import style_sheet
from fashionlab.reports.run.render import finished, page_environment, shown
from fashionlab.reports.run.scripts import page_text
from fashionlab.reports.study.answer import answer
from fashionlab.reports.study.effects import (
    MOST_IMAGES,
    accuracies,
    confirmation,
    facts,
    imported,
    models,
    secondary,
    troubles,
)
from fashionlab.reports.study.figures import curve_figures, page_figures, without_curves
from fashionlab.reports.study.guarantee import guarantee
from fashionlab.reports.study.lesson import lesson_figures, lesson_frame
from fashionlab.reports.study.report import JUDGING_SET, report_of
from fashionlab.reports.wording import counted, plain, signed, times
from fashionlab.store import History
from fashionlab.studies.lessons.checks import LessonResult
from fashionlab.studies.summary import StudySummary

PAGE = "report/index.html"
"""The page's name in the study's folder."""


def render_study(
    summary: StudySummary,
    images: np.ndarray | None = None,
    histories: Mapping[str, Sequence[tuple[str, History]]] | None = None,
    lesson: LessonResult | None = None,
) -> bytes:
    """The page, UTF-8.

    images: uint8 [n, side, side], one for each of the comparison's `all_wrong`, or None where they are not at hand;
    histories: by arm, of each run that counts and has one (`studies.outcomes.read_histories`); lesson: that it is, or
    None.
    Everything is escaped: names of arms and classes are users' text.
    """
    from markupsafe import Markup

    report = report_of(summary)
    if images is not None:
        images = images[:MOST_IMAGES]
    environment = page_environment()
    environment.filters |= {"signed": signed, "plain": plain, "counted": counted, "times": times}
    curves = curve_figures(report, histories or {})
    text = environment.get_template("study.html").render(
        s=report,
        lesson=lesson_frame(lesson, report) if lesson else None,
        judging_set=JUDGING_SET,
        answer=answer(report),
        facts=facts(report),
        accuracies=accuracies(report),
        secondary=secondary(report),
        troubles=troubles(report),
        test=confirmation(report),
        imported=imported(report),
        models=models(report),
        guarantee=guarantee(report),
        figures=shown(page_figures(report) | curves | lesson_figures(lesson)),
        curves=list(curves),
        curveless=without_curves(report, histories or {}),
        columns=sprite.COLUMNS,
        sprite=None if images is None or not len(images) else sprite.data_uri(sprite.make_sprite(images)),
        style=Markup(style_sheet() + page_text("style.css") + page_text("study.css") + page_text("lesson/lesson.css")),
    )
    return finished(text)


def produce_study_page(
    folder: Path,
    summary: StudySummary,
    images: np.ndarray | None = None,
    histories: Mapping[str, Sequence[tuple[str, History]]] | None = None,
    lesson: LessonResult | None = None,
) -> Path:
    """Write the page of the study in `folder`, whole or not at all, and return its path.

    summary, images, histories, lesson: of `render_study`. May be called again at any time, also while the study runs.
    Raises StoreError where it cannot be written.
    """
    page = render_study(summary, images, histories, lesson)
    make_folder((folder / PAGE).parent)
    write_atomically(folder / PAGE, page)
    return folder / PAGE
