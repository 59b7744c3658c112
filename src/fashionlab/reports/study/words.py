"""Numbers and changes in words: what the cards, charts and tables of a study's page have in common."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fashionlab.reports.run.reproduce import setting_text, value_text

MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"

STYLES = {"helps": "w-helps", "hurts": "w-hurts", "no practical difference": "w-same", "undecided": "w-open"}
"""The class of the style sheet for every word of a verdict."""

SHAPES = {
    "helps": "M0 -7L7 5.5H-7Z",
    "hurts": "M0 7L7 -5.5H-7Z",
    "no practical difference": "M-6.5 -5H6.5V-1.2H-6.5ZM-6.5 1.2H6.5V5H-6.5Z",
    "undecided": "M0 -5.5a5.5 5.5 0 1 0 .01 0Z",
}
"""A mark for every word, 14 wide about the origin: up, down, an equals sign, a ring; told apart without colour."""

PLURALS = {"helps": "help", "hurts": "hurt", "no practical difference": "make no practical difference"}
"""What several changes do."""

OFF = (None, False, 0)
"""Values that mean that something is not there."""


def confidence(level: float) -> str:
    """1 - level as a percentage, rounded down to a tenth: "96 %", "98.8 %", as the verdict's sentence says it."""
    return f"{_permille(level) / 10:g}{SPACE}%"


def odds(level: float) -> str:
    """How often a study made alike is wrong, rounded up: "1 in 100", "14 in 1,000"."""
    wrong = 1000 - _permille(level)
    return f"{wrong // 10} in 100" if wrong % 10 == 0 else f"{wrong} in 1,000"


def _permille(level: float) -> int:
    # The tiny addend keeps 1 - 0.008, in floating point a hair below 0.992, from becoming 99.1 %.
    return math.floor(1000 * (1 - level) + 1e-6)


def signed(value: float | None, digits: int = 2) -> str:
    """A number with its sign: "+0.52", "−0.64", "0.00"; a dash for none."""
    if value is None:
        return "–"
    text = f"{abs(value):.{digits}f}"
    return text if not float(text) else (MINUS if value < 0 else "+") + text


def with_minus(text: str) -> str:
    """A sentence of the verdict with the sign that the page has in its figures."""
    return re.sub(r"(?<!\w)-(?=\d)", MINUS, text)


def brief(value: float | None) -> str:
    """A signed number in three figures, whatever its size: "−0.0123", "+4.2", "+1,230"."""
    if value is None:
        return "–"
    size = abs(value)
    text = f"{size:,.0f}" if size >= 100 else f"{size:.3g}" if size >= 0.001 or not size else f"{size:.1e}"
    return text if not value else (MINUS if value < 0 else "+") + text


def plain(value: float | None, digits: int = 2) -> str:
    """A number without a plus sign, a dash for none."""
    return "–" if value is None else f"{value:,.{digits}f}".replace("-", MINUS)


def digits_of(verdict: Mapping[str, Any]) -> int:
    """Decimals, at least 2, with which no end of the interval that lies beyond 0 or the margin looks as if on it.

    The rule of `studies.wording`, so that cards, charts and sentences show the same figures.
    """
    marks = (0.0, verdict["margin"], -verdict["margin"])
    values = [v for v in (verdict["low"], verdict["high"]) if v is not None]
    for digits in range(2, 6):
        pairs = [(v, round(v, digits), mark) for v in values for mark in marks]
        if all((v > mark) == (shown > mark) and (v < mark) == (shown < mark) for v, shown, mark in pairs):
            return digits
    return 6


def effect(verdict: Mapping[str, Any]) -> str:
    """The effect with its sign; a dash without pairs."""
    value = verdict["effect"]
    # 0.004 must not look like nothing, nor 1e-17 like something.
    digits = next((d for d in range(2, 5) if value is None or abs(value) < 1e-4 or round(value, d)), 4)
    return signed(value, digits)


def interval(verdict: Mapping[str, Any]) -> str:
    """The interval, "−0.64 to −0.40", or that there is none yet."""
    if verdict["low"] is None or verdict["high"] is None:
        return "no bound yet"
    digits = digits_of(verdict)
    return f"{signed(verdict['low'], digits)} to {signed(verdict['high'], digits)}"


def counted(n: int, noun: str) -> str:
    """ "1 seed", "10 seeds", "no seed"."""
    return f"no {noun}" if n == 0 else f"1 {noun}" if n == 1 else f"{n:,} {noun}s"


def what_changed(changes: Mapping[str, Sequence[Any]], name: str) -> str:
    """An arm as a reader thinks of it: "Removing dropout", "Changing batch size".

    changes: field -> [from, to]. A value that is off (none, false, 0) on one side makes it adding or removing. A name
    that somebody gave, rather than settings spelled out ("dropout=0"), says more than the fields do.
    """
    if name.startswith("without "):
        return f"Removing {name.removeprefix('without ')}"
    if "=" not in name:
        return name
    if "model" in changes:
        return f"{value_text(changes['model'][1])} instead of {value_text(changes['model'][0])}"
    if not 1 <= len(changes) <= 2:
        return name
    said = [f"{_verb(before, after)} {setting_text(field)}" for field, (before, after) in changes.items()]
    text = " and ".join(said)
    return text[0].upper() + text[1:]


def _verb(before: Any, after: Any) -> str:
    was, will_be = not _is_off(before), not _is_off(after)
    return "removing" if was and not will_be else "adding" if will_be and not was else "changing"


def _is_off(value: Any) -> bool:
    """Whether a value means that something is not there, in every layer where it has one for each."""
    return all(map(_is_off, value)) if isinstance(value, (list, tuple)) else value in OFF


def values(changes: Mapping[str, Sequence[Any]]) -> str:
    """The values alone where one field changed, "0.3 → 0.1"; otherwise with the fields."""
    if len(changes) != 1:
        return from_to(changes)
    ((before, after),) = changes.values()
    return f"{value_text(before)} → {value_text(after)}"


def from_to(changes: Mapping[str, Sequence[Any]], most: int = 4) -> str:
    """The values: "dropout 0.3 → 0, batch size 64 → 256"; beyond `most` fields their number."""
    said = [f"{setting_text(field)} {value_text(a)} → {value_text(b)}" for field, (a, b) in changes.items()]
    more = f" and {len(said) - most} more" if len(said) > most else ""
    return ", ".join(said[:most]) + more


def one_line(text: str) -> str:
    """Users' text for a terminal: nothing in it drives the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
