"""The anytime-valid t-test: intervals for a mean that hold at every number of seeds at once.

An ordinary 95 % interval is right for a number of seeds fixed beforehand. Who looks after every seed, and stops when
the interval pleases, is wrong far more often. The intervals here may be looked at after every seed: with probability
1 - alpha all of them, for all n, contain the mean.

They assume differences that are independent from seed to seed and normally distributed, with unknown variance. The
accuracy of thousands of images is a sum of many small things, so this is close, and heavy tails that are alike on
both sides do no harm. Rare failures of one arm only do: if it loses 3 points in one seed of twenty and gains the same
in all the others together, the mean is 0, but most short studies see only the gain. As every seed draws a new split of
the same images, the mean is that over resplits and retrainings of this data set, not over other data.

H. Wang and A. Ramdas, "Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance",
Sequential Analysis 44 (2025), arXiv 2310.03722 (2023); T. L. Lai, "On confidence sequences", Annals of Statistics 4
(1976), 265-280.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

PRIOR = 0.5
"""c: the test bets that the effect, in deviations of a difference, is drawn from the normal distribution N(0, 1/c²).

With c = 0.5 a typical effect is 2 deviations, such as 0.5 points at the deviation of 0.25 that paired runs have. The
guarantee holds for every c; c only says at which numbers of seeds the intervals are narrow. At alpha 0.04, deviation
0.25 and margin 0.2, the absence of an effect is found after 26 seeds (median), with c = 1 after 24, with 0.25 after 29.
But c = 1 knows no interval before the fifth seed, at alpha 0.01 none before the sixth, and large effects should not
have to wait; c = 0.5 has one from the fourth and the fifth.
"""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """What is known after each seed; arrays [..., n], the last axis counts the seeds.

    mean: of the differences so far; squares: the sum of their squared distances from it, floored (`running_moments`).
    low, high: the running interval, -inf and inf while nothing can be said; never wider than after the seed before.
    p_value: anytime-valid, of "the mean is 0": the least alpha at which some interval so far excludes 0, 1 at most.
    """

    mean: np.ndarray
    squares: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray


Width = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Half the width of an interval, from n and squares; see `half_width`."""


def trajectory(differences: np.ndarray, *, alpha: float, resolution: float, width: Width | None = None) -> Trajectory:
    """The interval after every seed: how the intervals shrink.

    differences: finite [..., n], in order of seeds, n may be 0; the leading axes are studies of their own. alpha:
    probability, 0 to 1 exclusive, that any of the intervals misses the mean; resolution: see `running_moments`, above
    0. All in one unit, percentage points say. width: of intervals that all contain the mean with that probability; None
    for the anytime-valid ones. Raises ValueError for anything else.

    The running interval is the intersection of the intervals so far. As with probability 1 - alpha all of these contain
    the mean, their intersection does too: nothing is lost, and what was excluded once stays excluded. The intersection
    becomes empty only where some interval missed the mean, by bad luck or because the assumptions do not hold; the last
    one that was not empty is kept then: a larger set, so the guarantee stands. The mean so far lies outside it then,
    and may do so a little earlier: intervals about another mean have already excluded it.
    """
    values = np.asarray(differences, np.float64)
    if values.ndim < 1 or not np.isfinite(values).all():
        raise ValueError(f"given differences {_shown(values)}, expected a list of finite numbers, one for each pair")
    if not 0 < alpha < 1:
        raise ValueError(f"given alpha {alpha}, expected a fraction between 0 and 1, such as 0.04")
    if not 0 < resolution < math.inf:
        raise ValueError(f"given resolution {resolution}, expected the step between possible differences, above 0")
    mean, squares = running_moments(values, resolution)
    seeds = np.arange(1, values.shape[-1] + 1)
    half = half_width(seeds, squares, alpha) if width is None else width(seeds, squares)
    low, high = _intersect(mean - half, mean + half)
    most = np.maximum.accumulate(log_martingale(seeds, mean, squares), axis=-1)
    return Trajectory(mean, squares, low, high, np.exp(np.minimum(-most, 0)))


