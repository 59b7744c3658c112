"""How many more seeds an undecided arm probably needs, and how many a true effect needs before anything runs."""

import numpy as np

from fashionlab.studies.stats.boundary import FIRST, Boundary
from fashionlab.studies.stats.sequential import Trajectory

MOST = 1000
"""The forecast looks no further; who is told "1,000 or more" knows enough."""

LEAST = 3
"""From two differences a deviation can be computed, but it is wrong by a factor of two or more in 43 of 100 cases."""


def seeds_needed(known: Trajectory, *, boundary: Boundary, margin: float, same_after: float = 0) -> int | None:
    """Further seeds until the arm is decided, if mean and deviation of its differences stay what they are.

    known: of one undecided arm, arrays [n]; same_after: seeds in all before "no practical difference" is said, whatever
    the interval says. The interval is projected forward from the last one: about the present
    mean, with the present deviation, intersected with what is known already. From 1 to MOST, the latter for "or more";
    None before LEAST seeds. In simulations the median forecast is 0.8 to 1.6 times the median that it took, but a
    single one is within a factor of two in half of the cases only: the mean moves on, and near 0 or near the margin a
    little matters much.
    """
    n = len(known.mean)
    if n < LEAST:
        return None
    mean, variance = float(known.mean[-1]), float(known.squares[-1]) / (n - 1)
    seeds = np.arange(n + 1, n + MOST + 1)
    half = boundary.half_width(seeds, variance * (seeds - 1))
    low, high = np.maximum(known.low[-1], mean - half), np.minimum(known.high[-1], mean + half)
    same = (low > -margin) & (high < margin) & (seeds >= same_after)
    decided = (low > 0) | (high < 0) | same
    return int(decided.argmax()) + 1 if decided.any() else MOST


POWER = 0.8
"""The probability with which an effect is to be found, of which `seeds_for` speaks."""


def seeds_for(effect: float, *, deviation: float, alpha: float, declared: bool = False) -> int:
    """Seeds after which a true effect is found with probability POWER at least: from 4 or more to MOST, the latter for
    "or more".

    effect, deviation (of a paired difference): percentage points, above 0; declared: of a study that declares just so
    many. Found by the interval after exactly so many seeds: as any earlier one may have found it, a little more than
    needed.
    """
    if not declared:
        found = np.flatnonzero(_power(effect, deviation, Boundary(alpha), np.arange(1, MOST + 1)) >= POWER)
        return int(found[0]) + 1 if len(found) else MOST
    low, high = FIRST, MOST
    while low < high:
        middle = (low + high) // 2
        enough = _power(effect, deviation, Boundary(alpha, middle), np.array([middle]))[0] >= POWER
        low, high = (low, middle) if enough else (middle + 1, high)
    return high


def smallest_effect(seeds: int, *, deviation: float, boundary: Boundary) -> float | None:
    """The smallest effect that so many seeds find with probability POWER, percentage points; None if there is none, as
    so few seeds have no interval."""
    low, high = 0.0, 1000 * deviation
    numbers = np.arange(1, seeds + 1)
    if _power(high, deviation, boundary, numbers).max() < POWER:
        return None
    for _ in range(30):
        middle = (low + high) / 2
        enough = _power(middle, deviation, boundary, numbers).max() >= POWER
        low, high = (low, middle) if enough else (middle, high)
    return high


def _power(effect: float, deviation: float, boundary: Boundary, seeds: np.ndarray) -> np.ndarray:
    """The probability that the interval after each of these numbers of seeds lies above 0."""
    # Imported here: scipy takes a while, and the command line answers faster than that.
    from scipy.special import nctdtr

    # The interval excludes 0 where Student's t, noncentral by the effect, is beyond `limit`.
    limit = boundary.half_width(seeds, np.maximum(seeds - 1.0, 1.0)) * np.sqrt(seeds)
    # The seventh decimal of a limit as large as this decides nothing, and SciPy's function has no value there.
    bounded = np.isfinite(limit) & (limit < 1e6)
    power = np.zeros(len(seeds))
    n = seeds[bounded]
    power[bounded] = 1 - nctdtr(n - 1, np.minimum(effect / deviation * np.sqrt(n), 1e3), limit[bounded])
    # Where the effect is many deviations, SciPy's function has no value: it is found as soon as there is an interval.
    return np.where(np.isnan(power) & (effect > 5 * deviation), 1.0, np.nan_to_num(power))
