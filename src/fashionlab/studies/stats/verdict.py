"""The verdict on one arm: helps, hurts, no practical difference or undecided."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from fashionlab.studies.stats.forecast import seeds_needed
from fashionlab.studies.stats.sequential import trajectory

Word = Literal["helps", "hurts", "no practical difference", "undecided"]

WORDS: tuple[Word, ...] = ("undecided", "helps", "hurts", "no practical difference")
"""By the codes that `words_over_time` gives."""

MARGIN = 0.2
"""Percentage points that matter in practice, unless told otherwise."""

METHOD = (
    "anytime-valid t-test and confidence sequence for the mean paired difference, variance unknown, Gaussian mixture "
    "over the effect size (Wang and Ramdas 2023): the interval holds at every number of seeds at once. It covers "
    "resplits and retrainings on these images, not other data, and takes differences to be normally distributed"
)


Points = Annotated[float, Meta(ge=-1e6, le=1e6)]
"""Percentage points: an interval of few seeds may be wider than accuracy is, but nothing that a figure cannot show."""

_Count = Annotated[int, Meta(ge=0)]


class Verdict(Struct, frozen=True, kw_only=True):
    """What the seeds so far say about one arm; lengths and bounds in percentage points of accuracy.

    word            helps, hurts, no practical difference, undecided
    effect          mean paired difference, above 0: the arm is better; None without pairs
    low, high       its running interval, None while it has no bound
    deviation       standard deviation of the paired differences, as measured; None below two pairs
    n               pairs judged
    equal           how many of them have a difference of exactly 0
    alpha           of this arm: probability, accepted beforehand, that the interval is ever wrong; 0.04 is 96 %
                    confidence
    margin          what counts as a practical difference
    resolution      the step between possible differences
    p_value         anytime-valid, of "no effect": below `alpha` where the interval excludes 0, and never rising again
    exceeds_margin  helps, hurts: whether the whole interval lies beyond the margin; otherwise None
    settled_at      pairs after which the word was first said; None while undecided
    contradicts     the effect lies outside its running interval: later seeds point elsewhere than the first ones, by
                    bad luck or because the assumptions do not hold
    seeds_needed    undecided: estimate of further seeds (see `forecast`); otherwise, and where it cannot be told, None:
                    before three seeds, and while most pairs are equal
    method          what was computed and what it covers
    """

    word: Word
    effect: Points | None
    low: Points | None
    high: Points | None
    deviation: Annotated[float, Meta(ge=0, le=1e6)] | None
    n: _Count
    equal: _Count
    alpha: Annotated[float, Meta(gt=0, lt=1)]
    margin: Annotated[float, Meta(gt=0, le=100)]
    resolution: Annotated[float, Meta(gt=0, le=100)]
    p_value: Annotated[float, Meta(ge=0, le=1)]
    exceeds_margin: bool | None
    settled_at: _Count | None
    contradicts: bool
    seeds_needed: _Count | None
    method: str = METHOD


def judge(
    differences: Sequence[float] | np.ndarray,
    *,
    alpha: float,
    resolution: float,
    margin: float = MARGIN,
) -> Verdict:
    """The verdict on an arm from its paired differences.

    differences: [n], percentage points, the arm's accuracy minus the baseline's, **in the order of the seeds**, and up
    to the first seed that is still running: in order of arrival the quick runs would come first, and a run that
    arrived late would change what was said before. alpha: from `AlphaSpending`; resolution: 100 / images of the judging
    set; margin: percentage points, above 0.

    Let (low, high) be the running interval of `trajectory`. After each seed an undecided arm is said to

        help, hurt                      if low > 0, if high < 0
        make no practical difference    otherwise, if -margin < low and high < margin

    and the word then stays, however many seeds follow, as does what it rests on: running intervals only shrink. So an
    arm may be found to make no practical difference, and more seeds may show that the little it does is not nothing:
    then the second line says so, and the word is still true. The chance that an arm without effect is ever said to help
    or hurt is at most `alpha`; so is that of a verdict "no practical difference" where the effect reaches the margin.

    Zero variance is no special case: the deviation counts as one `resolution` at least (see `running_moments`). But
    while most pairs are exactly equal, "no practical difference" is not said: such a change acts on few seeds, what it
    does there may be large, and no normal distribution describes both. (Equal in 90 % of seeds, 3 points lost in the
    others: it would be said in 66 % of studies.)

    Raises ValueError for differences that are not finite or beyond ±100, and for an alpha, resolution or margin out of
    range.
    """
    values = np.asarray(differences, np.float64)
    if values.ndim != 1:
        raise ValueError(f"given differences of shape {values.shape}, expected [n]: one number for each pair")
    if (np.abs(values) > 100).any():
        raise ValueError(
            f"given a difference of {values[np.abs(values).argmax()]:g} percentage points, expected -100 to 100"
        )
    known = trajectory(values, alpha=alpha, resolution=resolution)
    words = words_over_time(known.low, known.high, margin, mostly_equal(values))
    n = len(values)
    held = bool(n and mostly_equal(values)[-1] and not words[-1])
    if not n:
        effect, low, high, p_value, word = None, -math.inf, math.inf, 1.0, WORDS[0]
    else:
        effect, low, high, p_value = (float(x[-1]) for x in (known.mean, known.low, known.high, known.p_value))
        word = WORDS[words[-1]]
    return Verdict(
        word=word,
        effect=effect,
        low=low if math.isfinite(low) else None,
        high=high if math.isfinite(high) else None,
        deviation=float(values.std(ddof=1)) if n > 1 else None,
        n=n,
        equal=int((values == 0).sum()),
        alpha=alpha,
        margin=margin,
        resolution=resolution,
        p_value=p_value,
        exceeds_margin=low > margin or high < -margin if word in ("helps", "hurts") else None,
        settled_at=None if word == "undecided" else int((words > 0).argmax()) + 1,
        contradicts=effect is not None and not low <= effect <= high,
        seeds_needed=None if held or word != "undecided" else seeds_needed(known, alpha=alpha, margin=margin),
    )


def mostly_equal(differences: np.ndarray) -> np.ndarray:
    """After each of the differences [..., n]: whether more than half of those so far are exactly 0, bool [..., n]."""
    return 2 * np.cumsum(differences == 0, axis=-1) > np.arange(1, differences.shape[-1] + 1)


def words_over_time(low: np.ndarray, high: np.ndarray, margin: float, held: np.ndarray) -> np.ndarray:
    """The word after every seed, as a place in WORDS, int [..., n], from running intervals [..., n] (`trajectory`).

    The first word other than "undecided" stays. held: where "no practical difference" is not said, [..., n]. Raises
    ValueError unless the margin is above 0 and finite.
    """
    if not 0 < margin < math.inf:
        raise ValueError(f"given margin {margin}, expected percentage points above 0")
    alone = np.select([low > 0, high < 0, (low > -margin) & (high < margin) & ~held], [1, 2, 3], 0)
    if not alone.size:
        return alone
    first = np.argmax(alone > 0, axis=-1)[..., np.newaxis]
    settled = np.take_along_axis(alone, first, axis=-1)
    return np.where(np.maximum.accumulate(alone > 0, axis=-1), settled, 0)
