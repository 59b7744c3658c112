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
    for number, model in enumerate(models):
        colour, at, level = SERIES[number % len(SERIES)], place(model.seconds.mean), down(model.accuracy.mean)
        if model.accuracy.low is not None and model.accuracy.high is not None:
            ends = [down(min(value, y.high)) for value in (model.accuracy.low, model.accuracy.high)]
            canvas.line([at, at], ends, colour, 1.8, alpha=0.55)
        xs = [at]
        if model.seconds.low is not None and model.seconds.low > 0:
            xs = [place(value) for value in model.seconds.ends()]
            canvas.line([min(xs), max(xs)], [level, level], colour, 1.8, alpha=0.55)
        canvas.line(
            [at], [level], colour, marker="o", markersize=12, markeredgewidth=0, gid=f"model-{number}", zorder=3
        )
        canvas.hovers[f"model-{number}"] = [model.in_words()]
        reach.append((min(*xs, at - 8), max(*xs, at + 8)))
    levels = [down(model.accuracy.mean) for model in models]
    taken: list[Area] = [(first, y - 8, last, y + 8) for (first, last), y in zip(reach, levels, strict=True)]
    for number, model in enumerate(models):
        name = fitted(model.name, 120 if narrow else 230, TEXT, "bold")
        within = (left, 24.0, left + across)
        (x0, y0), anchor, area = _room(reach[number], levels[number], text_width(name, TEXT, "bold"), within, taken)
        taken.append(area)
        canvas.text(x0, y0, name, TEXT, SERIES[number % len(SERIES)], anchor, weight="bold")
    return canvas


def _room(
    reach: tuple[float, float], y: float, width: float, within: tuple[float, float, float], taken: Sequence[Area]
) -> tuple[tuple[float, float], str, Area]:
    """Where a name of this width goes beside its point: the first place that nothing else occupies."""
    first, last = reach
    places: list[tuple[tuple[float, float], str, Area]] = []
    for down in (4.5, -12.0, 20.0, -28.0, 36.0):
        places.append(((last + 5, y + down), "left", (last + 5, y + down - 12, last + 5 + width, y + down + 3)))
        places.append(((first - 5, y + down), "right", (first - 5 - width, y + down - 12, first - 5, y + down + 3)))
    middle = (first + last) / 2
    for down in (-12.0, 22.0, -28.0, 38.0):
        around = (middle - width / 2, y + down - 12, middle + width / 2, y + down + 3)
        places.append(((middle, y + down), "center", around))
    left, top, right = within
    inside = [p for p in places if p[2][0] >= left and p[2][2] <= right and p[2][1] >= top]
    free = [p for p in inside if not any(_touch(p[2], area) for area in taken)]
    return (free or inside or places)[0]


def _touch(a: Area, b: Area) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
