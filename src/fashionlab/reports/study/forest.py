"""Effects with their intervals about zero: all arms of a study in one plot, and one arm as a strip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from fashionlab.reports.charts.axes import Axis, label, number, short, ticks, wrap
from fashionlab.reports.study import words

BOLD, LONGEST = 9.3, 30
"""Width of a bold character of the plot's 15 px text, on the wide side, and the characters that a name may take."""


def effect_axis(verdicts: Sequence[Mapping[str, Any]], margin: float) -> Axis:
    """One scale for all arms, so that their lengths can be compared.

    It holds every effect, the margin twice over, and every interval of a decided arm. An undecided arm's interval may
    be many times wider; its ends count only if they do not squeeze the others together, and are cut off otherwise.
    """
    ends = [-2 * margin, 2 * margin, *(v["effect"] for v in verdicts if v["effect"] is not None)]
    ends += [end for v in verdicts if v["word"] != "undecided" for end in (v["low"], v["high"]) if end is not None]
    low, high = min(ends), max(ends)
    reach = high - low
    wide = [end for v in verdicts for end in (v["low"], v["high"]) if end is not None]
    wide = [end for end in wide if low - reach <= end <= high + reach]
    low, high = min([low, *wide]), max([high, *wide])
    air = 0.07 * (high - low)
    return Axis(low - air, high + air, "effect: accuracy minus the baseline’s, in percentage points")


@dataclass(frozen=True)
class Ruler:
    """An effect axis laid out from `left`, `width` wide; draws what strips and forest share.

    axis: percentage points; margin: what counts as a practical difference.
    """

    axis: Axis
    margin: float
    left: float
    width: float

    def x(self, value: float) -> float:
        """Where an effect lies, kept within the ends."""
        return self.left + min(max(self.axis.share(value), 0.0), 1.0) * self.width

    def ground(self, top: float, bottom: float) -> list[str]:
        """The shade of what is too small to matter, and the line of no effect."""
        x1, x2, zero = self.x(-self.margin), self.x(self.margin), self.x(0)
        return [
            f'<rect class="margin" x="{number(x1)}" y="{number(top)}" width="{number(x2 - x1)}" '
            f'height="{number(bottom - top)}"/>',
            f'<path class="edge" d="M{number(x1)} {number(top)}V{number(bottom)}M{number(x2)} {number(top)}'
            f'V{number(bottom)}"/>',
            f'<path class="zero" d="M{number(zero)} {number(top)}V{number(bottom)}"/>',
        ]

    def interval(self, verdict: Mapping[str, Any], y: float, said: str) -> list[str]:
        """The interval as a bar, an arrow where it goes on beyond the scale, and the mark of the verdict."""
        v, style = verdict, words.STYLES[verdict["word"]]
        if v["effect"] is None:
            return []
        ends = [(v["low"], self.left, 1), (v["high"], self.left + self.width, -1)]
        reached = [edge if end is None else self.x(end) for end, edge, _ in ends]
        open_ = " unknown" if v["low"] is None or v["high"] is None else ""
        parts = [f'<path class="span {style}{open_}" d="M{number(reached[0])} {number(y)}H{number(reached[1])}"/>']
        for (end, edge, way), at in zip(ends, reached, strict=True):
            if end is None or not self.axis.low <= end <= self.axis.high:
                tip = f"M{number(edge + 7 * way)} {number(y - 5)}l{-7 * way} 5l{7 * way} 5"
                parts.append(f'<path class="arrow {style}" d="{tip}"/>')
            else:
                parts.append(f'<path class="cap {style}" d="M{number(at)} {number(y - 6)}v12"/>')
        parts.append(
            f'<path class="mark-{style}" transform="translate({number(self.x(v["effect"]))} {number(y)})" '
            f'd="{words.SHAPES[v["word"]]}"><title>{escape(said)}</title></path>'
        )
        return parts


def in_words(name: str, verdict: Mapping[str, Any]) -> str:
    """A row for who cannot see it: "dropout: hurts, −0.52 points (−0.64 to −0.40)"."""
    if verdict["effect"] is None:
        return f"{name}: undecided, no pair yet"
    return f"{name}: {verdict['said']}, {words.effect(verdict)} points ({words.interval(verdict)})"


