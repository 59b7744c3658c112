"""Where a classifier makes mistakes: the confusion matrix."""

from collections.abc import Sequence

import numpy as np

from fashionlab.reports.figures.canvas import Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.palette import CORRECT, QUIET, WRONG
from fashionlab.reports.figures.run.matrix import LONGEST, NARROWEST, Matrix, draw_matrix
from fashionlab.reports.figures.text import fitted, text_width
from fashionlab.reports.wording import percent

WRONG_FULL = 0.4
"""The share of a class, misclassified in one way, that gets the full colour. By its root, so that 1 % shows and 10 %
stands out; a scale of its own, because beside a diagonal of 0.9 no error would show."""


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

    def draw(narrow: bool) -> Canvas:
        return _draw(counts, rates, class_names, classes, narrow)

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
        narrow=len(classes) <= NARROWEST,
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
    name, other = (fitted(names[at], LONGEST) for at in (true, predicted))
    return f"{said}; most frequent mistake: {name} predicted as {other} ({often})"


def strength(rate: float, correct: bool) -> float:
    """How strong a cell's colour is, 0 to 1, for a share of its true class."""
    return rate if correct else min(1.0, (rate / WRONG_FULL) ** 0.5)


def _draw(
    counts: np.ndarray, rates: np.ndarray, class_names: Sequence[str], classes: Sequence[int], narrow: bool
) -> Canvas:
    def said(t: int, p: int) -> str:
        share = f"{percent(rates[t, p])} of the true class"
        return f"true {class_names[t]}, predicted {class_names[p]}: {counts[t, p]:,}, {share}"

    matrix = Matrix(
        text=lambda t, p: f"{counts[t, p]:,}" if counts[t, p] else "",
        colour=lambda t, p: _colour(float(rates[t, p]), t == p),
        said=said,
        # Or a share in per cent, which a page puts in its place.
        widest=max(f"{counts.max():,}", "99.9", key=text_width),
        heading="recall",
        side=lambda t: percent(rates[t, t], 0) if counts[t].any() else "–",
    )
    return draw_matrix(matrix, class_names, classes, narrow)


def _colour(rate: float, correct: bool) -> tuple[str, float]:
    return (CORRECT if correct else WRONG, round(strength(rate, correct), 3)) if rate else (QUIET, 1.0)
