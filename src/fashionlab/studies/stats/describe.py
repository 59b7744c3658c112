"""Secondary effects, described: log-loss, calibration, generalization gap, epochs to best, time."""

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

METHOD = "descriptive: mean and 95 % t interval of the seeds shown, not corrected for looking often or at many figures"


class Description(Struct, frozen=True):
    """Values in a few figures, in the unit of the values. None where there are too few of them.

    n: how many; mean, None of none; deviation: standard deviation with n - 1, None below 2; low, high: the t interval
    of the mean, None below 2 and of equal values; method: what the interval is and is not.
    """

    n: Annotated[int, Meta(ge=0)]
    mean: float | None
    deviation: Annotated[float, Meta(ge=0)] | None
    low: float | None
    high: float | None
    method: str = METHOD


def describe(values: Sequence[float] | np.ndarray) -> Description:
    """Mean, deviation and Student's 95 % interval for the mean: mean ± t(0.975, n-1) · deviation / sqrt(n).

    values: finite [n], one for each pair of runs (a paired difference) or each run. The interval is right for one
    figure looked at once, after a number of seeds fixed beforehand. A study looks at many figures and after every
    seed, so nothing may be decided by it: that is `judge`. Raises ValueError for values that are not finite.
    """
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise ValueError(
            f"given {int((~np.isfinite(numbers)).sum())} values that are not finite, in shape {numbers.shape}; "
            "expected a list of finite numbers"
        )
    n = len(numbers)
    if n < 2:
        return Description(n, float(numbers[0]) if n else None, None, None, None)
    # Imported here: scipy takes a while, and the command line answers faster than that.
    from scipy.special import stdtrit

    mean, deviation = float(numbers.mean()), float(numbers.std(ddof=1))
    if deviation <= 1e-9 * abs(mean):
        # An interval without width would claim certainty: a few equal values say nothing about how far others spread.
        return Description(n, mean, 0.0, None, None)
    half = float(stdtrit(n - 1, 0.975)) * deviation / math.sqrt(n)
    return Description(n, mean, deviation, mean - half, mean + half)
