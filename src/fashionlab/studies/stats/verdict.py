"""The verdict on one arm: helps, hurts, no practical difference or undecided."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from fashionlab.studies.stats.boundary import Boundary
from fashionlab.studies.stats.bounded import excluded, seeds_to_exclude
from fashionlab.studies.stats.forecast import seeds_needed
from fashionlab.studies.stats.rare import intervals_without, rare
from fashionlab.studies.stats.sequential import Trajectory

Word = Literal["helps", "hurts", "no practical difference", "undecided"]

WORDS: tuple[Word, ...] = ("undecided", "helps", "hurts", "no practical difference")
"""By the codes that `follow` gives."""

SAME: Word = "no practical difference"

MARGIN = 0.2
"""Percentage points that matter in practice, unless told otherwise."""

LEAST_ACTING = 10
"""Seeds that must differ by more than half the margin before normality is trusted with "no practical difference": of
fewer it is not known what a seed that acts can do."""

ANYTIME = (
    "anytime-valid t-test and confidence sequence for the mean paired difference, variance unknown, Gaussian mixture "
    "over the effect size (Wang and Ramdas 2023): the interval holds at every number of seeds at once. "
)

DECLARED = (
    "repeated confidence interval for the mean paired difference, variance unknown, by a boundary of O'Brien and "
    "Fleming's form for the declared number of seeds, with 70 % of alpha, and anytime-valid confidence sequence (Wang "
    "and Ramdas 2023) with 20 %, which goes on beyond that number; 10 % are kept for differences that are skewed. "
    "Their common part holds at every number of seeds at once. "
)

COVERS = (
    "It covers resplits and retrainings on these images, not other data, and takes differences to be normally "
    "distributed. Where most seeds differ by less than half the margin, no practical difference is said only by "
    "bounded bets too (Waudby-Smith and Ramdas 2024), which take no distribution, but no difference beyond the largest "
    "that is reckoned with"
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
    equal           how many of them have a difference of exactly 0; like `idle` to `hangs` not in the oldest summaries,
                    which read as if there were none
    alpha           of this arm: probability, accepted beforehand, that the interval is ever wrong; 0.04 is 96 %
                    confidence
    margin          what counts as a practical difference
    resolution      the step between possible differences
    p_value         of "no effect", valid at every number of seeds: below `alpha` where the interval excludes 0, and
                    never rising again
    exceeds_margin  helps, hurts: whether the whole interval lies beyond the margin; otherwise None
    settled_at      pairs after which the word was first said; None while undecided
    contradicts     the effect lies outside its running interval: later seeds point elsewhere than the first ones, by
                    bad luck or because the assumptions do not hold
    seeds_needed    undecided: estimate of further seeds (see `forecast`); otherwise, and where it cannot be told, None:
                    before three seeds, and while the word hangs on rare seeds
    idle            how many differences are within half the margin
    hidden          undecided, though the interval lies within the margin: most seeds are idle, and the others may do
                    more than the interval knows of
    rare            how many seeds are far from all others (`stats.rare`)
    hangs           what the interval says does not hold both with and without those: undecided; of a word that had been
                    said before they came, a warning
    declared_seeds  declared before the arm's first result, which its interval makes use of; None: none, as of older and
                    of imported studies
    method          what was computed and what it covers
    """

    word: Word
    effect: Points | None
    low: Points | None
    high: Points | None
    deviation: Annotated[float, Meta(ge=0, le=1e6)] | None
    n: _Count
    alpha: Annotated[float, Meta(gt=0, lt=1)]
    margin: Annotated[float, Meta(gt=0, le=100)]
    resolution: Annotated[float, Meta(gt=0, le=100)]
    p_value: Annotated[float, Meta(ge=0, le=1)]
    exceeds_margin: bool | None
    settled_at: _Count | None
    contradicts: bool
    seeds_needed: _Count | None
    equal: _Count = 0
    idle: _Count = 0
    hidden: bool = False
    rare: _Count = 0
    hangs: bool = False
    declared_seeds: _Count | None = None
    method: str = ANYTIME + COVERS


