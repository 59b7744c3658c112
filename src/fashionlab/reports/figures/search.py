"""A search in pictures: its history, what each field matters, and the trials along each field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fashionlab.reports.figures.canvas import NARROW, WIDE, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.palette import INK, MUTED, TRAINING, VALIDATION
from fashionlab.reports.figures.scales import Scale, padded
from fashionlab.reports.figures.text import SMALL, TEXT, fitted, text_width
from fashionlab.reports.wording import counted, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TALL = 200.0


@dataclass(frozen=True)
class Score:
    """A finished trial. value: the objective (accuracy in per cent, or loss); said: on hover."""

    number: int
    value: float
    said: str
    best: bool = False
    default: bool = False


@dataclass(frozen=True)
class Axis:
    """The field of a slice. low, high: of its range, or None for choices."""

    name: str
    title: str
    low: float | None
    high: float | None
    log: bool
    choices: Sequence[str]


def history(scores: Sequence[Score], last: int, label: str, higher: bool) -> Display:
    """Each finished trial's score by its number, and the best so far. last: trials in all; label: of the score; higher:
    whether that is better."""
    best = np.array([score.value for score in scores], float)
    best = (np.maximum if higher else np.minimum).accumulate(best) if len(best) else best
    said = f"After {counted(len(scores), 'finished trial')} the best is {best[-1]:.4g}" if len(best) else "No trial yet"

    def draw(narrow: bool) -> Canvas:
        width = NARROW if narrow else WIDE
        canvas = Canvas(width, _TALL + 70)
        x = Scale(-0.5, max(last, 1) - 0.5, "trial", own=_numbers(last))
        axes = canvas.panel(52, 30, width - 64, _TALL, x, _values(scores, label))
        numbers = [score.number for score in scores]
        if numbers:
            axes.step([*numbers, x.high], [*best, best[-1]], where="post", color=VALIDATION, linewidth=1.8, gid="best")
            canvas.hovers["best"] = "the best so far"
        _points(canvas, axes, numbers, scores)
        return canvas

    return Display(
        "history", "History", f"{said}.", draw, narrow=True,
        note="a point is a finished trial, the line is the best so far; a square is the default, the large point the "
        "best",
    )  # fmt: skip


def importance(shares: Mapping[str, float]) -> Display:
    """A bar for each field: the share of the differences between trials that it explains."""
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    said = ", ".join(f"{name} {percent(share, 0)}" for name, share in ordered)

    def draw(narrow: bool) -> Canvas:
        width = NARROW if narrow else WIDE
        canvas = Canvas(width, 26.0 * len(ordered) + 8)
        left = min(180.0, max(text_width(name, TEXT) for name, _ in ordered) + 10)
        room = width - left - 60
        for i, (name, share) in enumerate(ordered):
            top = 26.0 * i + 4
            canvas.text(left - 8, top + 14, fitted(name, left - 8, TEXT), TEXT, INK, "right")
            canvas.rectangle(left, top, max(room * min(share, 1.0), 1.0), 18, TRAINING)
            canvas.text(left + room * min(share, 1.0) + 6, top + 14, percent(share, 0), SMALL, MUTED)
        return canvas

    return Display("importance", "Importance", f"{said}.", draw, narrow=True)


def slice_of(axis: Axis, values: Sequence[float | str], scores: Sequence[Score], label: str) -> Display:
    """The finished trials along one field. values: theirs, in the order of the scores."""

    def draw(_: bool) -> Canvas:
        canvas = Canvas(NARROW, _TALL + 70)
        axes = canvas.panel(52, 30, NARROW - 64, _TALL, _across(axis), _values(scores, label))
        at = [axis.choices.index(str(v)) if axis.choices else float(v) for v in values]
        _points(canvas, axes, at, scores)
        return canvas

    best = next((value for value, score in zip(values, scores, strict=True) if score.best), None)
    said = "the best trial does not have it" if best is None else f"the best trial has {best}"
    return Display(
        f"slice-{axis.name}", axis.title, f"{counted(len(scores), 'finished trial')} along {axis.title}; {said}.", draw
    )


def _across(axis: Axis) -> Scale:
    if axis.low is None or axis.high is None:
        names = [(float(i), fitted(name, 300 / len(axis.choices), SMALL)) for i, name in enumerate(axis.choices)]
        return Scale(-0.5, len(axis.choices) - 0.5, axis.title, own=names)
    return Scale(axis.low, axis.high, axis.title, most=5, logarithmic=axis.log)


def _values(scores: Sequence[Score], label: str) -> Scale:
    return Scale(*padded([score.value for score in scores], 0.08), label)


def _numbers(last: int) -> list[tuple[float, str]]:
    step = max(1, -(-last // 10))
    return [(float(i), str(i)) for i in range(0, max(last, 1), step)]


def _points(canvas: Canvas, axes: "Axes", at: Sequence[float], scores: Sequence[Score]) -> None:
    """Marks: the default's a square, the best one's larger."""
    groups = {
        "trials": [i for i, score in enumerate(scores) if not score.best and not score.default],
        "default": [i for i, score in enumerate(scores) if score.default],
        "top": [i for i, score in enumerate(scores) if score.best and not score.default],
    }
    looks = {"trials": ("o", 6.0, TRAINING), "default": ("s", 8.0, INK), "top": ("o", 11.0, VALIDATION)}
    for name, chosen in groups.items():
        if chosen:
            marker, size, colour = looks[name]
            axes.plot(
                [at[i] for i in chosen], [scores[i].value for i in chosen], linestyle="", marker=marker,
                markersize=size, markeredgewidth=0, color=colour, gid=f"marks-{name}", zorder=3,
            )  # fmt: skip
            canvas.hovers[f"marks-{name}"] = [scores[i].said for i in chosen]
