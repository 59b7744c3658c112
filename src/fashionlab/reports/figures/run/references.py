"""An accuracy among published ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from fashionlab.reports.figures.canvas import NARROW, WIDE, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.palette import MUTED, RULE, TRAINING
from fashionlab.reports.figures.scales import tick_text, ticks
from fashionlab.reports.figures.text import SMALL, TEXT, fitted, text_width
from fashionlab.reports.wording import percent

_FAR = 0.12
"""What lies further below this run's interval is written at the left edge instead of squeezing the rest together."""


@dataclass(frozen=True)
class Reference:
    """Somebody's accuracy, a fraction: from `low` to `high`, which are equal for a single figure."""

    name: str
    low: float
    high: float


def references(accuracy: float, low: float, high: float, others: Sequence[Reference], note: str = "") -> Display:
    """This run's accuracy with its 95 % interval, and others' for comparison, a row each, the best on top."""
    own = Reference("this run", low, high)
    rows = sorted([own, *others], key=lambda row: -(row.low + row.high))

    def draw(narrow: bool) -> Canvas:
        return _draw(rows, own, accuracy, narrow)

    said = [f"{row.name}: {_text(row, accuracy if row is own else None)}" for row in rows]
    return Display("references", "Compared with published results", "; ".join(said) + ".", draw, note=note, narrow=True)


def _draw(rows: Sequence[Reference], own: Reference, accuracy: float, narrow: bool) -> Canvas:
    near = [row for row in rows if row.high > own.low - _FAR]
    first = min(row.low for row in near) - 0.012
    last = min(1.0, max(row.high for row in near) + 0.012)
    pitch, width = (40.0, NARROW) if narrow else (27.0, WIDE)
    names = [fitted(row.name, 200, TEXT, "bold") for row in rows]
    left = 6.0 if narrow else 16 + max(text_width(name, TEXT, "bold") for name in names)
    across = width - left - (8 if narrow else 150)
    bottom = 6 + pitch * len(rows)
    canvas = Canvas(width, bottom + 38)

    def place(value: float) -> float:
        return left + across * (value - first) / (last - first)

    for value in ticks(first, last, 5 if narrow else 8):
        canvas.line([place(value)] * 2, [2, bottom], RULE, 0.9)
        canvas.text(place(value), bottom + 15, tick_text(value, True), SMALL, MUTED, "center")
    canvas.text(
        left + across / 2, bottom + 33, "accuracy (share of images classified correctly)", SMALL, MUTED, "center"
    )
    for number, (row, name) in enumerate(zip(rows, names, strict=True)):
        mine = row is own
        colour, ink, weight = (TRAINING, TRAINING, "bold") if mine else (MUTED, MUTED, "normal")
        said, y = _text(row, accuracy if mine else None), 6 + pitch * (number + 0.5)
        far = row not in near
        if narrow:
            canvas.text(left, y - 3, f"{name}: {said}{', left of this scale' if far else ''}", TEXT, ink, weight=weight)
            y += 9
        else:
            canvas.text(left - 12, y + 4, name, TEXT, ink, "right", weight=weight)
        if far:
            canvas.line((left + 14, left + 2), (y, y), colour, 1.6)
            canvas.line((left + 7, left + 2, left + 7), (y - 4, y, y + 4), colour, 1.6)
            if not narrow:
                canvas.text(left + 20, y + 4, f"{said}, left of this scale", TEXT, ink)
            continue
        ends, middle = (place(row.low), place(row.high)), accuracy if mine else (row.low + row.high) / 2
        canvas.line(ends, (y, y), colour, 9 if mine else 4, alpha=0.4, solid_capstyle="round")
        canvas.line([place(middle)], [y], colour, marker="o", markersize=10 if mine else 8, markeredgewidth=0)
        if not narrow:
            canvas.text(ends[1] + 12, y + 4, said, TEXT, ink, weight=weight)
    return canvas


def _text(row: Reference, middle: float | None) -> str:
    if middle is not None:
        return f"{percent(middle, 2)} ({100 * row.low:.1f} to {100 * row.high:.1f})"
    return percent(row.low) if row.low == row.high else f"{100 * row.low:.1f} to {percent(row.high)}"
