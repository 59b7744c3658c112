"""A matrix of classes: cells with a text and a colour, the names of the classes, and a column beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fashionlab.reports.figures.canvas import Canvas
from fashionlab.reports.figures.palette import CELL_INK, MUTED, QUIET
from fashionlab.reports.figures.text import SMALL, TEXT, fitted, text_width

LONGEST = 130.0
"""Points of a class's name."""

_GAP = 2.0
"""Points between cells."""

_LABELLED = 40
"""With more classes than this, counts and names would overlap: colour alone speaks, and the axes count classes."""


@dataclass(frozen=True)
class Matrix:
    """What a matrix shows of a cell t, p: its text, its colour with its strength, and what it says when it is pointed
    at; widest: the longest text of a cell; heading, side: of the column beside the matrix, a text for each class."""

    text: Callable[[int, int], str]
    colour: Callable[[int, int], tuple[str, float]]
    said: Callable[[int, int], str]
    widest: str
    heading: str
    side: Callable[[int], str]


def draw_matrix(matrix: Matrix, class_names: Sequence[str], classes: Sequence[int]) -> Canvas:
    """The matrix of these classes. Cell t, p has the gid "cell-t-p", its text "count-t-p"."""
    k = len(classes)
    labelled = k <= _LABELLED
    size = TEXT if k <= 12 else 10.0
    names = [fitted(class_names[c], LONGEST, size) for c in classes]
    longest = max((text_width(name, size) for name in names), default=0.0) if labelled else 0.0
    # As wide as the longest text needs, and never a small figure.
    digits = text_width(matrix.widest, size, "bold") + 5
    cell = max(min(46.0, 460.0 / k), digits, size + 9) if labelled else max(4.0, 460.0 / k)
    turned = longest > cell - 6
    above = 20 + (0.72 * longest + 12 if turned else 18)
    left, right = (22 + longest + 8, 52 if labelled else 8)
    lean = 0.72 * text_width(names[-1], size) if turned and labelled else 0.0  # the last name leans out of the matrix
    canvas = Canvas(left + k * cell + max(right, lean + 8 - cell / 2), above + k * cell + 6)
    if labelled:
        _draw_cells(canvas, matrix, classes, (left, above, cell, size))
    else:
        _draw_colours(canvas, matrix, classes, (left, above, cell))
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
        canvas.text(left + k * cell + 8, middle, matrix.side(t), size, MUTED)
    if labelled:
        canvas.text(left + k * cell + 8, above - 7 if not turned else 11, matrix.heading, SMALL, MUTED)
    return canvas


def _draw_cells(
    canvas: Canvas, matrix: Matrix, classes: Sequence[int], place: tuple[float, float, float, float]
) -> None:
    """Every cell with its text. place: the matrix's left and upper edge, a cell's side, the size of its text."""
    left, above, cell, size = place
    for i, t in enumerate(classes):
        for j, p in enumerate(classes):
            x, y, side = left + j * cell, above + i * cell, cell - _GAP
            colour, alpha = matrix.colour(t, p)
            canvas.rectangle(x, y, side, side, colour, alpha, gid=f"cell-{t}-{p}")
            canvas.hovers[f"cell-{t}-{p}"] = matrix.said(t, p)
            if text := matrix.text(t, p):
                canvas.text(
                    x + side / 2, y + side / 2 + 0.36 * size, text, size, CELL_INK, "center",
                    weight="bold" if t == p else "normal", gid=f"count-{t}-{p}",
                )  # fmt: skip


def _draw_colours(canvas: Canvas, matrix: Matrix, classes: Sequence[int], place: tuple[float, float, float]) -> None:
    """Cells without text, those of one colour as one shape: ten thousand single ones would take seconds."""
    left, above, cell = place
    canvas.rectangle(left, above, cell * len(classes), cell * len(classes), QUIET)
    shapes: dict[tuple[str, float], list[tuple[float, float]]] = {}
    for i, t in enumerate(classes):
        for j, p in enumerate(classes):
            colour, alpha = matrix.colour(t, p)
            if colour != QUIET:
                shapes.setdefault((colour, round(alpha, 1)), []).append((left + j * cell, above + i * cell))
    for (colour, alpha), corners in sorted(shapes.items()):
        canvas.squares(corners, cell, colour, max(alpha, 0.05))
