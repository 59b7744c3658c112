"""Scales: round ticks, linear and logarithmic, and what stands beside them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fashionlab.reports.wording import MINUS


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


def tick_text(value: float, as_percent: bool) -> str:
    """A tick's text; large and small numbers stay short."""
    text = f"{100 * value:.4g} %" if as_percent else f"{value:,.4g}" if abs(value) < 1e5 else f"{value:.0e}"
    return text.replace("-", MINUS, 1) if text.startswith("-") else text


def padded(values: Sequence[float], share: float = 0.05) -> tuple[float, float]:
    """A range that holds all finite values with some air around them."""
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    air = (high - low) * share or abs(high) * share or 0.5
    return low - air, high + air


def floats(values: Sequence[float | None]) -> np.ndarray:
    """float64 [n]; NaN for None."""
    return np.array([math.nan if v is None else v for v in values], np.float64)


@dataclass(frozen=True)
class Scale:
    """One direction of a panel: the values from `low` to `high`, what they are, and how they are written.

    as_percent: fractions, read as per cent; most: ticks; logarithmic: the scale is, and values are above 0; own: ticks
    (value, text) instead of round numbers.
    """

    low: float
    high: float
    label: str
    as_percent: bool = False
    most: int = 6
    logarithmic: bool = False
    own: Sequence[tuple[float, str]] | None = None

    def ticks(self) -> list[tuple[float, str]]:
        """Values and their texts."""
        if self.own is not None:
            return list(self.own)
        found = (log_ticks if self.logarithmic else ticks)(self.low, self.high, self.most)
        return [(value, tick_text(value, self.as_percent)) for value in found]
