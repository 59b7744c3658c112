"""The page of several runs: compose, render, write."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.errors import FashionlabError
from fashionlab.evaluation import Missing, open_images
from fashionlab.files import make_folder, write_atomically
from fashionlab.reports import sprite
from fashionlab.reports.figures import Display, style_sheet
from fashionlab.reports.figures.run.confusion_difference import confusion_difference
from fashionlab.reports.figures.study.histories import histories
from fashionlab.reports.run.render import finished, page_environment, shown
from fashionlab.reports.run.scripts import page_text
from fashionlab.reports.runs.curves import learned
from fashionlab.reports.runs.pairs import Confusions, PairMissing, PairResult, SetName, SideImage, sample_size
from fashionlab.reports.runs.summary import SideBySide, compare_runs
from fashionlab.reports.tables import accuracy
from fashionlab.reports.wording import NONE, duration, p_value, plain, setting_text, signed, value_text
from fashionlab.store import Run


def produce_side_by_side(
    runs: Sequence[Run], on: SetName | None = None, data_dir: str | Path | None = None
) -> tuple[Path, SideBySide]:
    """Write the page of the runs into the `derived/` of the first; return its path and what it shows.

    on: see `compare_runs`, of which also what it raises; StoreError where the page cannot be written. The same runs
    have the same place. Where the images cannot be had, the page says why.
    """
    report = compare_runs(runs, on)
    page = page_path(runs, report.set)
    content = render_side_by_side(report, _pixels(runs[0], report, data_dir))
    make_folder(page.parent)
    write_atomically(page, content)
    return page, report


def page_path(runs: Sequence[Run], judged: SetName) -> Path:
    """Where the page of these runs lies."""
    key = "\n".join([judged, *(str(run.path.resolve()) for run in runs)])
    more = f"-and-{len(runs) - 2}-more" if len(runs) > 2 else ""
    name = f"with-{runs[1].name[:80]}{more}-{hashlib.sha256(key.encode(errors='surrogateescape')).hexdigest()[:8]}"
    return runs[0].derived / name / "index.html"


def render_side_by_side(report: SideBySide, pixels: np.ndarray | Missing) -> bytes:
    """The page, UTF-8. pixels: uint8 [n, side, side] of `shown_images`, or why they cannot be had. Everything is
    escaped: names of runs and classes are users' text."""
    from markupsafe import Markup

    environment = page_environment()
    environment.filters |= {
        "signed": signed, "plain": plain, "p_value": p_value, "setting": setting_text,
        "value": lambda value: NONE if value is None else value_text(value),
        "accuracy": accuracy, "duration": duration, "command": _command,
    }  # fmt: skip
    environment.tests |= {"pair_missing": lambda pair: isinstance(pair, PairMissing)}
    figures = page_figures(report)
    text = environment.get_template("runs.html").render(
        s=report,
        names=report.class_names,
        galleries=_galleries(report),
        sample=sample_size(len(report.runs)),
        figures=shown(figures),
        curves=[name for name in figures if name.startswith("curves-")],
        curveless=[run for run in report.runs if run.history is None],
        columns=sprite.COLUMNS,
        images_missing=pixels.reason if isinstance(pixels, Missing) else None,
        sprite=None if isinstance(pixels, Missing) or not len(pixels) else sprite.data_uri(sprite.make_sprite(pixels)),
        style=Markup(style_sheet() + page_text("style.css") + page_text("study.css")),
    )
    return finished(text)


def _command(line: str) -> Any:
    """A command whose line breaks only between its words, not within --an-option."""
    from markupsafe import Markup

    return Markup(" ").join(Markup("<span>{}</span>").format(word) for word in line.split(" "))


def page_figures(report: SideBySide) -> dict[str, Display]:
    """By name: the curves of all runs, one picture for epochs and one for rounds where there are any, and the
    difference of the confusion matrices of each pair with the first run."""
    found: list[Display] = []
    for unit in dict.fromkeys(run.history.unit for run in report.runs if run.history):
        runs = [
            learned(f"{run.letter}: {run.title}", [run.history], run.letter)
            for run in report.runs
            if run.history and run.history.unit == unit
        ]
        found.append(histories(runs, unit, f"curves-{unit}"))
    found += [
        difference_of(pair, pair.confusions, report.class_names) for pair in report.against_first if pair.confusions
    ]
    return {display.name: display for display in found}


def difference_of(pair: PairResult, confusions: Confusions, class_names: Sequence[str]) -> Display:
    """The difference of the confusion matrices of a pair."""
    name = f"confusion-difference-{pair.b.lower()}"
    return confusion_difference(confusions.before, confusions.after, class_names, (pair.a, pair.b), name)


def shown_images(report: SideBySide) -> list[SideImage]:
    """All images of the page, in their order."""
    return [
        image for pair in report.against_first if pair.confusions
        for side in (pair.confusions.sample_only_a, pair.confusions.sample_only_b) for image in side
    ]  # fmt: skip


def _pixels(first: Run, report: SideBySide, data_dir: str | Path | None) -> np.ndarray | Missing:
    images = shown_images(report)
    if not images:
        return np.zeros((0, 1, 1), np.uint8)
    try:
        found: np.ndarray = open_images(first, report.set, data_dir)[[image.position for image in images]]
        return found
    except FashionlabError as error:
        return Missing(str(error))


def _galleries(report: SideBySide) -> list[dict[str, Any]]:
    """For each pair with the first run, both ways: who is right, who is wrong, how many images, and which are shown
    with their numbers in the sprite."""
    found, number = [], 0
    for pair in report.against_first:
        assert pair.confusions is not None
        for right, wrong, total, images in (
            (pair.a, pair.b, pair.test.only_a, pair.confusions.sample_only_a),
            (pair.b, pair.a, pair.test.only_b, pair.confusions.sample_only_b),
        ):
            numbered = list(enumerate(images, number))
            number += len(images)
            found.append({"pair": pair, "right": right, "wrong": wrong, "total": total, "images": numbered})
    return found
