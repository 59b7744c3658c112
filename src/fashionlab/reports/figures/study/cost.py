"""Accuracy against training time: what a model's accuracy costs."""

from collections.abc import Sequence
from dataclasses import dataclass

from fashionlab.reports.figures.canvas import NARROW, WIDE, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.palette import SERIES
from fashionlab.reports.figures.scales import Scale, padded
from fashionlab.reports.figures.text import TEXT, fitted, text_width
from fashionlab.reports.wording import duration, percent

Area = tuple[float, float, float, float]
"""Left, upper, right and lower edge."""

_PITCH = 8.0
"""Points by which a name is moved up or down until nothing is in its way."""


@dataclass(frozen=True)
class Mean:
    """A mean and the ends of its 95 % interval, None where a single value has none."""

    mean: float
    low: float | None
    high: float | None

    def ends(self) -> list[float]:
        """Whatever of it is known."""
        return [value for value in (self.low, self.mean, self.high) if value is not None]


@dataclass(frozen=True)
class Cost:
    """A model: training time in seconds, accuracy on the held-out judging set in per cent."""

    name: str
    seconds: Mean
    accuracy: Mean

    def in_words(self) -> str:
        """For who cannot see it, and on hover."""
        return f"{self.name}: {percent(self.accuracy.mean / 100, 2)} after {duration(self.seconds.mean)} of training"


def accuracy_against_time(models: Sequence[Cost]) -> Display:
    """A model a point: mean training time (logarithmic) and mean accuracy, both with their 95 % intervals."""
    shown = [model for model in models if model.seconds.mean > 0]
    said = "; ".join(model.in_words() for model in shown)
    return Display(
        "accuracy-against-time", "Accuracy against training time", f"{said or 'No model is finished yet'}.",
        lambda narrow: _draw(shown, narrow),
        note="further up is more accurate, further left is faster; bars are 95 % intervals", narrow=True,
    )  # fmt: skip


def _draw(models: Sequence[Cost], narrow: bool) -> Canvas:
    times = [value for model in models for value in model.seconds.ends() if value > 0] or [1.0]
    low, high = padded([value for model in models for value in model.accuracy.ends()], 0.12)
    width, height = (NARROW, 290.0) if narrow else (WIDE, 350.0)
    left, across = 52.0, width - 64.0
    canvas = Canvas(width, height + 66)
    label = "training time of a run (seconds, logarithmic)"
    x = Scale(min(times) / 1.5, max(times) * 1.5, label, most=5 if narrow else 9, logarithmic=True)
    y = Scale(low, min(high, 100.0), "accuracy on the held-out judging set (%)")
    axes = canvas.panel(left, 24, across, height, x, y)
    place, down = canvas.places(axes)
    reach: list[tuple[float, float]] = []
    taken: list[Area] = []
    for number, model in enumerate(models):
        colour, at, level = SERIES[number % len(SERIES)], place(model.seconds.mean), down(model.accuracy.mean)
        if model.accuracy.low is not None and model.accuracy.high is not None:
            ends = [down(min(value, y.high)) for value in (model.accuracy.low, model.accuracy.high)]
            canvas.line([at, at], ends, colour, 1.8, alpha=0.55)
            taken.append((at - 2, min(ends), at + 2, max(ends)))
        xs = [at]
        if model.seconds.low is not None and model.seconds.low > 0:
            xs = [place(value) for value in model.seconds.ends()]
            canvas.line([min(xs), max(xs)], [level, level], colour, 1.8, alpha=0.55)
        canvas.line(
            [at], [level], colour, marker="o", markersize=12, markeredgewidth=0, gid=f"model-{number}", zorder=3
        )
        canvas.hovers[f"model-{number}"] = [model.in_words()]
        reach.append((min(*xs, at - 8), max(*xs, at + 8)))
        taken.append((reach[-1][0], level - 8, reach[-1][1], level + 8))
    for number, model in enumerate(models):
        colour, at, level = SERIES[number % len(SERIES)], place(model.seconds.mean), down(model.accuracy.mean)
        name = fitted(model.name, 120 if narrow else 230, TEXT, "bold")
        within = (left, 24.0, left + across, 24.0 + height)
        area = _room(reach[number], level, text_width(name, TEXT, "bold"), within, taken)
        taken.append(area)
        if not _beside(area, level):
            # From the dot to the nearest place of its name.
            end = min(max(at, area[0]), area[2]), area[1] if area[1] > level else area[3]
            canvas.line([at, end[0]], [level, end[1]], colour, 0.9, alpha=0.7, zorder=2)
        canvas.text(area[0], area[3] - 3, name, TEXT, colour, weight="bold")
    return canvas


def _room(
    reach: tuple[float, float], y: float, width: float, within: Area, taken: Sequence[Area]
) -> Area:  # fmt: skip
    """Where a name of this width goes: the place nearest to its point that nothing else occupies, or where least does.

    reach: from where to where the point and its bar go; y: its level.
    """
    first, last = reach
    middle = (first + last) / 2
    places: list[Area] = []
    for step in range(16):
        for side in (-1, 1) if step else (1,):
            top = y + side * _PITCH * step - 7.5
            begins = (last + 5, first - 5 - width, middle - width / 2)
            places += [(begin, top, begin + width, top + 15) for begin in begins]
    left, upper, right, bottom = within
    inside = [p for p in places if p[0] >= left and p[2] <= right and p[1] >= upper and p[3] <= bottom] or places
    return min(inside, key=lambda place: sum(_shared(place, area) for area in taken))


def _beside(area: Area, level: float) -> bool:
    """Whether a name is near enough to its point to be seen as its own."""
    return area[1] - _PITCH <= level <= area[3] + _PITCH


def _shared(a: Area, b: Area) -> float:
    """Square points that two areas have in common."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
