"""A grid of pictures, a row a class: what the data look like before anything is learned from them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fashionlab.reports.drawings import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CELL = 84
"""Device pixels across a picture, about, where there is room: 28-pixel pictures at three times their size."""

_SHORT_CELL = 40
"""The same, where there are many classes."""

_COLUMN = 1400
"""Device pixels that all rows together should not pass by much."""


def sample_grid(
    images: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    per_class: int = 10,
    seed: int = 0,
) -> "Figure":
    """Draw `per_class` pictures of every class, chosen at random, a row a class with its name and count.

    images: uint8 [n, height, width], 0 black, shown as they are stored; labels: int [n]; class_names: in the order of
    the labels. The choice is a function of (labels, per_class, seed). A class with fewer pictures leaves its row
    partly empty. Raises ValueError for another type or shape, labels without a name, or per_class below 1.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.dtype != np.uint8 or images.ndim != 3 or labels.shape != images.shape[:1]:
        raise ValueError(
            f"given images {images.dtype} {images.shape} and labels {labels.shape}, "
            "expected uint8 [n, height, width] and [n]"
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(class_names):
        raise ValueError(
            f"given labels from {labels.min()} to {labels.max()} for {len(class_names)} class names, "
            f"expected 0 to {len(class_names) - 1}"
        )
    if per_class < 1:
        raise ValueError(f"given per_class {per_class}, expected at least 1")
    rows = choose(labels, len(class_names), per_class, seed)
    with style.styled():
        return _draw(_mosaic(images, rows, per_class), rows, labels, class_names, per_class, seed)


def choose(labels: np.ndarray, classes: int, per_class: int, seed: int) -> list[np.ndarray]:
    """For each class, the rows of at most `per_class` of its pictures, chosen at random without repetition."""
    draw = np.random.default_rng(seed)
    by_class = (np.flatnonzero(labels == c) for c in range(classes))
    return [draw.permutation(rows)[:per_class] for rows in by_class]


def _mosaic(images: np.ndarray, rows: Sequence[np.ndarray], per_class: int) -> np.ndarray:
    """One picture of them all, uint8 RGBA, transparent between the pictures: a hundred axes would take seconds.

    Pictures are brought to about the size they are shown at, by whole factors so that every pixel stays as wide as its
    neighbours: small ones are left for the drawing to enlarge (see `_draw`), large ones are averaged in blocks.
    """
    shrink = max(1, max(images.shape[1:]) // _CELL)
    height, width = images.shape[1] // shrink, images.shape[2] // shrink
    gap = _gap(max(height, width))
    mosaic = np.zeros((len(rows) * (height + gap) - gap, per_class * (width + gap) - gap, 4), np.uint8)
    for i, chosen in enumerate(rows):
        blocks = images[chosen][:, : height * shrink, : width * shrink]
        small = blocks.reshape(-1, height, shrink, width, shrink).mean(axis=(2, 4))
        for j, picture in enumerate(small):
            top, left = i * (height + gap), j * (width + gap)
            mosaic[top : top + height, left : left + width, :3] = picture[..., None]
            mosaic[top : top + height, left : left + width, 3] = 255
    return mosaic


def _gap(side: int) -> int:
    """Pixels of a picture between it and its neighbours."""
    return max(1, round(side * 0.07))


def _draw(
    mosaic: np.ndarray,
    rows: Sequence[np.ndarray],
    labels: np.ndarray,
    class_names: Sequence[str],
    per_class: int,
    seed: int,
) -> "Figure":
    probe = style.new_figure(1, 1)
    names = [style.label(name) for name in class_names]
    counts = [f"{count:,}" for count in np.bincount(labels, minlength=len(names))]
    pitch = (len(mosaic) + 1) / len(rows)
    cell = min(_CELL, max(_SHORT_CELL, _COLUMN / len(rows)))
    scale = max(1, round(cell / pitch))
    across, up = mosaic.shape[1] * scale / style.DPI, mosaic.shape[0] * scale / style.DPI

    title = "What the network is to learn"
    up_to = "" if min(map(len, rows)) == per_class else "up to "
    subtitle = f"{up_to}{per_class} pictures of each class, drawn at random from {len(labels):,} (seed {seed})"
    left = 0.3 + style.widest(probe, names, style.TEXT_SIZE) + 0.15
    right = 0.12 + style.widest(probe, [*counts, "pictures"], style.SMALL_SIZE) + 0.25
    header = max(style.widest(probe, [title], style.TITLE_SIZE), style.widest(probe, [subtitle]))
    # Whole device pixels, or the drawing would make some of a picture's pixels wider than others.
    left, top, bottom = (round(inches * style.DPI) / style.DPI for inches in (left, 1.0, 0.25))
    width = max(left + across + right, header + 0.6)
    figure = style.new_figure(round(width * style.DPI) / style.DPI, top + up + bottom)
    style.write(figure, 0.3, 0.4, title, style.TITLE_SIZE, weight="bold")
    style.write(figure, 0.3, 0.65, subtitle, color=style.MUTED)

    axes = style.axes_at(figure, left, bottom, across, up)
    axes.imshow(mosaic, interpolation="none", aspect="auto", extent=(0, 1, len(rows), 0))
    axes.set_axis_off()
    style.write(figure, left + across + 0.12, top - 0.1, "pictures", style.SMALL_SIZE, style.MUTED)
    for i, (name, count) in enumerate(zip(names, counts, strict=True)):
        place = {"va": "center", "parse_math": False, "transform": axes.get_yaxis_transform()}
        axes.text(-0.15 / across, i + 0.5, name, ha="right", fontsize=style.TEXT_SIZE, **place)
        axes.text(1 + 0.12 / across, i + 0.5, count, fontsize=style.SMALL_SIZE, color=style.MUTED, **place)
    return figure
