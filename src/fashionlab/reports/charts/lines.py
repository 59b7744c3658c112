"""Curves over a common horizontal axis, each named at its end."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from fashionlab.reports.charts.axes import (
    CHARACTER,
    Axis,
    Frame,
    label,
    number,
    padded,
    percent,
    short,
    tick_label,
    wrap,
)


@dataclass(frozen=True)
class Series:
    """One curve: its name, its values (NaN or None where there is none), and the class of its colour."""

    name: str
    values: Sequence[float | None]
    style: str


@dataclass(frozen=True)
class Lines:
    """Curves by epoch, or by anything else that grows.

    x: float [n]; series: each with n values; mark: a value of x to point out, and its text; between: shade the area
    between the first two curves, with this text in the description; zero: the vertical axis begins at 0.
    """

    title: str
    x: Sequence[float]
    series: Sequence[Series]
    x_label: str
    y_label: str
    x_percent: bool = False
    y_percent: bool = False
    mark: tuple[float, str] | None = None
    between: str | None = None
    zero: bool = False

    def describe(self) -> str:
        """First, extreme and last value of each curve."""
        said = []
        for curve in self.series:
            values = [v for v in curve.values if v is not None and math.isfinite(v)]
            if values:
                first, last, low, high = (self._text(v) for v in (values[0], values[-1], min(values), max(values)))
                said.append(f"{curve.name} goes from {first} to {last} (lowest {low}, highest {high})")
        marked = f"; {self.mark[1]} is marked" if self.mark else ""
        return f"{self.y_label} by {self.x_label}: " + "; ".join(said or ["no values"]) + marked + "."

    def svg(self) -> str:
        """The curves, with a dot and a tooltip at every value."""
        names = max((len(curve.name) for curve in self.series), default=0) if len(self.series) > 1 else 0
        right = 14 + (min(names, 18) * CHARACTER + 10 if names else 8)
        y_axis = self._y_axis()
        left = 34 + CHARACTER * max(len(text) for _, text in y_axis.ticks())
        frame = Frame(self._x_axis(), y_axis, left=left, width=420 - left - right, height=205)
        parts = frame.draw()
        if self.mark:
            x, _ = frame.at(self.mark[0], frame.y.low)
            late = x > frame.left + frame.width / 2
            parts.append(f'<path class="mark" d="M{number(x)} {number(frame.top)}v{number(frame.height)}"/>')
            parts.append(
                label(x + (-5 if late else 5), frame.top + 10, self.mark[1], "note", "end" if late else "start")
            )
        if self.between and len(self.series) > 1:
            parts.append(self._band(frame))
        for curve in self.series:
            parts.extend(self._curve(frame, curve))
        if names:
            parts.extend(self._names(frame))
        return wrap(parts, 420, frame.top + frame.height + 44, self.title, self.describe())

    def _x_axis(self) -> Axis:
        low, high = (min(self.x), max(self.x)) if self.x else (0.0, 1.0)
        if low == high:
            low, high = low - 0.5, high + 0.5
        return Axis(low, high, self.x_label, self.x_percent, most=7)

    def _y_axis(self) -> Axis:
        low, high = padded([v for curve in self.series for v in curve.values if v is not None])
        if self.zero:
            low = 0.0
        return Axis(low, min(high, 1.0) if self.y_percent and high > 1 else high, self.y_label, self.y_percent)

    def _points(self, frame: Frame, curve: Series) -> list[tuple[float, float, float, float]]:
        given = ((x, v) for x, v in zip(self.x, curve.values, strict=True) if v is not None and math.isfinite(v))
        return [(*frame.at(x, v), x, v) for x, v in given]

    def _curve(self, frame: Frame, curve: Series) -> list[str]:
        points = self._points(frame, curve)
        if not points:
            return []
        path = "L".join(f"{number(x)} {number(y)}" for x, y, *_ in points)
        parts = [f'<path class="line {curve.style}" d="M{path}"/>']
        if len(points) <= 120:
            where, radius = self.x_label.split(" (")[0], 2.2 if len(points) > 1 else 4
            parts += [
                f'<circle class="dot {curve.style}" cx="{number(px)}" cy="{number(py)}" r="{radius}">'
                f"<title>{escape(curve.name)}, {escape(where)} {tick_label(x, self.x_percent)}: {self._text(v)}"
                "</title></circle>"
                for px, py, x, v in points
            ]
        return parts

    def _band(self, frame: Frame) -> str:
        one, two = (self._points(frame, curve) for curve in self.series[:2])
        corners = [*one, *reversed(two)] if one and two else []
        path = "L".join(f"{number(x)} {number(y)}" for x, y, *_ in corners)
        return f'<path class="between" d="M{path}Z"/>' if path else ""

    def _names(self, frame: Frame) -> list[str]:
        ends = [(self._points(frame, curve)[-1][1], curve) for curve in self.series if self._points(frame, curve)]
        ends.sort(key=lambda end: end[0])
        placed: list[float] = []
        for y, _ in ends:
            placed.append(max(y + 4, placed[-1] + 14 if placed else 0))
        # What was pushed below the frame goes back up, all together.
        over = max(0.0, (placed[-1] if placed else 0) - (frame.top + frame.height + 4))
        x = frame.left + frame.width + 8
        return [
            label(x, y - over, short(curve.name, 18), f"series {curve.style}")
            for y, (_, curve) in zip(placed, ends, strict=True)
        ]

    def _text(self, value: float) -> str:
        return percent(value, 2) if self.y_percent else f"{value:.4g}"
