"""McNemar's test: are two models correct equally often on the same images? The mid-p version; and by how much not.

It speaks of two trained models and other images from the same source; a change to a recipe is judged over seeds.

Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages", Psychometrika
12 (1947); M. W. Fagerland, S. Lydersen, P. Laake, "The McNemar test for binary matched-pairs data: mid-p and
asymptotic are better than exact conditional", BMC Medical Research Methodology 13:91 (2013).
"""

import math
from statistics import NormalDist
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

METHOD = "McNemar's test, two-sided, mid-p (Fagerland, Lydersen and Laake 2013)"


class McNemar(Struct, frozen=True):
    """only_a, only_b: images that only the one model, or only the other, has right; p_value: mid-p, 0 to 1;
    exact_p_value: the exact conditional test, which errs to the safe side; never below the mid-p."""

    only_a: Annotated[int, Meta(ge=0)]
    only_b: Annotated[int, Meta(ge=0)]
    p_value: Annotated[float, Meta(ge=0, le=1)]
    exact_p_value: Annotated[float, Meta(ge=0, le=1)]
    method: str = METHOD


def mcnemar(correct_a: np.ndarray, correct_b: np.ndarray) -> McNemar:
    """The test for two bool arrays [n]: whether model a, and model b, classifies image i correctly.

    Raises ValueError for arrays that are not bool or not of one length: labels by mistake would be counted as right.
    """
    a, b = np.asarray(correct_a), np.asarray(correct_b)
    if a.ndim != 1 or a.shape != b.shape or a.dtype != np.bool_ or b.dtype != np.bool_:
        raise ValueError(
            f"given {a.dtype} {list(a.shape)} and {b.dtype} {list(b.shape)}, expected bool [n] twice: "
            "whether each model classifies each image correctly"
        )
    return mcnemar_of_counts(int((a & ~b).sum()), int((b & ~a).sum()))


def mcnemar_of_counts(only_a: int, only_b: int) -> McNemar:
    """The test for the two counts of images that one model alone classifies correctly.

    If the models are equally good, `only_a` is binomial with n = only_a + only_b and probability 1/2. With k the lesser
    count, P the binomial distribution and p its mass function (Fagerland et al., supplement, equations 1 and 2)

        exact = min(1, 2 P(k))        mid-p = exact - p(k), and 1 - p(k)/2 where the counts are equal

    The mid-p test may in principle be wrong slightly more often than its level; in their 9,595 scenarios it never was.
    No image that only one classifies correctly: both 1. Raises ValueError for counts below 0.
    """
    if only_a < 0 or only_b < 0:
        raise ValueError(f"given counts {only_a} and {only_b}, expected 0 or more")
    if only_a + only_b == 0:
        return McNemar(0, 0, 1.0, 1.0)
    # Imported here: scipy takes half a second, and the command line answers faster than that.
    from scipy.stats import binom

    lesser, n = min(only_a, only_b), only_a + only_b
    at, below = float(binom.pmf(lesser, n, 0.5)), float(binom.cdf(lesser - 1, n, 0.5))
    if only_a == only_b:
        return McNemar(only_a, only_b, 1 - at / 2, 1.0)
    # exact - p(k) written as a sum, which loses no digits in the far tail.
    return McNemar(only_a, only_b, 2 * below + at, min(1.0, 2 * (below + at)))


class PairedDifference(Struct, frozen=True):
    """By how much model b is more often correct than model a on the same images, percentage points, with the ends of
    its 95 % interval."""

    difference: Annotated[float, Meta(ge=-100, le=100)]
    low: Annotated[float, Meta(ge=-100, le=100)]
    high: Annotated[float, Meta(ge=-100, le=100)]


def paired_difference(only_a: int, only_b: int, n: int, confidence: float = 0.95) -> PairedDifference:
    """The difference of two accuracies on the same n images, of which each model alone has so many right.

    Wald's interval with one image added to either count, of D. G. Bonett and R. M. Price, "Adjusted Wald confidence
    interval for a difference of binomial proportions based on paired data", Journal of Educational and Behavioral
    Statistics 37 (2012); recommended by M. W. Fagerland, S. Lydersen, P. Laake, "Recommended tests and confidence
    intervals for paired binomial proportions", Statistics in Medicine 33 (2014). With p = (only + 1) / (n + 2):

        p_b - p_a ± z sqrt((p_a + p_b - (p_b - p_a)²) / (n + 2))

    It is about other images from the same source, not about other seeds of the training. Raises ValueError unless
    0 <= only_a + only_b <= n and n >= 1.
    """
    if n < 1 or only_a < 0 or only_b < 0 or only_a + only_b > n:
        raise ValueError(f"given {only_a} and {only_b} of {n} images, expected counts of 0 or more, together at most n")
    a, b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    half = NormalDist().inv_cdf(0.5 + confidence / 2) * math.sqrt((a + b - (b - a) ** 2) / (n + 2))
    low, high = max(-1.0, b - a - half), min(1.0, b - a + half)
    return PairedDifference(100 * (only_b - only_a) / n, 100 * low, 100 * high)