def judge(
    differences: Sequence[float] | np.ndarray,
    *,
    alpha: float,
    resolution: float,
    margin: float = MARGIN,
    declared_seeds: int | None = None,
) -> Verdict:
    """The verdict on an arm from its paired differences.

    differences: [n], percentage points, the arm's accuracy minus the baseline's, **in the order of the seeds**, and up
    to the first seed that is still running: in order of arrival the quick runs would come first, and a run that
    arrived late would change what was said before. alpha: from `AlphaSpending`; resolution: 100 / images of the judging
    set; margin: percentage points, above 0; declared_seeds: see `Boundary`.

    Let (low, high) be the running interval of `Boundary.trajectory`. After each seed an undecided arm is said to

        help, hurt                      if low > 0, if high < 0
        make no practical difference    otherwise, if -margin < low and high < margin

    and the word then stays, however many seeds follow, as does what it rests on: running intervals only shrink. So an
    arm may be found to make no practical difference, and more seeds may show that the little it does is not nothing:
    then the second line says so, and the word is still true. The chance that an arm without effect is ever said to help
    or hurt is at most `alpha`; so is that of a verdict "no practical difference" where the effect reaches the margin.

    Zero variance is no special case: the deviation counts as one `resolution` at least (see `running_moments`).

    Two things keep a word from being said. A change may act on few seeds, and lose much there: no normal distribution
    describes that. (Equal in 90 % of seeds, 3 points lost in the others: an interval after four seeds lies within the
    margin in 66 % of studies.) So while most seeds are idle (`mostly_idle`), "no practical difference" is said only if
    a mean beyond the margin is also refuted by bets that take no distribution (`stats.bounded`): after about 58 seeds
    of which none acts, at a margin of 0.2. And once a few seeds lie far from all others (`stats.rare`), a word is said
    only if it holds with and without them.

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
    boundary = Boundary(alpha, declared_seeds)
    course = follow(values, boundary=boundary, resolution=resolution, margin=margin)
    known, words, n = course.known, course.words, len(values)
    if not n:
        effect, low, high, p_value, word = None, -math.inf, math.inf, 1.0, WORDS[0]
    else:
        effect, low, high = (float(x[-1]) for x in (known.mean, known.low, known.high))
        p_value = boundary.p_value(known)
        word = WORDS[words[-1]]
    hangs = bool(n and course.hangs[-1])
    needed = None
    if n and word == "undecided" and not hangs:
        same_after = _seeds_until_same(values, alpha, margin)
        needed = seeds_needed(known, boundary=boundary, margin=margin, same_after=same_after)
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
        seeds_needed=needed,
        idle=int((np.abs(values) <= margin / 2).sum()),
        hidden=word == "undecided" and bool(n and course.hidden[-1] and course.alone[-1] == WORDS.index(SAME)),
        rare=int(rare(values, resolution).sum()) if n else 0,
        hangs=hangs,
        declared_seeds=boundary.declared,
        method=(ANYTIME if boundary.declared is None else DECLARED) + COVERS,
    )


@dataclass(frozen=True, eq=False)
class Course:
    """What is said after each seed; arrays [..., n], the last axis counts the seeds.

    known: the running intervals; words: places in WORDS, the first word other than "undecided" stays; alone: what the
    interval says by itself at this seed; hidden: most seeds so far do nothing, and what a few others may do is not
    bounded, so "no practical difference" is not said; hangs: what the interval says does not hold both with and without
    the seeds that are `rare`, so it is not said.
    """

    known: Trajectory
    words: np.ndarray
    alone: np.ndarray
    hidden: np.ndarray
    hangs: np.ndarray


def follow(differences: np.ndarray, *, boundary: Boundary, resolution: float, margin: float) -> Course:
    """What `judge` says after every seed, for differences [..., n].

    Raises ValueError for what `trajectory` refuses, and unless the margin is above 0 and finite.
    """
    if not 0 < margin < math.inf:
        raise ValueError(f"given margin {margin}, expected percentage points above 0")
    values = np.asarray(differences, np.float64)
    known = boundary.trajectory(values, resolution=resolution)
    places = range(1, len(WORDS))
    alone = np.select([_holds(known.low, known.high, word, margin) for word in places], [*places], 0)
    hidden = mostly_idle(values, margin) & ~excluded(values, alpha=boundary.alpha, margin=margin)
    low, high = intervals_without(values, boundary=boundary, resolution=resolution)
    half = boundary.half_width(np.arange(1, values.shape[-1] + 1), known.squares)
    both = np.select(
        [alone == word for word in places],
        [
            _holds(low, high, word, margin) & _holds(known.mean - half, known.mean + half, word, margin)
            for word in places
        ],
        True,
    )
    hangs = ~np.isnan(low) & ~both
    said = np.where(hangs | (hidden & (alone == WORDS.index(SAME))), 0, alone)
    if said.size:
        first = np.take_along_axis(said, np.argmax(said > 0, axis=-1)[..., np.newaxis], axis=-1)
        said = np.where(np.maximum.accumulate(said > 0, axis=-1), first, 0)
    return Course(known, said, alone, hidden, hangs)


def mostly_idle(differences: np.ndarray, margin: float) -> np.ndarray:
    """After each of the differences [..., n]: whether at most half of those so far, or fewer than LEAST_ACTING, are
    beyond half the margin; bool [..., n]."""
    acting = np.cumsum(np.abs(differences) > margin / 2, axis=-1)
    return (acting < LEAST_ACTING) | (2 * acting <= np.arange(1, differences.shape[-1] + 1))


def _seeds_until_same(differences: np.ndarray, alpha: float, margin: float) -> float:
    """Seeds in all until "no practical difference" may be said, if they go on as they did; see `follow`."""
    n, acting = len(differences), int((np.abs(differences) > margin / 2).sum())
    by_bets = seeds_to_exclude(differences, alpha=alpha, margin=margin)
    return by_bets if 2 * acting <= n else min(by_bets, LEAST_ACTING * n / acting)


def _holds(low: np.ndarray, high: np.ndarray, word: int, margin: float) -> np.ndarray:
    """Whether an interval says the word, a place in WORDS above 0."""
    if WORDS[word] == SAME:
        return (low > -margin) & (high < margin)
    return low > 0 if WORDS[word] == "helps" else high < 0
