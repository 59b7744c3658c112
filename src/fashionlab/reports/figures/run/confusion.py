"""Where a classifier makes mistakes: the confusion matrix."""

from collections.abc import Sequence

import numpy as np

from fashionlab.reports.figures.canvas import Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.palette import CELL_INK, CORRECT, MUTED, QUIET, WRONG
from fashionlab.reports.figures.text import SMALL, TEXT, fitted, text_width
from fashionlab.reports.wording import percent

WRONG_FULL = 0.4
"""The share of a class, misclassified in one way, that gets the full colour. By its root, so that 1 % shows and 10 %
stands out; a scale of its own, because beside a diagonal of 0.9 no error would show."""

_LONGEST = 130.0
"""Points of a class's name."""

_GAP = 2.0
"""Points between cells."""

_LABELLED = 40
"""With more classes than this, counts and names would overlap: colour alone speaks, and the axes count classes."""


def confusion_matrix(
    confusion: Sequence[Sequence[int]] | np.ndarray,
    class_names: Sequence[str],
    evaluated: str,
    shown: Sequence[int] | None = None,
) -> Display:
    """Counts as text, the share of the true class as colour, and beside each row the class's recall.

    confusion: counts int [classes, classes], row = true class, column = predicted; class_names: in their order;
    evaluated: the set, "test" or "validation"; shown: the classes drawn, all by default. Correct images are blue,
    misclassified ones orange on a scale of their own. Cell t, p has the gid "cell-t-p". Raises ValueError for a matrix
    that is not square, of another size than the names, or with negative counts.
    """
    counts = np.asarray(confusion)
    k = len(class_names)
    if k == 0 or counts.shape != (k, k) or counts.min() < 0:
        raise ValueError(f"given a matrix {counts.shape} for {k} class names, expected counts of 0 or more, [{k}, {k}]")
    classes = list(range(k)) if shown is None else list(shown)
    totals = counts.sum(axis=1, keepdims=True)
    rates = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)

    def draw(_: bool) -> Canvas:
        return _draw(counts, rates, class_names, classes)

    note = (
        f"{evaluated.capitalize()} set, counts. Blue: correct; orange: misclassified, by its share of the true class."
    )
    if len(classes) < k:
        note += f" Of {k} classes the {len(classes)} with most mistakes are shown."
    said = finding(counts, class_names)
    return Display(
        f"confusion-{evaluated}",
        f"{said[0].upper()}{said[1:]}",
        f"Confusion matrix of the {evaluated} set: {said}.",
        draw,
        note,
        names=class_names,
    )


def finding(counts: np.ndarray, names: Sequence[str]) -> str:
    """The accuracy and the most frequent mistake of a matrix [classes, classes], in a sentence."""
    n, correct = int(counts.sum()), int(np.trace(counts))
    if not n:
        return "no images"
    said = f"{percent(correct / n)} of {n:,} images correct"
    errors = counts * ~np.eye(len(counts), dtype=bool)
    if not errors.any():
        return f"{said}, no mistakes"
    true, predicted = (int(place) for place in np.unravel_index(errors.argmax(), errors.shape))
    often = f"{errors[true, predicted]:,} of {counts[true].sum():,}"
    name, other = (fitted(names[at], _LONGEST) for at in (true, predicted))
    return f"{said}; most frequent mistake: {name} predicted as {other} ({often})"


def strength(rate: float, correct: bool) -> float:
    """How strong a cell's colour is, 0 to 1, for a share of its true class."""
    return rate if correct else min(1.0, (rate / WRONG_FULL) ** 0.5)


