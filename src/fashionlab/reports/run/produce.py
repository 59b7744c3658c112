"""Making a report: gather what it needs, summarise, render, write. Everything lands in the run's `derived/`."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.errors import FashionlabError, Interrupted
from fashionlab.evaluation import Insight, find_insight, open_pictures
from fashionlab.files import make_folder, write_atomically
from fashionlab.reports.run.card import model_card
from fashionlab.reports.run.render import render
from fashionlab.reports.run.summary import summarise_report
from fashionlab.reports.sprite import gather
from fashionlab.store import Run
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
) -> dict[str, Any]:
    """Make the page, the model card and the summary of a finished run; return the summary.

    worker: one that is warm already. announce: is told what takes over 2 s. Never trains. For what
    cannot be had (data that moved away, a model file that nobody vouched for) a sentence says why.
    """
    with _announced(announce, f"making the report of {run.name}: looking inside the network …"):
        insight = _inside(run, worker, data_dir, trust)
    with _announced(announce, f"making the report of {run.name}: drawing the page …"):
        summary = summarise_report(run, insight.document, insight.arrays)
        pictures, lacking = _collect(run, summary["pictures"], data_dir)
        summary["pictures_missing"] = lacking
        summary["page"], summary["card"] = str(run.derived / PAGE), str(run.derived / CARD)
        page = render(summary, pictures, insight.arrays)
    make_folder((run.derived / PAGE).parent)
    write_atomically(run.derived / PAGE, page)
    write_atomically(run.derived / CARD, model_card(summary).encode())
    write_atomically(run.derived / SUMMARY, json.dumps(summary, ensure_ascii=False, allow_nan=False).encode())
    return summary


def _inside(run: Run, worker: Worker | None, data_dir: str | Path | None, trust: str | None) -> Insight:
    """What happens inside the network, or a document that says why that cannot be had."""
    try:
        return find_insight(run, data_dir, trust, worker)
    except Interrupted:
        raise
    except FashionlabError as error:
        return Insight({"available": False, "reason": str(error)}, {})


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


def _collect(
    run: Run, entries: list[dict[str, Any]], data_dir: str | Path | None
) -> tuple[np.ndarray | None, str | None]:
    """The entries' pictures, or None and why there are none."""
    try:
        parts = {part: open_pictures(run, part, data_dir) for part in sorted({entry["part"] for entry in entries})}
    except FashionlabError as error:
        return None, str(error)
    return gather(entries, parts), None
