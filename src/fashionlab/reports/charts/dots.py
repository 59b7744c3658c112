"""Points: an accuracy among reference points, and a map of pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fashionlab.reports.charts.axes import Axis, Frame, label, number, percent, short, tick_label, ticks, wrap


@dataclass(frozen=True)
class ReferenceDots:
    """This run's accuracy with its interval, and others' for comparison, a line each.

    rows: name, low, high (equal for a single figure), middle where it is not half-way, and own (true for this run).
    What lies far below the others is written at the left edge instead of squeezing the rest together. narrow: for
    phones, names above the lines.
    """

    title: str
    rows: Sequence[Mapping[str, Any]]
    narrow: bool = False

    def describe(self) -> str:
        """Every line in words."""
        return "; ".join(f"{row['name']}: {_range(row)}" for row in self.rows) + "."

    def svg(self) -> str:
        """A row for each accuracy, the best on top."""
        rows = sorted(self.rows, key=lambda row: -(row["low"] + row["high"]))
        own = next((row for row in rows if row["own"]), rows[0])
        near = [row for row in rows if row["own"] or row["high"] > own["low"] - 0.12]
        low = min(row["low"] for row in near) - 0.012
        axis = Axis(low, min(1.0, max(row["high"] for row in near) + 0.012), "accuracy", True)
        names = max(len(str(row["name"])) for row in rows)
        pitch = 40 if self.narrow else 27
        left = 4.0 if self.narrow else min(30 + names * 8.2, 300)
        width = 352 if self.narrow else 620 - left
        bottom = 8 + pitch * len(rows)
        parts = []
        for value in ticks(axis.low, axis.high, 5 if self.narrow else 7):
            x = left + axis.share(value) * width
            parts.append(f'<path class="grid" d="M{number(x)} 8V{number(bottom)}"/>')
            parts.append(label(x, bottom + 17, tick_label(value, True), "tick", "middle"))
        parts.append(label(left + width / 2, bottom + 36, "accuracy, share of pictures named right", "name", "middle"))
        for place, row in enumerate(rows):
            parts.extend(self._row(row, axis, left, width, 8 + pitch * (place + 0.5)))
        whole, style = (360, "narrow") if self.narrow else (800, "wide")
        return wrap(parts, whole, bottom + 46, self.title, self.describe(), style)

    def _row(self, row: Mapping[str, Any], axis: Axis, left: float, width: float, y: float) -> list[str]:
        style, name, said = "own" if row["own"] else "other", short(str(row["name"]), 33), _range(row)
        off = row["high"] < axis.low
        if self.narrow:
            parts = [label(left, y - 4, f"{name}: {said}" + (", left of this scale" if off else ""), f"row {style}")]
            y += 10
        else:
            parts = [label(left - 12, y + 5, name, f"row {style}", "end")]
        if off:
            arrow = f'<path class="line {style}" d="M{number(left + 14)} {number(y)}h-12l5 -4m-5 4l5 4"/>'
            beside = label(left + 20, y + 5, f"{said}, left of this scale", f"value {style}")
            return [*parts, arrow] if self.narrow else [*parts, arrow, beside]
        x1, x2 = (left + axis.share(row[end]) * width for end in ("low", "high"))
        middle = left + axis.share(row.get("middle", (row["low"] + row["high"]) / 2)) * width
        parts.append(f'<path class="range {style}" d="M{number(x1)} {number(y)}H{number(max(x2, x1 + 0.1))}"/>')
        parts.append(f'<circle class="point {style}" cx="{number(middle)}" cy="{number(y)}" r="6"/>')
        return parts if self.narrow else [*parts, label(x2 + 12, y + 5, said, f"value {style}")]


@dataclass(frozen=True)
class PointMap:
    """Pictures as points in two dimensions, coloured by class; `data-i` on each point says which picture it is.

    points: float [n][2]; groups: class index [n]; names: of the classes; x_label, y_label: the axes.
    """

    title: str
    points: Sequence[Sequence[float]]
    groups: Sequence[int]
    names: Sequence[str]
    x_label: str
    y_label: str

    def describe(self) -> str:
        """How many points, and of what."""
        shown = sorted(set(self.groups))
        return (
            f"{len(self.points):,} pictures of {len(shown)} classes: " + ", ".join(self.names[g] for g in shown) + "."
        )

    def svg(self) -> str:
        """The points; the page adds a picture to the one under the pointer."""
        xs, ys = ([float(point[axis]) for point in self.points] for axis in (0, 1))
        frame = Frame(_axis(xs, self.x_label), _axis(ys, self.y_label), top=8, width=560, height=440)
        parts = frame.draw()
        for index, (x, y) in enumerate(zip(xs, ys, strict=True)):
            px, py = frame.at(x, y)
            parts.append(
                f'<circle class="p c{self.groups[index] % 10}" data-i="{index}" '
                f'cx="{number(px)}" cy="{number(py)}" r="3"/>'
            )
        return wrap(parts, 630, frame.top + frame.height + 44, self.title, self.describe(), "map")


def _axis(values: Sequence[float], name: str) -> Axis:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    air = (high - low) * 0.03 or 0.5
    return Axis(low - air, high + air, name)


def _range(row: Mapping[str, Any]) -> str:
    if "middle" in row:
        return f"{percent(row['middle'], 2)} ({100 * row['low']:.1f} to {100 * row['high']:.1f})"
    if row["low"] == row["high"]:
        return percent(row["low"])
    return f"{100 * row['low']:.1f} to {percent(row['high'])}"
