"""What every chart shares: the contract, scales, ticks, and the frame with its axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

CHARACTER = 6.6
"""Width of a character at the charts' 12 px text: an estimate on the wide side, because SVG cannot measure."""


class Chart(Protocol):
    """A display object: plain numbers in, one SVG element out."""

    @property
    def title(self) -> str:
        """What the chart is called."""

    def describe(self) -> str:
        """What it shows, in a sentence, for who cannot see it."""

    def svg(self) -> str:
        """An `<svg>` element with a role, a text alternative, and axes that name their units."""


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def percent(value: float, digits: int = 1) -> str:
    """A fraction as text: "89.9 %", with a space that does not break."""
    return f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from `low` to `high`, at most `most` of them; both ends need not be among them."""
    if not high > low:
        return [low]
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * f for f in (1, 2, 2.5, 5, 10, 20) if power * f >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers for a logarithmic scale: 1, 2 and 5 times powers of ten, or fewer of them, at most `most`."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        found = [f * 10.0**power for power in powers for f in factors if low <= f * 10.0**power <= high]
        if len(found) <= most:
            break
    return found[:: -(-len(found) // most)] if found else [low]


def tick_label(value: float, as_percent: bool) -> str:
    """A tick's text; large and small numbers stay short."""
    text = f"{100 * value:.4g} %" if as_percent else f"{value:,.4g}" if abs(value) < 1e5 else f"{value:.0e}"
    return text.replace("-", "\N{MINUS SIGN}", 1) if text.startswith("-") else text


@dataclass(frozen=True)
class Axis:
    """One direction: the values shown, what they are, and whether they read as per cent.

    logarithmic: the scale is, and values are above 0; own: ticks (value, text) instead of round numbers.
    """

    low: float
    high: float
    label: str
    as_percent: bool = False
    most: int = 6
    logarithmic: bool = False
    own: Sequence[tuple[float, str]] | None = None

    def share(self, value: float) -> float:
        """Where a value lies, from 0 at `low` to 1 at `high`."""
        if not self.high > self.low:
            return 0.5
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Values and their texts."""
        if self.own is not None:
            return list(self.own)
        found = log_ticks(self.low, self.high, self.most) if self.logarithmic else ticks(self.low, self.high, self.most)
        return [(value, tick_label(value, self.as_percent)) for value in found]


@dataclass(frozen=True)
class Frame:
    """The rectangle that data are drawn in, in the units of the SVG's view box."""

    x: Axis
    y: Axis
    left: float = 58
    top: float = 12
    width: float = 280
    height: float = 200

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The place of a point."""
        return self.left + self.x.share(x) * self.width, self.top + (1 - self.y.share(y)) * self.height

    def draw(self) -> list[str]:
        """Grid lines, ticks and the axes' names."""
        bottom, right = self.top + self.height, self.left + self.width
        parts = []
        for value, text in self.y.ticks():
            _, y = self.at(self.x.low, value)
            parts.append(f'<path class="grid" d="M{number(self.left)} {number(y)}H{number(right)}"/>')
            parts.append(label(self.left - 7, y + 4, text, "tick", "end"))
        for value, text in self.x.ticks():
            x, _ = self.at(value, self.y.low)
            parts.append(f'<path class="axis" d="M{number(x)} {number(bottom)}v4"/>')
            parts.append(label(x, bottom + 17, text, "tick", "middle"))
        parts.append(f'<path class="axis" d="M{number(self.left)} {number(bottom)}H{number(right)}"/>')
        parts.append(label(self.left + self.width / 2, bottom + 35, self.x.label, "name", "middle"))
        middle = self.top + self.height / 2
        parts.append(
            f'<text class="name" text-anchor="middle" transform="translate(13 {number(middle)}) rotate(-90)">'
            f"{escape(self.y.label)}</text>"
        )
        return parts


def short(text: str, longest: int) -> str:
    """A text that may lose its end to fit."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def label(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    """A piece of text, escaped."""
    return f'<text class="{style}" x="{number(x)}" y="{number(y)}" text-anchor="{anchor}">{escape(text)}</text>'


def wrap(parts: Sequence[str], width: float, height: float, title: str, description: str, style: str = "") -> str:
    """The whole SVG element, with its text alternative."""
    alternative = escape(f"{title}. {description}", quote=True)
    return (
        f'<svg class="chart {style}" viewBox="0 0 {number(width)} {number(height)}" role="img" '
        f'aria-label="{alternative}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def padded(values: Sequence[float], share: float = 0.05) -> tuple[float, float]:
    """A range that holds all finite values with some air around them."""
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    air = (high - low) * share or abs(high) * share or 0.5
    return low - air, high + air