def _draw(counts: np.ndarray, rates: np.ndarray, class_names: Sequence[str], classes: Sequence[int]) -> Canvas:
    k = len(classes)
    labelled = k <= _LABELLED
    size = TEXT if k <= 12 else 10.0
    names = [fitted(class_names[c], _LONGEST, size) for c in classes]
    longest = max((text_width(name, size) for name in names), default=0.0) if labelled else 0.0
    # As wide as the largest count needs, or a share, which a page puts in its place; and never a small figure.
    digits = max(text_width(text, size, "bold") for text in (f"{counts.max():,}", percent(0.999))) + 5
    cell = max(min(46.0, 460.0 / k), digits, size + 9) if labelled else max(4.0, 460.0 / k)
    turned = longest > cell - 6
    above = 20 + (0.72 * longest + 12 if turned else 18)
    left, right = (22 + longest + 8, 52 if labelled else 8)
    lean = 0.72 * text_width(names[-1], size) if turned and labelled else 0.0  # the last name leans out of the matrix
    canvas = Canvas(left + k * cell + max(right, lean + 8 - cell / 2), above + k * cell + 6)
    if labelled:
        _draw_cells(canvas, counts, rates, class_names, classes, (left, above, cell, size))
    else:
        _draw_colours(canvas, rates, classes, (left, above, cell))
    number = "" if labelled else " (number, from 0)"
    canvas.text(12, above + k * cell / 2, f"true class{number}", SMALL, MUTED, "center", rotation=90)
    canvas.text(left + k * cell / 2, 11, f"predicted class{number}", SMALL, MUTED, "center")
    for i, (t, name) in enumerate(zip(classes, names, strict=True) if labelled else ()):
        middle = above + (i + 0.5) * cell - _GAP / 2 + 0.36 * size
        canvas.text(left - 8, middle, name, size, ha="right")
        x = left + (i + 0.5) * cell - _GAP / 2
        canvas.text(
            x + (2 if turned else 0),
            above - 7,
            name,
            size,
            ha="left" if turned else "center",
            rotation=40 if turned else 0,
        )
        recall = percent(rates[t, t], 0) if counts[t].any() else "–"
        canvas.text(left + k * cell + 8, middle, recall, size, MUTED)
    if labelled:
        canvas.text(left + k * cell + 8, above - 7 if not turned else 11, "recall", SMALL, MUTED)
    return canvas


def _draw_cells(
    canvas: Canvas, counts: np.ndarray, rates: np.ndarray, names: Sequence[str], classes: Sequence[int],
    place: tuple[float, float, float, float],
) -> None:  # fmt: skip
    """Every cell with its count. place: the matrix's left and upper edge, a cell's side, the size of its text."""
    left, above, cell, size = place
    for i, t in enumerate(classes):
        for j, p in enumerate(classes):
            x, y, side = left + j * cell, above + i * cell, cell - _GAP
            colour, alpha = _colour(float(rates[t, p]), t == p)
            canvas.rectangle(x, y, side, side, colour, alpha, gid=f"cell-{t}-{p}")
            canvas.hovers[f"cell-{t}-{p}"] = (
                f"true {names[t]}, predicted {names[p]}: {counts[t, p]:,}, {percent(rates[t, p])} of the true class"
            )
            if counts[t, p]:
                canvas.text(
                    x + side / 2, y + side / 2 + 0.36 * size, f"{counts[t, p]:,}", size, CELL_INK, "center",
                    weight="bold" if t == p else "normal", gid=f"count-{t}-{p}",
                )  # fmt: skip


def _draw_colours(canvas: Canvas, rates: np.ndarray, classes: Sequence[int], place: tuple[float, float, float]) -> None:
    """Cells without text, those of one colour as one shape: ten thousand single ones would take seconds."""
    left, above, cell = place
    canvas.rectangle(left, above, cell * len(classes), cell * len(classes), QUIET)
    shapes: dict[tuple[str, float], list[tuple[float, float]]] = {}
    for i, t in enumerate(classes):
        for j, p in enumerate(classes):
            if rates[t, p]:
                colour, alpha = _colour(float(rates[t, p]), t == p)
                shapes.setdefault((colour, round(alpha, 1)), []).append((left + j * cell, above + i * cell))
    for (colour, alpha), corners in sorted(shapes.items()):
        canvas.squares(corners, cell, colour, max(alpha, 0.05))


def _colour(rate: float, correct: bool) -> tuple[str, float]:
    return (CORRECT if correct else WRONG, round(strength(rate, correct), 3)) if rate else (QUIET, 1.0)
