"""When an arm's interval is narrow: the boundary for a number of seeds that was declared beforehand, and beyond it.

The anytime-valid interval (`stats.sequential`) holds however many seeds follow, and pays for that at each of them. Who
declares N seeds beforehand needs an interval that holds at every n up to N, and gets one that is at N hardly wider than
Student's: the boundary of O'Brien and Fleming's form. With T the t statistic of the first n differences, a mean is
refuted at n if

    z(T) > c sqrt(N / n),        4 <= n <= N,

z(T) being the normal score of T (of the same tail probability). Early refutations are hard, the last one is easy. The
means that are not refuted are the repeated confidence interval. It holds at all n up to N together, and a verdict is
read off it, whenever one stops.

For the normal distribution the probability that the boundary is ever crossed comes from the recursion of Armitage,
McPherson and Rowe. As the deviation is estimated, the scores are not quite those of a random walk, and the true
probability is up to 16 % larger than that: computed without simulation, as T divided by its own length is a Markov
chain (tests/studies/test_boundary.py). `EXCESS` is an upper bound for it, so the promise holds for four seeds too.

P. C. O'Brien and T. R. Fleming, "A multiple testing procedure for clinical trials", Biometrics 35 (1979), 549-556;
P. Armitage, C. K. McPherson and B. C. Rowe, "Repeated significance tests on accumulating data", Journal of the Royal
Statistical Society A 132 (1969), 235-244; C. Jennison and B. W. Turnbull, "Interim analyses: the repeated confidence
interval approach", Journal of the Royal Statistical Society B 51 (1989), 305-361.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from fashionlab.studies.stats import sequential
from fashionlab.studies.stats.sequential import Trajectory

FIRST = 4
"""Seeds before which nothing is concluded, as in the anytime-valid interval; who declares fewer declares nothing."""

BEYOND = 0.2
"""The share of an arm's alpha that the anytime-valid interval keeps, for going on beyond the declared seeds. It is
watched from the first seed on: a very large effect it finds sooner."""

SKEWED = 0.1
"""The share of an arm's alpha that nothing spends: it pays for differences that are skewed, up to a skewness of 1. Few
of those refute the mean more often than normal ones do (docs/decisions/0025)."""

EXCESS, EXCESS_FALLS = 0.16, 40
"""By which share more often than a random walk's the scores cross: at most EXCESS, for N seeds above EXCESS_FALLS
EXCESS sqrt(EXCESS_FALLS / N). Found, for alpha from 0.05 to 1e-6: for N = 5 at most 0.11, for 8 to 20 0.10 to 0.157,
for 100 0.03 to 0.09."""

LARGEST_SCORE = 7.0
"""Beyond, a p-value is 1e-11, and no longer computed."""


@dataclass(frozen=True)
class Boundary:
    """How an arm's interval follows from n, the mean and the squares of its differences.

    alpha: of the arm, 0 to 1 exclusive: the probability that any interval, at any number of seeds, misses the mean;
    seeds: declared before the first result was seen; None: none were, and the interval is anytime-valid alone.
    """

    alpha: float
    seeds: int | None = None

    @property
    def declared(self) -> int | None:
        """The seeds that were declared, None also where they are too few for an interval."""
        return self.seeds if self.seeds is not None and self.seeds >= FIRST else None

    def half_width(self, n: np.ndarray, squares: np.ndarray) -> np.ndarray:
        """Half the width of the interval about the mean of n differences, of which `squares` is the sum of squared
        distances from their mean; infinite where there is none."""
        if self.declared is None:
            return sequential.half_width(n, squares, self.alpha)
        limits = t_limits(self.alpha * (1 - BEYOND - SKEWED), self.declared)
        # Beyond the declared seeds their boundary says nothing new.
        limit = np.where(n <= self.declared, limits[np.minimum(n, self.declared)], np.inf)
        spread = np.sqrt(squares / (np.maximum(n - 1, 1) * n))
        declared = np.where(np.isfinite(limit), np.where(np.isfinite(limit), limit, 0) * spread, np.inf)
        return np.minimum(declared, sequential.half_width(n, squares, self.alpha * BEYOND))

    def trajectory(self, differences: np.ndarray, *, resolution: float) -> Trajectory:
        """As `sequential.trajectory`, by this boundary; the p-values are those of the anytime-valid test alone."""
        return sequential.trajectory(differences, alpha=self.alpha, resolution=resolution, width=self.half_width)

    def p_value(self, known: Trajectory) -> float:
        """The least alpha at which some interval of one study so far excludes 0, 1 at most. known: arrays [n], of at
        least one seed."""
        anytime = float(known.p_value[-1])
        if self.declared is None:
            return anytime
        n = np.arange(1, len(known.mean) + 1)[FIRST - 1 : self.declared]
        if not len(n):
            return min(1.0, anytime / BEYOND)
        # Imported here: scipy takes a while, and the command line answers faster than that.
        from scipy.special import ndtri, stdtr

        mean, squares = known.mean[n - 1], known.squares[n - 1]
        t = np.abs(mean) / np.sqrt(squares / ((n - 1) * n))
        reached = float((-ndtri(stdtr(n - 1, -t)) * np.sqrt(n / self.declared)).max())
        declared = _excess(self.declared) * crossing(min(max(reached, 0.0), LARGEST_SCORE), self.declared)
        return min(1.0, declared / (1 - BEYOND - SKEWED), anytime / BEYOND)


@lru_cache(maxsize=256)
def t_limits(alpha: float, seeds: int) -> np.ndarray:
    """By n from 0 to `seeds`: the t statistic at which the boundary refutes; infinite before FIRST.

    alpha: probability that it is ever reached although the mean is the refuted one; seeds: declared, FIRST or more.
    """
    # Imported here: scipy takes a while, and the command line answers faster than that.
    from scipy.special import ndtr, stdtrit

    n = np.arange(FIRST, seeds + 1)
    limits = np.full(seeds + 1, np.inf)
    tails = ndtr(-score_limit(alpha, seeds) * np.sqrt(seeds / n))
    # So early that no float is as small as the probability, nothing is refuted.
    seen = tails > 0
    limits[FIRST:][seen] = -stdtrit(n[seen] - 1.0, tails[seen])
    limits.setflags(write=False)
    return limits


def score_limit(alpha: float, seeds: int) -> float:
    """c: the normal score that refutes at the last of the declared seeds."""
    wanted = alpha / _excess(seeds)
    # Between one look and looking without a pause, which by reflection doubles the probability.
    low, high = (NormalDist().inv_cdf(1 - wanted / looks) for looks in (2, 4))
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if crossing(middle, seeds) > wanted else (low, middle)
        if high - low < 1e-6:
            break
    return high


def crossing(c: float, seeds: int) -> float:
    """The probability that a random walk of standard normal steps is beyond ±c sqrt(seeds) after any of FIRST to
    `seeds` steps."""
    if c <= 0:
        return 1.0
    end = c * math.sqrt(seeds)
    # The density of the walks still inside varies over the length of a step, 1: two points to a step are plenty.
    x, weights = _gauss_legendre(2 * math.ceil(end) + 20)
    x, weights = (x + 1) * end / 2, weights * end / 2
    density = 2 * _normal(x / math.sqrt(FIRST)) / math.sqrt(FIRST)
    step = (_normal(x[:, np.newaxis] - x) + _normal(x[:, np.newaxis] + x)) * weights
    for _ in range(seeds - FIRST):
        density = step @ density
    return max(0.0, 1 - float(weights @ density))


@lru_cache(maxsize=64)
def _gauss_legendre(points: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(points)


def _normal(x: np.ndarray) -> np.ndarray:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _excess(seeds: int) -> float:
    """How many times as often as a random walk the scores of t statistics cross, at most."""
    if seeds <= FIRST:
        return 1.0
    return 1 + EXCESS * min(1.0, math.sqrt(EXCESS_FALLS / seeds))
