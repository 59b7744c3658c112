"""Accuracy against training time: what a model's accuracy costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from fashionlab.reports.charts.axes import Axis, Frame, label, number, padded, short, wrap
from fashionlab.reports.run.render import duration
from fashionlab.reports.study import words

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class TradeOff:
    """A model a point: mean training time (logarithmic) and mean accuracy, both with their 95 % intervals.

    models: name, seconds and accuracy (descriptions; accuracy in per cent); narrow: for phones.
    """

    title: str
    models: Sequence[Mapping[str, Any]]
    narrow: bool = False

    def describe(self) -> str:
        """Every model in words."""
        return "; ".join(self._said(model) for model in self._shown()) + "." if self._shown() else "No figures yet."

    def svg(self) -> str:
        """Points with bars, each named beside it."""
        models = self._shown()
        times = [v for m in models for v in _ends(m["seconds"]) if v > 0] or [1.0]
        accuracies = [v for m in models for v in _ends(m["accuracy"])]
        low, high = padded(accuracies, 0.12)
        whole, height = (360.0, 300.0) if self.narrow else (960.0, 400.0)
        frame = Frame(
            Axis(min(times) / 1.5, max(times) * 1.5, "training time of a run (seconds, logarithmic)", logarithmic=True,
                 most=5 if self.narrow else 9),
            Axis(low, min(high, 100.0), "accuracy on the judge half (%)", most=6),
            left=56, top=14, width=whole - 56 - 16, height=height,
        )  # fmt: skip
        parts = frame.draw()
        size = 7.4 if self.narrow else 8.4
        points = [frame.at(m["seconds"]["mean"], m["accuracy"]["mean"]) for m in models]
        reach = [self._reach(frame, model) for model in models]
        taken: list[Box] = [(first, y - 8, last, y + 8) for (_, y), (first, last) in zip(points, reach, strict=True)]
        for i, (model, (_, y)) in enumerate(zip(models, points, strict=True)):
            parts.extend(self._point(frame, model, f"s-{i % 6}"))
            name = short(str(model["name"]), 16 if self.narrow else 30)
            at, anchor, box = _room(reach[i], y, size * len(name), frame, taken)
            taken.append(box)
            parts.append(label(*at, name, f"series s-{i % 6}", anchor))
        style = "narrow" if self.narrow else "wide"
        return wrap(parts, whole, frame.top + height + 46, self.title, self.describe(), f"trade {style}")

    def _shown(self) -> list[Mapping[str, Any]]:
        return [
            m for m in self.models
            if m["seconds"]["mean"] and m["seconds"]["mean"] > 0 and m["accuracy"]["mean"] is not None
        ]  # fmt: skip

    def _point(self, frame: Frame, model: Mapping[str, Any], style: str) -> list[str]:
        x, y = frame.at(model["seconds"]["mean"], model["accuracy"]["mean"])
        parts = []
        low, high = model["accuracy"]["low"], model["accuracy"]["high"]
        if low is not None:
            top, bottom = (frame.at(model["seconds"]["mean"], v)[1] for v in (min(high, 100.0), low))
            parts.append(f'<path class="error {style}" d="M{number(x)} {number(top)}V{number(bottom)}"/>')
        low, high = model["seconds"]["low"], model["seconds"]["high"]
        if low is not None and low > 0:
            first, last = (frame.at(v, model["accuracy"]["mean"])[0] for v in (low, high))
            parts.append(f'<path class="error {style}" d="M{number(first)} {number(y)}H{number(last)}"/>')
        said = escape(self._said(model))
        parts.append(
            f'<circle class="point {style}" cx="{number(x)}" cy="{number(y)}" r="6"><title>{said}</title></circle>'
        )
        return parts

    @staticmethod
    def _reach(frame: Frame, model: Mapping[str, Any]) -> tuple[float, float]:
        """From where to where a point and its bar stand."""
        times = [v for v in _ends(model["seconds"]) if v > 0]
        first, last = (frame.at(v, frame.y.low)[0] for v in (min(times), max(times)))
        x, _ = frame.at(model["seconds"]["mean"], frame.y.low)
        return min(first, x - 8), max(last, x + 8)

    @staticmethod
    def _said(model: Mapping[str, Any]) -> str:
        accuracy = words.plain(model["accuracy"]["mean"])
        return f"{model['name']}: {accuracy} % after {duration(model['seconds']['mean'])} of training"


def _ends(description: Mapping[str, Any]) -> list[float]:
    return [v for v in (description["low"], description["mean"], description["high"]) if v is not None]


def _room(
    reach: tuple[float, float], y: float, width: float, frame: Frame, taken: Sequence[Box]
) -> tuple[tuple[float, float], str, Box]:
    """Where a name of this width goes beside its point: the first place that nothing else occupies."""
    right, left, (first, last) = frame.left + frame.width, frame.left, reach
    places: list[tuple[tuple[float, float], str, Box]] = []
    for down in (4.5, -12.0, 20.0, -28.0, 36.0):
        places.append(((last + 5, y + down), "start", (last + 5, y + down - 12, last + 5 + width, y + down + 3)))
        places.append(((first - 5, y + down), "end", (first - 5 - width, y + down - 12, first - 5, y + down + 3)))
    inside = [p for p in places if p[2][0] >= left and p[2][2] <= right and p[2][1] >= frame.top]
    free = [p for p in inside if not any(_touch(p[2], box) for box in taken)]
    return (free or inside or places)[0]


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
