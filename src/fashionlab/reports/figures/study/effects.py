"""Effects with their intervals about zero: all arms of a study in one plot, and one arm as a strip."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from fashionlab.reports.figures.canvas import NARROW, WIDE, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.palette import INK, MUTED, PAPER, RULE, TRAINING, VALIDATION, VERDICTS
from fashionlab.reports.figures.scales import ticks
from fashionlab.reports.figures.text import SMALL, TEXT, fitted, text_width
from fashionlab.reports.wording import signed

_LONGEST = 230.0
"""Points of an arm's name."""


@dataclass(frozen=True)
class Effect:
    """What one arm did, percentage points.

    word: helps, hurts, no practical difference or undecided; said: the word shown for it; effect: None without a pair
    of runs; low, high: None where there are not enough seeds for an interval; text: effect and interval as written.
    """

    name: str
    word: str
    said: str
    effect: float | None
    low: float | None
    high: float | None
    text: str

    def in_words(self) -> str:
        """A row for who cannot see it: "dropout: hurts, −0.52 (−0.64 to −0.40) points"."""
        if self.effect is None:
            return f"{self.name}: {self.said}, {self.text}"
        few = self.low is None or self.high is None
        return f"{self.name}: {self.said}, {self.text} points" + (", not enough seeds for an interval" if few else "")


@dataclass(frozen=True)
class Reach:
    """The effects that a scale shows, from `low` to `high`, percentage points, and the margin."""

    low: float
    high: float
    margin: float


def reach_of(effects: Sequence[Effect], margin: float) -> Reach:
    """One scale for all arms, so that their lengths can be compared.

    It holds every effect, the margin twice over, and every interval of a decided arm. An undecided arm's interval may
    be many times wider; its ends count only if they do not squeeze the others together, and are cut off otherwise.
    """
    ends = [-2 * margin, 2 * margin, *(e.effect for e in effects if e.effect is not None)]
    ends += [end for e in effects if e.word != "undecided" for end in (e.low, e.high) if end is not None]
    low, high = min(ends), max(ends)
    wide = [end for e in effects for end in (e.low, e.high) if end is not None]
    wide = [end for end in wide if low - (high - low) <= end <= high + (high - low)]
    low, high = min([low, *wide]), max([high, *wide])
    air = 0.07 * (high - low)
    return Reach(low - air, high + air, margin)


def forest(effects: Sequence[Effect], margin: float) -> Display:
    """All arms under one another: effect, interval, the line of no effect and the shaded margin."""
    reach = reach_of(effects, margin)
    rows = "; ".join(effect.in_words() for effect in effects) or "no arms"
    return Display(
        "forest", "All effects", f"{rows}. Effects within ±{margin:g} points count as too small to matter.",
        lambda narrow: _draw_forest(effects, reach, narrow),
        note=f"shade: the margin, effects within ±{margin:g} points are too small to matter; an arrow: the interval "
        "goes on", narrow=True,
    )  # fmt: skip


def strip(effect: Effect, reach: Reach, name: str = "strip") -> Display:
    """One arm's interval on the scale that all strips of a page share. name: its own among them."""

    def draw(_: bool) -> Canvas:
        canvas = Canvas(NARROW - 30, 60)
        ruler = _Ruler(canvas, reach, 8, NARROW - 46)
        ruler.ground(4, 40)
        canvas.line((8, NARROW - 38), (40, 40), MUTED)
        ruler.interval(effect, 22, "mark-0")
        canvas.text(8, 55, "← worse", SMALL, MUTED)
        canvas.text(NARROW - 38, 55, "better →", SMALL, MUTED, "right")
        if 90 < ruler.x(0) < 270:
            canvas.text(ruler.x(0), 55, "no effect", SMALL, MUTED, "center")
        return canvas

    said = f"{effect.in_words()}; effects within ±{reach.margin:g} points count as too small to matter."
    return Display(name, "", said, draw)


@dataclass(frozen=True)
class _Ruler:
    """An effect axis laid out from `left`, `width` wide; draws what strips and forest share."""

    canvas: Canvas
    reach: Reach
    left: float
    width: float

    def x(self, value: float) -> float:
        """Where an effect lies, kept within the ends."""
        share = (value - self.reach.low) / (self.reach.high - self.reach.low)
        return self.left + min(max(share, 0.0), 1.0) * self.width

    def ground(self, top: float, bottom: float) -> None:
        """The shade of what is too small to matter, and the line of no effect."""
        first, last = self.x(-self.reach.margin), self.x(self.reach.margin)
        self.canvas.rectangle(first, top, last - first, bottom - top, MUTED, 0.16, zorder=0.6)
        for edge in (first, last):
            self.canvas.line((edge, edge), (top, bottom), MUTED, 1.0, linestyle=(0, (2, 3)), alpha=0.8, zorder=0.7)
        self.canvas.line([self.x(0)] * 2, (top, bottom), INK, 1.5, zorder=0.8)

    def interval(self, effect: Effect, y: float, gid: str) -> None:
        """The interval as a bar, an arrow where it goes on beyond the scale, and the mark of the verdict."""
        if effect.effect is None:
            return
        colour, open_ = VERDICTS[effect.word], effect.low is None or effect.high is None
        ends = ((effect.low, self.left, 1), (effect.high, self.left + self.width, -1))
        places = [edge if end is None else self.x(end) for end, edge, _ in ends]
        dashes = {"linestyle": (0, (2, 4)), "alpha": 0.9} if open_ else {}
        self.canvas.line(places, (y, y), colour, 2.0 if open_ else 4.0, zorder=3, **dashes)
        for (end, edge, way), place in zip(ends, places, strict=True):
            if end is None or not self.reach.low <= end <= self.reach.high:
                xs, ys = (edge + 7 * way, edge, edge + 7 * way), (y - 5, y, y + 5)
            else:
                xs, ys = (place, place, place), (y - 6, y, y + 6)
            self.canvas.line(xs, ys, colour, 2.0, zorder=3)
        draw_mark(self.canvas, effect.word, self.x(effect.effect), y, gid=gid)
        self.canvas.hovers[gid] = [effect.in_words()]


