"""What happens inside a model: activations by class, weights as images, and images as points."""

from collections.abc import Sequence

import numpy as np

from fashionlab.reports.figures.canvas import NARROW, WIDE, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.heat import BLUE_TO_RED, DARK_TO_LIGHT, around_zero, colours, from_zero
from fashionlab.reports.figures.mosaic import draw_mosaic
from fashionlab.reports.figures.palette import CLASSES, MUTED
from fashionlab.reports.figures.scales import Scale, padded
from fashionlab.reports.figures.text import SMALL, TEXT, fitted, text_width

WIDEST = 640
"""Columns of a map; of a wider layer, neighbouring units share a column."""

MOST_CLASSES = 40
"""Classes shown."""

MOST_FILTERS = 64
"""Units or channels shown."""

_ROW = 18.0
_MAP_WIDTH, _MAP_HEIGHT = 560.0, 440.0


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
        "respond to most. Each layer is scaled separately.", narrow=len(maps) > 1, names=class_names,
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

    return Display("pixels", title, f"{title}: {', '.join(names)}.", draw, note=note, narrow=True, names=names)


def point_map(
    name: str,
    title: str,
    points: np.ndarray | Sequence[Sequence[float]],
    labels: Sequence[int],
    class_names: Sequence[str],
    axis_names: tuple[str, str],
    note: str = "",
) -> Display:
    """A point an image, in the order given, in the group with the gid "points".

    points: float [n, 2]; labels: int [n]; axis_names: of the horizontal and the vertical axis.
    """
    places = np.asarray(points, np.float64).reshape(-1, 2)
    x, y = (Scale(*padded(list(places[:, k]), 0.03), axis_names[k]) for k in (0, 1))

    def draw(_: bool) -> Canvas:
        canvas = Canvas(_MAP_WIDTH, _MAP_HEIGHT)
        axes = canvas.panel(44, 24, _MAP_WIDTH - 56, _MAP_HEIGHT - 66, x, y)
        axes.scatter(
            places[:, 0], places[:, 1], s=30, c=[CLASSES[label % len(CLASSES)] for label in labels] or None,
            alpha=0.75, linewidths=0, gid="points",
        )  # fmt: skip
        return canvas

    classes = sorted(set(labels))
    said = f"{len(places):,} images of {len(classes)} classes: {', '.join(class_names[c] for c in classes)}."
    return Display(name, title, said, draw, note=note)