def running_moments(values: np.ndarray, resolution: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """After each of the values [..., n]: the mean, and the sum of squared distances from it, two arrays [..., n].

    By the recurrence of B. P. Welford, Technometrics 4 (1962), 419-420, which loses no digits where the mean is large
    next to the deviation, and leaves exactly 0 where all values are equal.

    The sum is never less than (n-1)·resolution²: the deviation counts as one `resolution` at least. The accuracy on a
    judging set of m images moves in steps of 100/m points, so a few equal differences are no proof that there is no
    chance at work, only that there is less of it than the steps show; taken at its word, a variance of zero would make
    any constant difference certain after a handful of seeds. A larger sum makes every interval wider and every p-value
    larger, so the floor errs to the safe side only. Identical arms, all differences 0, get a narrow interval about 0.
    """
    mean, squares = np.zeros_like(values), np.zeros_like(values)
    m, s = np.zeros(values.shape[:-1]), np.zeros(values.shape[:-1])
    for i in range(values.shape[-1]):
        step = values[..., i] - m
        m = m + step / (i + 1)
        s = s + step * (values[..., i] - m)
        mean[..., i], squares[..., i] = m, np.maximum(s, i * resolution**2)
    return mean, squares


def log_martingale(n: np.ndarray, mean: np.ndarray, squares: np.ndarray, null: float = 0.0) -> np.ndarray:
    """The natural logarithm of the test martingale M against "the mean is `null`", for n values with these moments.

    M is the wealth of a gambler who began with 1 and bets against the null, at fair odds if it is true: the likelihood
    ratio of the values with their unit forgotten (so that the variance need not be known), averaged over effect sizes
    drawn from N(0, 1/c²). By Ville's inequality M ever reaches 1/alpha with probability `alpha` at most. With
    d = mean - null, Q = squares and V = Q + n d² (the Gaussian mixture of Wang and Ramdas, in other letters):

        M = sqrt(c²/(n+c²)) · (1 - (n d)² / ((n+c²) V))^(-n/2)

    It decreases in Q. One value alone says nothing, its unit being all there is to it: M = 1. Where V is 0, d² / V
    counts as 0. M is a martingale to those who see the values without their unit. So its supremum means what Ville
    says, whenever one stops; its value on stopping at a moment chosen by the unit (the interval lies inside so many
    points) is no fair gain, and is not shown anywhere.

    n: at least 1, broadcast against mean, squares, null.
    """
    c2 = PRIOR**2
    explained = n * (mean - null) ** 2
    total = squares + explained
    share = np.divide(explained, total, out=np.zeros(np.shape(total)), where=total > 0)
    return 0.5 * np.log(c2 / (n + c2)) - n / 2 * np.log1p(-share * n / (n + c2))


def half_width(n: np.ndarray, squares: np.ndarray, alpha: float) -> np.ndarray:
    """Half the width of the interval of the nulls that M has not refuted, M < 1/alpha: mean ± half_width.

    Solved for d, with q = (level² c²/(n+c²))^(1/n):  d² = squares · (1-q)(n+c²) / (n ((n+c²) q - c²)).
    Infinite while (n+c²) q <= c²: for n = 1 always, and up to n = 3 at alpha 0.04, n = 4 at 0.01.
    """
    c2 = PRIOR**2
    power = (2 * math.log(alpha) + np.log(c2 / (n + c2))) / n
    rest = (n + c2) * np.exp(power) - c2
    bounded = rest > 0
    squared = -np.expm1(power) * (n + c2) * squares / (n * np.where(bounded, rest, 1.0))
    return np.where(bounded, np.sqrt(squared), np.inf)


def _intersect(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Running intersection along the last axis, held where it would become empty."""
    low, high = np.maximum.accumulate(low, axis=-1), np.minimum.accumulate(high, axis=-1)
    empty = low > high
    if not empty.any():
        return low, high
    # Once empty, always empty: the last interval that was not is the one before the first that is.
    last = np.where(empty.any(axis=-1), empty.argmax(axis=-1) - 1, low.shape[-1] - 1)[..., np.newaxis]
    place = np.minimum(np.arange(low.shape[-1]), last)
    return np.take_along_axis(low, place, axis=-1), np.take_along_axis(high, place, axis=-1)


def _shown(values: np.ndarray) -> str:
    bad = values[~np.isfinite(values)]
    return f"with {float(bad[0])} among them" if bad.size else f"of shape {values.shape}"
