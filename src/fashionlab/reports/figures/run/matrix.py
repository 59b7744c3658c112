"""A matrix of classes: cells with a text and a colour, the names of the classes, and a column beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fashionlab.reports.figures.canvas import NARROW, Canvas
from fashionlab.reports.figures.palette import CELL_INK, MUTED, QUIET
from fashionlab.reports.figures.text import SMALL, TEXT, fitted, text_width

LONGEST = 130.0
"""Points of a class's name."""

NARROWEST = 12
"""Classes whose matrix has a form for phones; of more, each cell would be too small to be hit with a finger."""

_SHORT = 66.0
"""Points of a class's name on a phone."""

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


@dataclass(frozen=True)
class _Layout:
    """Where things are, points. names: as they are written, in `written` points, those above turned by `angle` degrees;
    left, above: the matrix's edges; cell: a cell's side with its gap; digits: size of the text in the cells; beyond:
    what is needed to the right of the matrix; side: whether the column beside the matrix is there."""

    names: list[str]
    written: float
    angle: float
    left: float
    above: float
    cell: float
    digits: float
    beyond: float
    side: bool


def draw_matrix(matrix: Matrix, class_names: Sequence[str], classes: Sequence[int], narrow: bool = False) -> Canvas:
    """The matrix of these classes. Cell t, p has the gid "cell-t-p", its text "count-t-p".

    narrow: all columns fit a phone, and the column beside the matrix is left out; for up to `NARROWEST` classes.
    """
    k = len(classes)
    labelled = k <= _LABELLED
    given = [class_names[c] for c in classes]
    at = _narrow(matrix, given) if narrow else _wide(matrix, given)
    canvas = Canvas(at.left + k * at.cell + at.beyond, at.above + k * at.cell + 6)
    if labelled:
        _draw_cells(canvas, matrix, classes, (at.left, at.above, at.cell, at.digits))
    else:
        _draw_colours(canvas, matrix, classes, (at.left, at.above, at.cell))
    number = "" if labelled else " (number, from 0)"
    canvas.text(12, at.above + k * at.cell / 2, f"true class{number}", SMALL, MUTED, "center", rotation=90)
    canvas.text(at.left + k * at.cell / 2, 11, f"predicted class{number}", SMALL, MUTED, "center")
    if labelled:
        _draw_names(canvas, matrix, classes, at)
    return canvas


def _wide(matrix: Matrix, given: Sequence[str]) -> _Layout:
    k = len(given)
    labelled = k <= _LABELLED
    size = TEXT if k <= 12 else 10.0
    names = [fitted(name, LONGEST, size) for name in given]
    longest = max((text_width(name, size) for name in names), default=0.0) if labelled else 0.0
    # As wide as the longest text needs, and never a small figure.
    digits = text_width(matrix.widest, size, "bold") + 5
    cell = max(min(46.0, 460.0 / k), digits, size + 9) if labelled else max(4.0, 460.0 / k)
    turned = longest > cell - 6
    lean = 0.72 * text_width(names[-1], size) + 8 if turned and labelled else 0.0  # the last name leans out
    beyond = max(52.0 if labelled else 8.0, lean - cell / 2)
    above = 20 + (0.72 * longest + 12 if turned else 18)
    return _Layout(names, size, 40.0 if turned else 0.0, 22 + longest + 8, above, cell, size, beyond, labelled)


def _narrow(matrix: Matrix, given: Sequence[str]) -> _Layout:
    k, size = len(given), 10.0
    names = [fitted(name, _SHORT, size) for name in given]
    longest = max(text_width(name, size) for name in names)
    left, lean = 16 + longest + 5, 0.5 * text_width(names[-1], size) + 8
    cell = min(46.0, (NARROW - left - 2) / k, (NARROW - left - lean) / (k - 0.5))
    digits = min(SMALL, (cell - _GAP - 2) / text_width(matrix.widest, 1.0, "bold"))
    return _Layout(names, size, 60.0, left, 32 + 0.87 * longest, cell, digits, NARROW - left - k * cell, False)


def _draw_names(canvas: Canvas, matrix: Matrix, classes: Sequence[int], at: _Layout) -> None:
    """The classes beside the rows and above the columns, and the column beside the matrix."""
    turned, right = at.angle > 0, at.left + len(classes) * at.cell + 8
    for i, (t, name) in enumerate(zip(classes, at.names, strict=True)):
        place = (i + 0.5) * at.cell - _GAP / 2
        middle = at.above + place + 0.36 * at.written
        canvas.text(at.left - 8 + (0 if at.side else 3), middle, name, at.written, ha="right")
        x = at.left + place + (2 if turned else 0)
        ha = "left" if turned else "center"
        canvas.text(x, at.above - 7, name, at.written, ha=ha, rotation=at.angle)
        if at.side:
            canvas.text(right, middle, matrix.side(t), at.written, MUTED)
    if at.side:
        canvas.text(right, 11 if turned else at.above - 7, matrix.heading, SMALL, MUTED)


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