def _draw_forest(effects: Sequence[Effect], reach: Reach, narrow: bool) -> Canvas:
    names = [fitted(effect.name, NARROW - 20 if narrow else _LONGEST, TEXT, "bold") for effect in effects]
    widest = max((text_width(name, TEXT, "bold") for name in names), default=0.0)
    texts = max((text_width(text, TEXT, "bold") for e in effects for text in (e.text, e.said)), default=0.0)
    left, whole, right = (10.0, NARROW, 10.0) if narrow else (20 + widest, WIDE, min(texts, 250.0) + 24)
    pitch, top = (70.0, 36.0) if narrow else (46.0, 36.0)
    bottom = top + pitch * max(len(effects), 1)
    canvas = Canvas(whole, bottom + 44)
    ruler = _Ruler(canvas, reach, left, whole - left - right)
    edge, zero = left + ruler.width, ruler.x(0)
    ruler.ground(top, bottom)
    for value in ticks(reach.low, reach.high, 5 if narrow else 8):
        canvas.line([ruler.x(value)] * 2, (bottom, bottom + 5), MUTED)
        canvas.text(ruler.x(value), bottom + 18, signed(value, _decimals(value)), SMALL, MUTED, "center")
    canvas.line((left, edge), (bottom, bottom), MUTED)
    label = (
        "effect in percentage points of accuracy"
        if narrow
        else "effect: accuracy minus the baseline’s, percentage points"
    )
    canvas.text(left + ruler.width / 2, bottom + 36, label, SMALL, MUTED, "center")
    anchor = "left" if zero < left + 40 else "right" if zero > edge - 40 else "center"
    canvas.text(zero, top - 22, "no effect", SMALL, MUTED, anchor)
    canvas.text(left, top - 6, "← worse", SMALL, VALIDATION)
    canvas.text(edge, top - 6, "better →", SMALL, TRAINING, "right")
    for number, (effect, name) in enumerate(zip(effects, names, strict=True)):
        y, colour, gid = top + pitch * number, VERDICTS[effect.word], f"mark-{number}"
        canvas.line((left if narrow else 0, edge), (y, y), RULE, zorder=0.5)
        if narrow:
            canvas.text(left, y + 17, name, TEXT, weight="bold", gid=f"name-{number}")
            canvas.text(left, y + 34, fitted(f"{effect.said}: {effect.text}", whole - 20), TEXT, colour)
            ruler.interval(effect, y + 53, gid)
            continue
        middle = y + pitch / 2
        canvas.text(left - 14, middle + 4, name, TEXT, ha="right", weight="bold", gid=f"name-{number}")
        canvas.hovers[f"name-{number}"] = effect.name
        ruler.interval(effect, middle, gid)
        canvas.text(edge + 14, middle - 3, fitted(effect.text, 250), TEXT)
        canvas.text(edge + 14, middle + 14, fitted(effect.said, 250, TEXT, "bold"), TEXT, colour, weight="bold")
    return canvas


def _decimals(value: float) -> int:
    """Decimals that a round number needs."""
    return next((d for d in range(4) if abs(value - round(value, d)) < 1e-9), 4)


def draw_mark(canvas: Canvas, word: str, x: float, y: float, size: float = 13.0, gid: str | None = None) -> None:
    """The mark of a verdict, told apart without colour.

    A triangle up for helps, down for hurts, an equals sign for no practical difference, a ring for undecided.
    """
    colour, hollow = VERDICTS[word], word == "undecided"
    markers = {"helps": "^", "hurts": "v", "undecided": "o", "no practical difference": _equals()}
    edge = 2.2 if hollow else 1.2 if size > 10 else 0.0
    canvas.line(
        [x], [y], colour, marker=markers[word], markersize=size - 3 if hollow else size,
        markerfacecolor=PAPER if hollow else colour, markeredgecolor=colour if hollow else PAPER,
        markeredgewidth=edge, zorder=4, gid=gid,
    )  # fmt: skip


@cache
def _equals() -> Any:
    from matplotlib.path import Path

    bars = [(-6, 1.5), (6, 1.5), (6, 6), (-6, 6), (-6, 1.5), (-6, -6), (6, -6), (6, -1.5), (-6, -1.5), (-6, -6)]
    return Path(bars, [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * 2)
