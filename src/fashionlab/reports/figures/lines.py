"""Curves over a common horizontal scale: named at their ends, and read off by pointing at a column."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fashionlab.reports.figures.canvas import Canvas
from fashionlab.reports.figures.palette import MUTED, PAPER, SERIES
from fashionlab.reports.figures.scales import Scale, floats, padded, tick_text
from fashionlab.reports.figures.text import SMALL, TEXT, fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_AIMS = 120
"""Columns that say their values when pointed at; of more, none is wide enough to be hit."""

_MOST_DOTS = 40
_STEP = 15.0
"""Points between two names."""


Dash = str | tuple[float, tuple[float, ...]]
"""A line's pattern, as matplotlib takes it."""

DOTTED: Dash = (0, (1, 2))


@dataclass(frozen=True)
class Curve:
    """A name, values float [n] (NaN where there is none), and a colour; ending: what is written below the name; dash:
    matplotlib's; dotted_from: from that place on the line is dotted, None for nowhere."""

    name: str
    values: np.ndarray
    colour: str
    ending: str = ""
    dash: Dash = "-"
    dotted_from: int | None = None


@dataclass(frozen=True)
class Box:
    """Where a panel stands, points."""

    left: float
    top: float
    width: float
    height: float


def steps(values: Sequence[float], label: str, most: int = 7) -> Scale:
    """A scale over epochs, rounds, or whatever else the values count, with air where they are a single one."""
    low, high = (min(values), max(values)) if len(values) else (0.0, 1.0)
    own = [(float(v), tick_text(v, False)) for v in values] if 0 < len(values) <= 3 else None
    return Scale(low, high, label, own=own, most=most) if low < high else Scale(low - 0.5, high + 0.5, label, own=own)


def measures(curves: Sequence[Curve], label: str, as_percent: bool = False, zero: bool = False) -> Scale:
    """A scale that holds all curves; zero: it begins at 0."""
    low, high = padded([float(v) for curve in curves for v in curve.values])
    if zero:
        low, high = 0.0, high if high > 0 else 1.0
    return Scale(low, min(high, 1.0) if as_percent else high, label, as_percent)


def draw_curves(
    canvas: Canvas, box: Box, at: Sequence[float], curves: Sequence[Curve], x: Scale, y: Scale, gid: str,
    say: Callable[[float], str], names: bool = True, raised: float = 0.0, said: Sequence[str] | None = None,
) -> "Axes":  # fmt: skip
    """A panel with the curves at x = `at`. say: writes a value; names: write each curve's at its end; raised: of
    the panel; said: what each column says when it is pointed at, in place of the values.
    """
    axes = canvas.panel(box.left, box.top, box.width, box.height, x, y, raised=raised)
    for number, curve in enumerate(curves):
        known = int(np.isfinite(curve.values).sum())
        for part, dash, suffix in _parts(curve):
            axes.plot(
                at[part], curve.values[part], color=curve.colour, linewidth=2, linestyle=dash,
                marker="o" if known <= _MOST_DOTS else "", markersize=7 if known == 1 else 3.6, markeredgewidth=0,
                gid=f"curve-{gid}-{number}{suffix}",
            )  # fmt: skip
    if names:
        _name_all(canvas, axes, box, at, curves, y)
    if len(at) <= MOST_AIMS:
        column = box.width / max(1.0, (x.high - x.low) / max(_pitch(at), 1e-12))
        said = said or [_say(value, x, curves, i, say) for i, value in enumerate(at)]
        aims(canvas, axes, box, at, [min(column, box.width)] * len(at), said, gid)
    return axes


def _parts(curve: Curve) -> list[tuple[slice, Dash, str]]:
    """The pieces of a line that differ in their pattern, each with the suffix of its gid; they share a point."""
    if curve.dotted_from is None:
        return [(slice(None), curve.dash, "")]
    return [
        (slice(0, curve.dotted_from + 1), curve.dash, ""), (slice(curve.dotted_from, None), DOTTED, "-dotted"),
    ]  # fmt: skip


def aims(
    canvas: Canvas, axes: "Axes", box: Box, at: Sequence[float], widths: Sequence[float], said: Sequence[str], gid: str
) -> None:
    """Columns that are seen only when they are pointed at, and say something then. widths: points, equal ones."""
    if not len(at):
        return
    half, tall = widths[0] / 2, box.height / 2
    column = [(-half, -tall), (half, -tall), (half, tall), (-half, tall), (-half, -tall)]
    low, high = axes.get_ylim()
    axes.plot(
        at, [(low + high) / 2] * len(at), linestyle="", marker=column, markersize=2 * max(half, tall),
        markerfacecolor=(*_rgb(MUTED), 0.0), markeredgewidth=0, gid=f"aims-{gid}", zorder=9,
    )  # fmt: skip
    canvas.hovers[f"aims-{gid}"] = said