@dataclass(frozen=True)
class Forest:
    """All arms under one another: effect, interval, the line of no effect and the shaded margin.

    arms: (title, verdict) of `named` each; margin: percentage points; narrow: for phones, names above the intervals.
    """

    title: str
    arms: Sequence[tuple[str, Mapping[str, Any]]]
    margin: float
    narrow: bool = False

    def describe(self) -> str:
        """Every arm in words."""
        rows = "; ".join(in_words(name, verdict) for name, verdict in self.arms) or "no arms"
        return f"{rows}. Effects within ±{self.margin:g} points count as too small to matter."

    def svg(self) -> str:
        """A row an arm, in the order of the study."""
        names = BOLD * max((min(len(name), LONGEST) for name, _ in self.arms), default=0)
        left, whole = (10.0, 360.0) if self.narrow else (24 + names, 960.0)
        pitch, top = (74, 40) if self.narrow else (50, 42)
        ruler = Ruler(
            effect_axis([v for _, v in self.arms], self.margin),
            self.margin,
            left,
            whole - left - (10 if self.narrow else 230),
        )
        bottom = top + pitch * max(len(self.arms), 1)
        zero = ruler.x(0)
        rows = [top + pitch * place for place in range(len(self.arms))]
        begin = left if self.narrow else 0
        parts = [f'<path class="grid" d="M{number(begin)} {number(y)}H{number(left + ruler.width)}"/>' for y in rows]
        parts += ruler.ground(top, bottom)
        for value in ticks(ruler.axis.low, ruler.axis.high, 5 if self.narrow else 8):
            x = ruler.x(value)
            parts.append(f'<path class="axis" d="M{number(x)} {number(bottom)}v5"/>')
            parts.append(label(x, bottom + 20, words.signed(value, _decimals(value)), "tick", "middle"))
        parts.append(f'<path class="axis" d="M{number(left)} {number(bottom)}H{number(left + ruler.width)}"/>')
        axis = "effect in percentage points of accuracy" if self.narrow else ruler.axis.label
        parts.append(label(left + ruler.width / 2, bottom + 42, axis, "name", "middle"))
        parts.append(label(zero, top - 24, "no effect", "name", _anchor(zero, left, ruler.width)))
        parts.append(label(left, top - 7, "← worse", "side w-hurts"))
        parts.append(label(left + ruler.width, top - 7, "better →", "side w-helps", "end"))
        for y, (name, verdict) in zip(rows, self.arms, strict=True):
            parts.extend(self._row(ruler, name, verdict, y, pitch))
        return wrap(
            parts, whole, bottom + 52, self.title, self.describe(), "forest " + ("narrow" if self.narrow else "wide")
        )

    def _row(self, ruler: Ruler, name: str, verdict: Mapping[str, Any], top: float, pitch: float) -> list[str]:
        style, right = words.STYLES[verdict["word"]], ruler.left + ruler.width
        figures = f"{words.effect(verdict)} ({words.interval(verdict)})" if verdict["n"] else "no pair yet"
        if self.narrow:
            return [
                label(ruler.left, top + 20, short(name, 40), "row"),
                label(ruler.left, top + 39, f"{verdict['said']}: {figures}", f"value {style}"),
                *ruler.interval(verdict, top + 57, in_words(name, verdict)),
            ]
        y = top + pitch / 2
        return [
            f"<g><title>{escape(name)}</title>{label(ruler.left - 16, y + 5, short(name, LONGEST), 'row', 'end')}</g>",
            *ruler.interval(verdict, y, in_words(name, verdict)),
            label(right + 16, y - 3, figures, "value"),
            label(right + 16, y + 16, verdict["said"], f"value {style}"),
        ]


@dataclass(frozen=True)
class Strip:
    """One arm's interval on the scale that all cards of the page share."""

    title: str
    verdict: Mapping[str, Any]
    axis: Axis

    def describe(self) -> str:
        """The interval in words."""
        margin = f"effects within ±{self.verdict['margin']:g} points count as too small to matter"
        return f"{in_words('effect', self.verdict)}; {margin}."

    def svg(self) -> str:
        """The interval above its scale."""
        ruler = Ruler(self.axis, self.verdict["margin"], 8, 344)
        parts = ruler.ground(4, 38)
        parts += ruler.interval(self.verdict, 21, in_words("effect", self.verdict))
        parts.append('<path class="axis" d="M8 38H352"/>')
        parts.append(label(8, 53, "← worse", "name"))
        parts.append(label(352, 53, "better →", "name", "end"))
        zero = ruler.x(0)
        if 80 < zero < 280:
            parts.append(label(zero, 53, "no effect", "name", "middle"))
        return wrap(parts, 360, 58, self.title, self.describe(), "strip")


def _decimals(value: float) -> int:
    """Decimals that a round number needs."""
    return next((d for d in range(4) if abs(value - round(value, d)) < 1e-9), 4)


def _anchor(x: float, left: float, width: float) -> str:
    return "start" if x < left + 40 else "end" if x > left + width - 40 else "middle"
