"""What the hidden layers do with each class, on average."""

from collections.abc import Sequence

import numpy as np

from fashionlab.reports.figures.canvas import NARROW, WIDE, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.heat import BLUE_TO_RED, DARK_TO_LIGHT, colours
from fashionlab.reports.figures.palette import MUTED
from fashionlab.reports.figures.text import SMALL, TEXT, fitted, text_width

WIDEST = 640
"""Columns of a map; of a wider layer, neighbouring units share a column."""

MOST_CLASSES = 40
"""Classes shown."""

_ROW = 18.0


def activations(layers: Sequence[tuple[str, np.ndarray]], class_names: Sequence[str]) -> Display:
    """A map per layer: a row per class, a column per unit, colour its mean activation.

    layers: name and float [classes, units]. Units are sorted by the class that they respond to most, so that what
    belongs to a class stands together. Each layer is scaled separately.
    """
    names = list(class_names[:MOST_CLASSES])
    maps = [
        (name, values.shape[1], *coloured(np.asarray(values[:, unit_order(values)], float))) for name, values in layers
    ]

    def draw(narrow: bool) -> Canvas:
        columns = 1 if narrow or len(maps) == 1 else 2
        width = NARROW if narrow or len(maps) == 1 else WIDE
        rows = max(1, -(-len(maps) // columns))
        longest = min(110.0, max((text_width(name, SMALL) for name in names), default=0.0))
        tall = _ROW * len(names)
        canvas = Canvas(width, rows * (tall + 60) - 14)
        for number, (name, units, image, low, high) in enumerate(maps):
            row, column = divmod(number, columns)
            left, top = column * (WIDE - NARROW) + longest + 8, row * (tall + 60) + 24
            across = NARROW - longest - 12
            canvas.text(left, top - 8, fitted(name, across * 0.6, TEXT, "bold"), weight="bold")
            _draw_scale(canvas, left + across, top - 8, low, high)
            canvas.image(image[: len(names)], left, top, across, tall)
            for i, text in enumerate(names):
                canvas.text(left - 8, top + (i + 0.72) * _ROW, fitted(text, longest, SMALL), SMALL, ha="right")
            canvas.text(left, top + tall + 15, f"{units:,} units", SMALL, MUTED)
        return canvas

    listed = ", ".join(name for name, _ in layers) or "no layer"
    return Display(
        "activations", "Layer activations by class", f"Mean activation of each unit of {listed}, a row per class.",
        draw,
        note="A row is the mean over a class’s images, a column is a unit; units are sorted by the class that they "
        "respond to most. Each layer is scaled separately.", narrow=len(maps) > 1,
    )  # fmt: skip


def unit_order(means: np.ndarray) -> np.ndarray:
    """The units of float [classes, units] by the class that each responds to most, the strongest of a class first."""
    return np.lexsort((-means.max(axis=0), means.argmax(axis=0)))


def coloured(values: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Rows of activations [n, units] as colours uint8 [n, columns, 3], and the values at both ends of the scale."""
    if values.shape[1] > WIDEST:
        values = np.stack([block.mean(axis=1) for block in np.array_split(values, WIDEST, axis=1)], axis=1)
    signed = bool(values.min() < -0.25 * max(values.max(), 1e-12))
    top = float(np.quantile(np.abs(values), 0.995)) or 1.0
    low = -top if signed else 0.0
    return colours(values, low, top, BLUE_TO_RED if signed else DARK_TO_LIGHT), low, top


def _draw_scale(canvas: Canvas, right: float, baseline: float, low: float, high: float) -> None:
    """What the colours mean, as a strip that ends at `right`."""
    ramp = colours(np.linspace(low, high, 64)[None], low, high, BLUE_TO_RED if low else DARK_TO_LIGHT)
    first, last = (f"{value:.2g}".replace("-", "−") for value in (low, high))
    canvas.text(right, baseline, last, SMALL, MUTED, "right")
    end = right - text_width(last, SMALL) - 5
    canvas.image(ramp, end - 60, baseline - 8, 60, 8)
    canvas.text(end - 65, baseline, first, SMALL, MUTED, "right")
