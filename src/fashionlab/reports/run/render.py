"""A report and its images as one HTML file that needs nothing else."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from msgspec import to_builtins

from fashionlab.evaluation import Missing
from fashionlab.evaluation.insight.document import Layer
from fashionlab.reports import sprite, wording
from fashionlab.reports.figures import Display, style_sheet, styled
from fashionlab.reports.figures.heat import around_zero, from_zero
from fashionlab.reports.figures.run.inside import MOST_FILTERS, coloured, unit_order
from fashionlab.reports.run.carried import Carried, document
from fashionlab.reports.run.figures import page_figures
from fashionlab.reports.run.glossary import explained
from fashionlab.reports.run.scripts import page_text, try_script
from fashionlab.reports.run.sections.inside import InsideSection, PixelSection
from fashionlab.reports.run.sections.learning import LearningSection
from fashionlab.reports.run.sections.time import Frames
from fashionlab.reports.run.summary import RunReport
from fashionlab.text import one_line, readable_json

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

MOST_CHOSEN = 20
"""Images with their activations and saliency that a page shows."""

MOST_MAPPED = 4
"""Convolutions whose feature maps a page shows."""


def render(
    report: RunReport,
    pixels: np.ndarray | None,
    arrays: Mapping[str, np.ndarray],
    carried: Carried | None = None,
    frames: Frames | None = None,
) -> bytes:
    """The page, UTF-8.

    pixels: uint8 [n, side, side], of each of the report's images, None where they cannot be had; arrays: of the
    insight, for the section on what happens inside; carried: what the page is tried with; frames: of the first layer's
    weights over time. Everything is escaped: class names, run names and file paths are users' text.
    """
    from markupsafe import Markup

    near = b"" if carried is None else sprite.make_sprite(carried.pixels)
    strips, frames_uri = draw_strips(report.inside, arrays), "" if frames is None else _uri(frames.image, 32)
    # What grows with the network and with time has its room from that of the images.
    others = len(frames_uri) + sum(len(maps.uri) for maps in strips.maps)
    room = sprite.BUDGET - len(near) - (0 if carried is None else len(carried.packed.content)) - others * 3 // 4
    shown_pixels = np.zeros((1, 1, 1), np.uint8) if pixels is None else pixels
    text = (
        page_environment()
        .get_template("template.html")
        .render(
            s=report,
            names=report.class_names,
            images=report.images,
            columns=sprite.COLUMNS,
            sprite=sprite.data_uri(sprite.make_sprite(shown_pixels, room)),
            side=report.made.spec.data.side,
            near=sprite.data_uri(near),
            figures=shown(page_figures(report, arrays)),
            strips=strips,
            frames=frames,
            frames_uri=frames_uri,
            most_chosen=MOST_CHOSEN,
            most_filters=MOST_FILTERS,
            style=Markup(style_sheet() + page_text("style.css") + page_text("tryit/tryit.css")),
            script=Markup("".join(map(page_text, ("parts/script.js", "parts/time.js", "parts/maps.js")))),
            data=Markup(_embed(_data(report))),
            network=None if carried is None else Markup(_embed(document(carried, report))),
            numbers="" if carried is None else Markup(base64.b64encode(carried.packed.content).decode()),
            try_script=Markup(try_script()),
        )
    )
    return finished(text)


@dataclass(frozen=True)
class Strip:
    """A row of activations as a PNG's data address, and the largest of them."""

    uri: str
    largest: float


@dataclass(frozen=True)
class FeatureMaps:
    """Feature maps of a convolution: one image, a row for each of n chosen images, a column for each channel. height,
    width: of a row, pixels."""

    layer: str
    channels: tuple[int, ...]
    n: int
    height: int
    width: int
    uri: str


@dataclass(frozen=True)
class Strips:
    """activations: by layer, a strip for each chosen image; saliency, occlusion: for each a square, as a PNG's data
    address; maps: by convolution, its feature maps."""

    activations: list[list[Strip]] = field(default_factory=list)
    saliency: list[str] = field(default_factory=list)
    occlusion: list[str] = field(default_factory=list)
    maps: list[FeatureMaps] = field(default_factory=list)


def draw_strips(inside: InsideSection | PixelSection | Missing, arrays: Mapping[str, np.ndarray]) -> Strips:
    """What the page shows beside its chosen images; empty where there is nothing. arrays: of the insight."""
    if not isinstance(inside, InsideSection):
        return Strips()
    layers = inside.network.layers
    items = () if isinstance(layers, Missing) else layers.items

    def squares(name: str) -> list[str]:
        return [_uri(around_zero(values)) for values in arrays.get(f"{name}/values", ())[:MOST_CHOSEN]]

    return Strips(
        activations=[_strips(layer.key, arrays) for layer in items],
        saliency=squares("saliency"),
        occlusion=squares("occlusion"),
        maps=_maps(items, arrays),
    )


