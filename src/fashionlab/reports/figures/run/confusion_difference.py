"""In what two classifiers differ on the same images: the difference of their confusion matrices."""

from collections.abc import Sequence

import numpy as np

from fashionlab.reports.figures.canvas import Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.palette import CORRECT, QUIET, WRONG
from fashionlab.reports.figures.run.matrix import NARROWEST, Matrix, draw_matrix
from fashionlab.reports.wording import signed
from fashionlab.text import one_line

_COMPARED = 20
"""Classes of a difference of two matrices that are shown."""


def confusion_difference(
    before: Sequence[Sequence[int]], after: Sequence[Sequence[int]], class_names: Sequence[str], names: tuple[str, str],
    name: str = "confusion-difference",
) -> Display:  # fmt: skip
    """By how many images the cells of two confusion matrices of the same images differ, second minus first.

    before, after: counts [classes][classes], row = true class, with equal sums of each row; names: of the two models;
    name: the figure's own among those of a page. Blue: the second is right more often there, or makes that mistake less
    often; orange: the other way round. Of many classes those that differ most are shown. Raises ValueError for matrices
    that are not of the same images or not of these classes.
    """
    k = len(class_names)
    first, second = np.asarray(before), np.asarray(after)
    if first.shape != (k, k) or second.shape != (k, k) or (first.sum(axis=1) != second.sum(axis=1)).any():
        raise ValueError(f"given matrices {first.shape} and {second.shape}, expected [{k}, {k}] with the same row sums")
    moved = second - first
    sizes = np.abs(moved)
    classes = sorted(np.argsort(-(sizes.sum(axis=0) + sizes.sum(axis=1)), kind="stable")[:_COMPARED].tolist())
    a, b = map(one_line, names)

    def draw(narrow: bool) -> Canvas:
        return draw_matrix(_moved(first, second, class_names, (a, b)), class_names, classes, narrow)

    better = int(np.trace(moved))
    title = f"{b} has {abs(better):,} {'more' if better > 0 else 'fewer'} images right than {a}"
    note = (
        f"Images in the cells of {b} minus those of {a}. Blue: {b} is right more often, or makes that mistake less "
        "often; orange: the other way round. Beside it, the difference of the recall in points."
    )
    if len(classes) < k:
        note += f" Of {k} classes the {len(classes)} that differ most are shown."
    most = np.argsort(-sizes, axis=None, kind="stable")[:4]
    cells = [(int(t), int(p)) for t, p in zip(*np.unravel_index(most, sizes.shape), strict=True) if moved[t, p]]
    said = "; ".join(
        f"{class_names[t]} {'correct' if t == p else f'predicted as {class_names[p]}'}: {signed(moved[t, p], 0)}"
        for t, p in cells
    )
    return Display(
        name, title if better else f"{b} has as many images right as {a}",
        f"Differences of the confusion matrices, {b} minus {a}, the largest: {said or 'none'}.", draw, note,
        narrow=len(classes) <= NARROWEST, names=class_names,
    )  # fmt: skip


def _moved(first: np.ndarray, second: np.ndarray, class_names: Sequence[str], names: tuple[str, str]) -> Matrix:
    moved, totals = second - first, first.sum(axis=1)
    largest = int(np.abs(moved).max()) or 1

    def colour(t: int, p: int) -> tuple[str, float]:
        change = int(moved[t, p])
        better = change > 0 if t == p else change < 0
        return (CORRECT if better else WRONG, round((abs(change) / largest) ** 0.5, 3)) if change else (QUIET, 1.0)

    def said(t: int, p: int) -> str:
        counts = f"{names[0]} {first[t, p]:,}, {names[1]} {second[t, p]:,}"
        return f"true {class_names[t]}, predicted {class_names[p]}: {counts}"

    return Matrix(
        text=lambda t, p: signed(int(moved[t, p]), 0) if moved[t, p] else "",
        colour=colour,
        said=said,
        widest=signed(-largest, 0),
        heading="recall",
        side=lambda t: signed(100 * int(moved[t, t]) / int(totals[t]), 1) if totals[t] else "–",
    )
