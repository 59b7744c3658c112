"""A report's summary and pictures as one HTML file that needs nothing else."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from fashionlab.reports import sprite
from fashionlab.reports.charts.axes import percent
from fashionlab.reports.run.inside_pictures import MOST_CHOSEN, draw_inside
from fashionlab.reports.run.page_charts import draw_charts

if TYPE_CHECKING:
    from jinja2 import Environment


def render(
    summary: Mapping[str, Any], pictures: np.ndarray | None, insight: Mapping[str, np.ndarray] | None = None
) -> bytes:
    """The page, UTF-8.

    summary: of `summarise_report`; pictures: uint8 [n, side, side], one for each of the summary's `pictures`; insight:
    the arrays of `insight.npz`, for the section on what happens inside. Everything is escaped: class names, run names
    and file paths are users' text.
    """
    from markupsafe import Markup

    text = (
        page_environment()
        .get_template("template.html")
        .render(
            s=summary,
            names=summary["class_names"],
            pictures=summary["pictures"],
            columns=sprite.COLUMNS,
            sprite=sprite.data_uri(sprite.make_sprite(np.zeros((1, 1, 1), np.uint8) if pictures is None else pictures)),
            charts={name: Markup(chart.svg()) for name, chart in draw_charts(summary).items()},
            drawn={} if "missing" in summary["inside"] else draw_inside(summary["inside"], insight or {}),
            most_chosen=MOST_CHOSEN,
            nopics=summary.get("pictures_missing"),
            style=Markup(page_text("style.css")),
            script=Markup(page_text("script.js")),
            data=Markup(_embed(_data(summary))),
        )
    )
    return text.encode()


def page_environment() -> "Environment":
    """What all pages are rendered with: templates from `page/`, everything escaped, numbers for people."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(loader=FunctionLoader(page_text), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"pct": _percent, "count": lambda n: f"{n:,}", "secs": duration, "sure": _sure}
    environment.globals |= {"cell_shade": _shade, "bar": lambda share: Markup(_bar(share))}
    return environment


def page_text(name: str) -> str:
    """A file of `page/`: a template, a style sheet, a script."""
    return (files("fashionlab.reports") / "templates" / name).read_text(encoding="utf-8")


def _data(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What the page's script needs."""
    return {
        "names": summary["class_names"],
        "columns": sprite.COLUMNS,
        "cells": summary["errors"].get("cells", {}),
        "pictures": summary["pictures"],
    }


def _embed(document: Any) -> str:
    """JSON that can stand inside a script element: no text in it can end the element or open a comment."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _percent(share: float | None, digits: int = 1) -> str:
    return "–" if share is None else percent(share, digits)


def _sure(probability: int) -> str:
    """A probability in units of 0.0001; never "100 %", which no softmax says."""
    return "> 99.9\N{NO-BREAK SPACE}%" if probability > 9990 else percent(probability / 10_000)


def duration(seconds: float) -> str:
    """A time in the unit that suits it: "9.3 s", "12.0 min", "2.5 h"."""
    return (
        f"{seconds:.1f} s"
        if seconds < 100
        else f"{seconds / 60:.1f} min"
        if seconds < 6000
        else f"{seconds / 3600:.1f} h"
    )


def _shade(rate: float, right: bool) -> str:
    """How strong a cell's colour is, 0 to 1; errors by their root, so that 1 % shows and 40 % is full."""
    return f"{rate if right else min(1.0, (rate / 0.4) ** 0.5):.2f}"


def _bar(share: float | None) -> str:
    return "" if share is None else f'<span class="bar" aria-hidden="true"><i style="--v:{100 * share:.1f}"></i></span>'