def _maps(layers: Sequence[Layer], arrays: Mapping[str, np.ndarray]) -> list[FeatureMaps]:
    """Of some of the convolutions, from the first to the last; each channel has one scale for all images."""
    mapped = [layer for layer in layers if layer.maps]
    chosen = {round(at) for at in np.linspace(0, len(mapped) - 1, MOST_MAPPED)} if mapped else set()
    found = []
    for layer in (mapped[i] for i in sorted(chosen)):
        maps = arrays[f"{layer.key}/maps"].astype(np.float32)
        top = np.maximum(maps.max(axis=(0, 2, 3), keepdims=True), 1e-6)
        # In few steps, as photographs of noise would fill the page.
        drawn = from_zero(np.round(np.clip(maps / top, 0, 1) * 31) / 31)
        n, channels, tall, wide, _ = drawn.shape
        sheet = np.zeros((n, tall, channels, wide + 1, 3), np.uint8)
        sheet[:, :, :, :wide] = drawn.transpose(0, 2, 1, 3, 4)
        image = sheet.reshape(n * tall, channels * (wide + 1), 3)
        found.append(FeatureMaps(layer.name, layer.maps, n, tall, image.shape[1], _uri(image, 32)))
    return found


def _strips(layer: str, arrays: Mapping[str, np.ndarray]) -> list[Strip]:
    """A layer's, units in the order of its map by class."""
    chosen = np.asarray(arrays[f"{layer}/chosen"], float)[:, unit_order(arrays[f"{layer}/class_means"])]
    image, *_ = coloured(chosen)
    return [
        Strip(_uri(row[None]), float(values.max())) for row, values in zip(image, chosen, strict=True)
    ][:MOST_CHOSEN]  # fmt: skip


def _uri(image: np.ndarray, few: int | None = None) -> str:
    return sprite.data_uri(sprite.image_png(image, few))


class Shown(NamedTuple):
    """A figure on a page."""

    title: str
    note: str
    svg: "Markup"


def shown(figures: Mapping[str, Display]) -> dict[str, Shown]:
    """The figures as a page shows them, drawn now."""
    from markupsafe import Markup

    with styled():
        return {name: Shown(each.title, each.note, Markup(each.svg())) for name, each in figures.items()}


def page_environment() -> "Environment":
    """What all pages are rendered with: templates from `templates/`, everything cleaned and escaped, numbers for
    people."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FunctionLoader(page_text),
        autoescape=True,
        undefined=StrictUndefined,
        # Of what a template puts in, only what is markup already is left as it is.
        finalize=lambda value: one_line(value) if type(value) is str else value,
    )
    environment.filters |= {
        "pct": wording.percent,
        "num": wording.plain,
        "count": lambda n: f"{n:,}",
        "counted": wording.counted,
        "times": wording.times,
        "secs": wording.duration,
        "sure": wording.certainty,
        "with_interval": lambda found: wording.with_interval(found.accuracy, found.accuracy_low, found.accuracy_high),
    }
    environment.tests |= {"missing": lambda section: isinstance(section, Missing)}
    environment.globals |= {
        "bar": lambda share: Markup(_bar(share)),
        "page_script": Markup(page_text("parts/page.js")),
    }
    return environment


def finished(page: str) -> bytes:
    """A page as its file has it, UTF-8: with its terms explained."""
    return explained(page).encode()


def _data(report: RunReport) -> dict[str, Any]:
    """What the page's script needs."""
    cells = () if isinstance(report.errors, Missing) else report.errors.cells
    return {
        "names": report.class_names,
        "columns": sprite.COLUMNS,
        "cells": {f"{cell.true},{cell.predicted}": {"total": cell.total, "images": cell.images} for cell in cells},
        "images": to_builtins(report.images),
        "time": _time(report.learning),
    }


def _time(learning: LearningSection | Missing) -> dict[str, Any] | None:
    """Of the snapshots: their epochs and confusions, and the accuracies of all epochs."""
    if isinstance(learning, Missing) or isinstance(learning.time, Missing):
        return None
    curves = {"accuracy": learning.curves.accuracy, "val_accuracy": learning.curves.val_accuracy}
    return {"epochs": learning.time.epochs, "confusion": learning.time.confusion, **curves}


def _embed(document: Any) -> str:
    """JSON that can stand inside a script element: no text in it can end the element or open a comment."""
    text = readable_json(_cleaned(document), separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _cleaned(document: Any) -> Any:
    """Plain data with all its text as a page shows it: the script puts it there as it is."""
    if isinstance(document, dict):
        return {key: _cleaned(value) for key, value in document.items()}
    if isinstance(document, (list, tuple)):
        return [_cleaned(value) for value in document]
    return one_line(document) if isinstance(document, str) else document


def _bar(share: float | None) -> str:
    return "" if share is None else f'<span class="bar" aria-hidden="true"><i style="--v:{100 * share:.1f}"></i></span>'
