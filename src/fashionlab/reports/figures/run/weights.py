"""Weights as images: what a network's first layer looks for, what a linear model or a forest makes of each pixel."""

from collections.abc import Sequence

import numpy as np

from fashionlab.reports.figures.canvas import NARROW, WIDE, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.heat import around_zero, from_zero
from fashionlab.reports.figures.mosaic import draw_mosaic
from fashionlab.reports.figures.text import SMALL, fitted

MOST_FILTERS = 64
"""Units or channels shown."""


def first_layer(weights: np.ndarray, units: Sequence[int], norms: Sequence[float], layer: str) -> Display:
    """The weights of a layer's units, the first `MOST_FILTERS` of those given.

    weights: float [n, height, width]; units, norms: number and Euclidean norm of each. Red pixels increase a unit's
    activation, blue ones decrease it; each unit is scaled separately.
    """
    images = [around_zero(each) for each in weights[:MOST_FILTERS]]

    def draw(_: bool) -> Canvas:
        columns, side = 8, 48.0
        rows = [images[i : i + columns] for i in range(0, len(images), columns)]
        canvas = Canvas(max(NARROW, columns * side * 1.08), max(1, len(rows)) * side * 1.08)
        grid = draw_mosaic(canvas, rows, 2, 0, side)
        for i in range(len(images)):
            left, top = grid.at(*divmod(i, columns))
            canvas.aim(f"aim-{i}", left, top, grid.width, grid.height, f"unit {units[i]}, norm {norms[i]:.2f}")
        return canvas

    return Display(
        "first-layer", f"Weights of {fitted(layer, 240)}",
        f"The weights of {len(images)} units of {layer}, those with the largest norm first.", draw,
        note="Red pixels increase its activation, blue ones decrease it. Each is scaled separately.",
    )  # fmt: skip


def pixel_weights(images: np.ndarray, names: Sequence[str], signed: bool, title: str, note: str = "") -> Display:
    """What a model without layers makes of each pixel, an image per name. images: float [n, height, width]; signed:
    whether the values are weights (red increases, blue decreases) or sizes.
    """
    drawn = [around_zero(image) if signed else from_zero(image) for image in images]

    def draw(narrow: bool) -> Canvas:
        side, columns = (118.0, 3) if narrow else (126.0, 6)
        rows = [drawn[i : i + columns] for i in range(0, len(drawn), columns)]
        canvas = Canvas(NARROW if narrow else WIDE, max(1, len(rows)) * (side * 1.08 + 22))
        grid = draw_mosaic(canvas, rows, 2, 0, side, caption=22)
        for i, name in enumerate(names):
            left, top = grid.at(*divmod(i, columns))
            room = side if len(drawn) > 1 else canvas.width - left
            canvas.text(left, top + grid.height + 14, fitted(name, room, SMALL), SMALL)
        return canvas

    return Display("pixels", title, f"{title}: {', '.join(names)}.", draw, note=note, narrow=True)
