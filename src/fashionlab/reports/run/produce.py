"""Making a report: gather what it needs, summarise, render, write. Everything lands in the run's `derived/`."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from fashionlab.errors import FashionlabError, Interrupted
from fashionlab.evaluation import Insight, Missing, find_insight, open_images
from fashionlab.files import make_folder, write_atomically
from fashionlab.reports.figures import Display
from fashionlab.reports.run.card import model_card
from fashionlab.reports.run.carried import carry
from fashionlab.reports.run.figures import page_figures
from fashionlab.reports.run.render import render
from fashionlab.reports.run.sections.time import frames_of
from fashionlab.reports.run.shown import ShownImage
from fashionlab.reports.run.summary import RunReport, summarise_report
from fashionlab.reports.sprite import gather
from fashionlab.store import Run, to_json
from fashionlab.workers import Worker

SUMMARY = "report.json"
PAGE = "report/index.html"
CARD = "report/README.md"
"""Names in the run's `derived/`."""


def produce_report(
    run: Run,
    *,
    worker: Worker | None = None,
    data_dir: str | Path | None = None,
    trust: str | None = None,
    announce: Callable[[str], object] = lambda message: None,
) -> RunReport:
    """Make the page, the model card and the summary of a finished run; return the summary.

    worker: one that is warm already. announce: is told what takes over 2 s. Never trains. For what cannot be had (data
    that moved away, a model file that nobody vouched for) a sentence says why.
    """
    with _announced(announce, f"making the report of {run.name}: looking inside the model …"):
        insight = _inside(run, worker, data_dir, trust)
    with _announced(announce, f"making the report of {run.name}: drawing the page …"):
        report = summarise_report(run, insight)
        pixels = _pixels(run, report.images, data_dir)
        if isinstance(pixels, Missing):
            report = replace(report, images_missing=pixels)
        carried = carry(run, report, data_dir)
        # What it says now is that nothing is carried, and why; or how much is.
        report = replace(report, tryit=carried if isinstance(carried, Missing) else carried.section)
        page = render(
            report,
            None if isinstance(pixels, Missing) else pixels,
            insight.arrays,
            None if isinstance(carried, Missing) else carried,
            frames_of(run),
        )
    make_folder((run.derived / PAGE).parent)
    write_atomically(run.derived / PAGE, page)
    write_atomically(run.derived / CARD, model_card(report).encode())
    write_atomically(run.derived / SUMMARY, to_json(report))
    return report


def gather_figures(run: Run, trust: str | None = None) -> dict[str, Display]:
    """Every figure of a finished run's page, by name. trust: see `evaluation.find_insight`."""
    insight = _inside(run, None, None, trust)
    return page_figures(summarise_report(run, insight), insight.arrays)


def _inside(run: Run, worker: Worker | None, data_dir: str | Path | None, trust: str | None) -> Insight:
    """What happens inside the model, or why that cannot be had."""
    try:
        return find_insight(run, data_dir, trust, worker)
    except Interrupted:
        raise
    except FashionlabError as error:
        return Insight(Missing(str(error)))


@contextmanager
def _announced(announce: Callable[[str], object], message: str) -> Iterator[None]:
    """Say what is being done once it has taken 2 s."""
    timer = threading.Timer(2.0, announce, [message])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _pixels(run: Run, images: Sequence[ShownImage], data_dir: str | Path | None) -> np.ndarray | Missing:
    """The pixels of the images that a report shows, or why there are none."""
    try:
        sets = {name: open_images(run, name, data_dir) for name in sorted({image.set for image in images})}
    except FashionlabError as error:
        return Missing(str(error))
    return gather(images, sets)
