"""A verdict in plain words, for a reader without a course in statistics."""

import math
from typing import TYPE_CHECKING

from fashionlab.studies.stats.forecast import LEAST, MOST

if TYPE_CHECKING:
    from fashionlab.studies.stats.verdict import Verdict


def sentence(verdict: "Verdict") -> str:
    """What was found and how sure that is, in one or two sentences."""
    v = verdict
    if v.effect is None:
        return f"{v.subject}: undecided. No pair of runs is finished yet."
    so_far = f"{_change(v.effect)}, averaged over {_seeds(v.n)}" if v.n > 1 else f"{_change(v.effect)} on one seed"
    if v.low is None or v.high is None:
        few = "one cannot show" if v.n == 1 else "too few to show"
        return f"{v.subject}: undecided. So far {so_far}: {few} how much of it is chance."
    digits = _digits((v.low, v.high), (0.0, v.margin, -v.margin))
    sure = f"at {confidence(v.level)} confidence"
    signed = f"between {v.low:+.{digits}f} and {v.high:+.{digits}f} percentage points"
    if v.word == "undecided":
        return f"{v.subject}: undecided. So far {so_far}; {sure} the true effect is anything {signed}."
    if v.word == "no practical difference":
        inside = f"inside the margin of ±{v.margin:g}"
        return f"{v.subject} makes no practical difference: {sure} the true effect lies {signed}, {inside}."
    least, most = sorted((abs(v.low), abs(v.high)))
    what = "gain" if v.word == "helps" else "loss"
    span = f"between {least:.{digits}f} and {most:.{digits}f} percentage points"
    return f"{v.subject} {v.word}: {so_far}; {sure} the true {what} lies {span}."


def second(verdict: "Verdict") -> str:
    """The second line: beyond the margin or not, or how many seeds more; with a warning where one is due."""
    v = verdict
    margin = f"the margin of {v.margin:g} points"
    low, high = v.low or 0.0, v.high or 0.0
    what = "gain" if low > 0 else "loss" if high < 0 else None
    if v.word == "undecided":
        line = _more_seeds(v.seeds_needed)
    elif what is None:
        line = f"If there is an effect at all, it is, at this confidence, smaller than {margin}."
    elif v.exceeds_margin:
        line = f"The {what} exceeds {margin}: it matters in practice."
    elif -v.margin < low and high < v.margin:
        line = f"There is a {what}, but one smaller than {margin}."
    else:
        line = f"Whether the {what} exceeds {margin} is not settled."
    if v.contradicts:
        line += (
            " Caution: later seeds moved the mean out of what earlier seeds had allowed; "
            "this is rare, unless runs fail on some seeds or something changed in between."
        )
    return line


def confidence(level: float) -> str:
    """1 - level as a percentage, rounded down to a tenth, so that it never claims too much: "96 %", "98.8 %"."""
    # The tiny addend keeps 1 - 0.008, in floating point a hair below 0.992, from becoming 99.1.
    return f"{math.floor(1000 * (1 - level) + 1e-6) / 10:g} %"


def _change(effect: float) -> str:
    """An effect without its sign: "accuracy is about 0.52 points higher than the baseline's"."""
    # Sums that should cancel leave 1e-17.
    if abs(effect) < 0.0001:
        return "accuracy is the same as the baseline's"
    size = f"{abs(effect):.{_digits((effect,), (0.0,))}f}"
    return f"accuracy is about {size} points {'higher' if effect > 0 else 'lower'} than the baseline's"


def _seeds(n: int) -> str:
    return "1 seed" if n == 1 else f"{n:,} seeds"


def _more_seeds(needed: int | None) -> str:
    if needed is None:
        return f"How many more seeds it needs can be estimated from {_seeds(LEAST)} on."
    if needed >= MOST:
        return f"If it goes on like this, even {MOST:,} more seeds may not decide it."
    more = "one more seed" if needed == 1 else f"{needed:,} more seeds"
    return f"If it goes on like this, very roughly {more} could decide it."


def _digits(values: tuple[float, ...], marks: tuple[float, ...]) -> int:
    """Decimals, at least 2, with which no value that is above or below a mark looks as if it were on or across it."""
    for digits in range(2, 6):
        shown = [round(value, digits) for value in values]
        if all(
            (a > mark) == (b > mark) and (a < mark) == (b < mark)
            for a, b in zip(values, shown, strict=True)
            for mark in marks
        ):
            return digits
    return 6
