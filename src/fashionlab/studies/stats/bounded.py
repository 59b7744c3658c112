"""Evidence about a mean without assuming a distribution: all it takes is that no difference is beyond a declared one.

A change that acts under few seeds has differences of which most are nothing and a few are large, and no normal
distribution describes both. What can be said of them whatever their distribution rests on bets: with x at least -L, the
wealth of a gambler who at every seed bets a fraction f of what cannot be lost,

    W = product of 1 + f (x + m) / (L - m),        0 < f <= 1,

grows on average only if the mean of x is above -m. So by Ville's inequality it ever reaches 1/alpha with probability
`alpha` at most where the mean is -m or below: at every number of seeds at once.

I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting", Journal of the Royal
Statistical Society B 86 (2024), arXiv 2010.09686.
"""

import math

import numpy as np

LARGEST = 3.0
"""Percentage points: the largest difference of one pair that is reckoned with. What a seed may lose is not known before
one has lost it; a study that is to speak of seeds which it has not seen must assume a bound."""

FRACTIONS = np.array([1.0, 0.6, 0.3, 0.12])
"""f: bold bets win soonest where no seed acts and are lost with the first that loses `LARGEST`; timid ones survive."""

WEIGHTS = np.array([0.4, 0.3, 0.2, 0.1])
"""Of the first wealth, by fraction: the wealth is their sum."""


def largest_for(margin: float) -> float:
    """The largest difference reckoned with, percentage points: LARGEST, and twice a margin that is wider than its half,
    as a difference that could not reach the margin would need no evidence."""
    return max(LARGEST, 2 * margin)


def log_wealth(values: np.ndarray, margin: float) -> np.ndarray:
    """ln of the largest wealth so far against "the mean is -margin or below", of values [..., n], after each.

    values: at least -`largest_for(margin)`; one below counts as that, which leaves the promise. Above, they need no
    bound.
    """
    worth = _log_bets(values, margin) + np.log(WEIGHTS).reshape(-1, *[1] * values.ndim)
    return np.maximum.accumulate(np.logaddexp.reduce(worth, axis=0), axis=-1)


def excluded(values: np.ndarray, *, alpha: float, margin: float) -> np.ndarray:
    """After each of the values [..., n]: whether a mean as large as the margin is refuted, either way; bool [..., n].

    Where the mean is as large as the margin, and no value beyond `largest_for(margin)`, this ever happens with
    probability `alpha` at most, whatever the distribution. (Of the two nulls only one can be true, so each may have all
    of `alpha`.)
    """
    least = np.minimum(log_wealth(values, margin), log_wealth(-values, margin))
    return least >= -math.log(alpha)


def seeds_to_exclude(values: np.ndarray, *, alpha: float, margin: float) -> float:
    """Seeds in all until `excluded`, if the wealth goes on growing as it did; infinite if it shrinks. values: [n]."""
    n, needed = len(values), []
    for side in (values, -values):
        growth = _log_bets(side, margin)[:, -1] / n
        growing = growth > 0
        seeds = (-math.log(alpha) - np.log(WEIGHTS[growing])) / growth[growing]
        needed.append(float(seeds.min()) if growing.any() else math.inf)
    return max(needed)


def share_below(acting: int, n: int, alpha: float) -> float:
    """An upper bound for the share of seeds under which something happens that did under `acting` of `n`; 0 to 1.

    It holds at every n at once with probability 1 - alpha: the least share whose bets, on 0 and 1, are refuted.
    """
    if acting == n:
        return 1.0
    low, high = acting / n, 1.0
    for _ in range(50):
        share = (low + high) / 2
        with np.errstate(divide="ignore"):
            idle = np.log1p(FRACTIONS * share / max(1 - share, 1e-12)) * (n - acting)
            acted = np.log1p(-FRACTIONS) * acting if acting else 0.0
        refuted = np.logaddexp.reduce(np.log(WEIGHTS) + idle + acted) >= -math.log(alpha)
        low, high = (low, share) if refuted else (share, high)
    return high


def _log_bets(values: np.ndarray, margin: float) -> np.ndarray:
    """ln of the wealth by fraction, [fractions, ..., n]."""
    fractions = FRACTIONS.reshape(-1, *[1] * values.ndim)
    with np.errstate(divide="ignore"):
        gains = np.log1p(fractions * np.maximum((values + margin) / (largest_for(margin) - margin), -1.0))
    return np.cumsum(gains, axis=-1)
