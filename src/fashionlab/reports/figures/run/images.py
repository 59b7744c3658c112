"""Grids of images: what the data look like before anything is learned from them, and what was misclassified."""

from collections.abc import Sequence

import numpy as np

from fashionlab.reports.figures.canvas import WIDE, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.mosaic import draw_mosaic, shrunk
from fashionlab.reports.figures.palette import INK, MUTED, VALIDATION
from fashionlab.reports.figures.text import SMALL, TEXT, fitted, text_width
from fashionlab.reports.wording import certainty

_SIDE, _SHORT, _HEIGHT = 42.0, 20.0, 700.0
"""Points, of samples: an image's side where there is room, where there are many classes, and about the most for all
rows."""

_IN_A_ROW, _LARGE, _CAPTION = 6, 118.0, 50.0
"""Of mistakes: images in a row, and points of an image's side and of what is written below it."""


def sample_grid(
    images: np.ndarray, labels: np.ndarray, class_names: Sequence[str], per_class: int = 10, seed: int = 0
) -> Display:
    """`per_class` images of every class, chosen at random, a row per class with its name and count.

    images: uint8 [n, height, width], 0 black, shown as they are stored; labels: int [n]; class_names: in the order of
    the labels. The choice is a function of (labels, per_class, seed). A class with fewer images leaves its row
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
    chosen = choose(labels, len(class_names), per_class, seed)
    rows = [list(shrunk(images[some], 84)) for some in chosen]
    up_to = "" if min(map(len, chosen)) == per_class else "up to "
    return Display(
        "samples", "What the model is to learn",
        f"{up_to}{per_class} images of each of {len(class_names)} classes: {', '.join(class_names)}.",
        lambda _: _draw_samples(rows, labels, class_names, per_class),
        note=f"{up_to}{per_class} images of each class, drawn at random from {len(labels):,} (seed {seed})",
        names=class_names,
    )  # fmt: skip


def choose(labels: np.ndarray, classes: int, per_class: int, seed: int) -> list[np.ndarray]:
    """For each class, the rows of at most `per_class` of its images, chosen at random without repetition."""
    draw = np.random.default_rng(seed)
    by_class = (np.flatnonzero(labels == c) for c in range(classes))
    return [draw.permutation(rows)[:per_class] for rows in by_class]


def _draw_samples(
    rows: Sequence[Sequence[np.ndarray]], labels: np.ndarray, class_names: Sequence[str], per_class: int
) -> Canvas:
    names = [fitted(name, 150) for name in class_names]
    counts = [f"{count:,}" for count in np.bincount(labels, minlength=len(names))]
    side = min(_SIDE, max(_SHORT, _HEIGHT / len(rows)))
    left = max(text_width(name) for name in names) + 12
    across = 1.08 * side * per_class
    right = max(text_width(text, SMALL) for text in [*counts, "images"]) + 12
    canvas = Canvas(max(left + across + right, 300), 20 + 1.08 * side * len(rows))
    grid = draw_mosaic(canvas, rows, left, 20, side, columns=per_class)
    canvas.text(left + across + 8, 11, "images", SMALL, MUTED)
    for i, (name, count) in enumerate(zip(names, counts, strict=True)):
        middle = grid.at(i, 0)[1] + grid.height / 2 + 4
        canvas.text(left - 10, middle, name, TEXT, ha="right")
        canvas.text(left + across + 8, middle, count, SMALL, MUTED)
    return canvas


def mistakes(
    images: np.ndarray,
    true: np.ndarray,
    predicted: np.ndarray,
    confidence: np.ndarray,
    class_names: Sequence[str],
) -> Display:
    """Mistakes in the order given. images: uint8 [n, height, width]; true, predicted: int [n]; confidence: the
    predicted class's probability, [n].
    """
    small = list(shrunk(images, 120)) if len(images) else []
    rows = [small[i : i + _IN_A_ROW] for i in range(0, len(small), _IN_A_ROW)]

    def draw(_: bool) -> Canvas:
        canvas = Canvas(WIDE, max(1, len(rows)) * (1.08 * _LARGE + _CAPTION) if rows else 4)
        if not rows:
            return canvas
        grid = draw_mosaic(canvas, rows, 2, 0, _LARGE, _CAPTION, _IN_A_ROW)
        for i, certain in enumerate(confidence):
            left, top = grid.at(*divmod(i, _IN_A_ROW))
            lines = (
                (f"true: {class_names[true[i]]}", INK),
                (f"predicted: {class_names[predicted[i]]}", VALIDATION),
                (f"confidence {certainty(float(certain))}", MUTED),
            )
            for line, (text, colour) in enumerate(lines):
                canvas.text(left, top + grid.height + 13 + 14 * line, fitted(text, grid.across - 6, 10.5), 10.5, colour)
        return canvas

    n = len(images)
    return Display(
        "mistakes", "Most confident mistakes" if n else "No mistakes",
        f"{n} misclassified images, the most confident mistakes first." if n else "No image was misclassified.", draw,
        note=f"the {n} with the highest confidence, at least {certainty(float(np.min(confidence)))}" if n else "",
        names=class_names,
    )  # fmt: skip