def mark_step(canvas: Canvas, box: Box, place: float, text: str) -> None:
    """A dashed upright line with a text above its panel, on the side where there is room."""
    canvas.line((place, place), (box.top - 12, box.top + box.height), MUTED, 1.1, linestyle=(0, (3, 3)), zorder=0.7)
    late = place > box.left + box.width / 2
    canvas.text(place + (-5 if late else 5), box.top - 4, text, SMALL, MUTED, "right" if late else "left")


def by_layer(values: Mapping[str, Sequence[float | None]]) -> list[Curve]:
    """A curve a layer, in the colours of the series."""
    return [Curve(name, floats(column), SERIES[k % len(SERIES)]) for k, (name, column) in enumerate(values.items())]


def described(curves: Sequence[Curve], say: Callable[[float], str]) -> str:
    """First, last and extreme values of each curve, in words."""
    said = []
    for curve in curves:
        values = curve.values[np.isfinite(curve.values)]
        if len(values):
            first, last, low, high = (say(float(v)) for v in (values[0], values[-1], values.min(), values.max()))
            said.append(f"{curve.name} goes from {first} to {last} (lowest {low}, highest {high})")
    return "; ".join(said) or "no values"


def _pitch(at: Sequence[float]) -> float:
    return float(np.diff(np.sort(np.asarray(at, float))).min()) if len(at) > 1 else 1.0


def _say(value: float, x: Scale, curves: Sequence[Curve], i: int, say: Callable[[float], str]) -> str:
    known = [f"{curve.name} {say(float(curve.values[i]))}" for curve in curves if np.isfinite(curve.values[i])]
    return f"{x.label.partition(' (')[0]} {tick_text(value, x.as_percent)}: {', '.join(known) or 'no value'}"


def _name_all(canvas: Canvas, axes: "Axes", box: Box, at: Sequence[float], curves: Sequence[Curve], y: Scale) -> None:
    """Each curve's name beside its end, which may lie within the panel."""
    ending: dict[int, list[Curve]] = {}
    for curve in curves:
        if len(known := np.flatnonzero(np.isfinite(curve.values))):
            ending.setdefault(int(known[-1]), []).append(curve)
    for last, together in ending.items():
        within = None if last == max(ending) else canvas.places(axes)[0](at[last])
        _name(canvas, box, together, y, within)


def _name(canvas: Canvas, box: Box, curves: Sequence[Curve], y: Scale, within: float | None) -> None:
    """Names beside a common end, moved apart where curves are close; those without room are counted. within: the place
    of that end, None for that of the panel."""
    ends = []
    for curve in curves:
        known = curve.values[np.isfinite(curve.values)]
        if len(known):
            ends.append((box.top + box.height * (1 - (float(known[-1]) - y.low) / (y.high - y.low)), curve))
    ends.sort(key=lambda end: end[0])
    tall = _STEP * (2 if any(curve.ending for _, curve in ends) else 1)
    room = int((box.height + 10) // tall)
    shown, left_out = (ends, 0) if len(ends) <= room else (ends[: room - 1], len(ends) - room + 1)
    placed: list[float] = []
    for place, _ in shown:
        placed.append(max(place, placed[-1] + tall if placed else -1e9))
    bottom = box.top + box.height + 4 - (_STEP if left_out else 0)
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], bottom if i == len(placed) - 1 else placed[i + 1] - tall)
    x = (box.left + box.width if within is None else within) + 8
    for place, (_, curve) in zip(placed, shown, strict=True):
        baseline = place + 4 - (_STEP / 2 if curve.ending else 0)
        width = canvas.width - x
        # Within the panel other curves may pass behind it.
        ground: dict[str, Any] = {"bbox": {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0}} if within else {}
        canvas.text(x, baseline, fitted(curve.name, width, TEXT, "bold"), TEXT, curve.colour, weight="bold", **ground)
        if curve.ending:
            canvas.text(x, baseline + _STEP - 1, curve.ending, SMALL, curve.colour)
    if left_out:
        canvas.text(x, box.top + box.height + 8, f"and {left_out} more", SMALL, MUTED)


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)
