"""The plain summary of secondary effects, against scipy."""

import math

import numpy as np
import pytest
from scipy import stats

from fashionlab.studies.stats.describe import describe


def test_the_interval_is_students():
    values = np.random.default_rng(0).normal(3, 2, 12)
    result = describe(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high))
    assert (result.n, result.mean, result.deviation) == pytest.approx((12, values.mean(), values.std(ddof=1)))
    assert result.method.startswith("descriptive")


def test_few_values_have_no_interval():
    assert (describe([]).n, describe([]).mean, describe([]).low) == (0, None, None)
    assert (describe([2]).mean, describe([2]).deviation, describe([2]).high) == (2, None, None)
    # An interval without width would pose as certainty.
    assert (describe([2, 2]).deviation, describe([2, 2]).low, describe([2, 2]).high) == (0, None, None)
    assert describe([85.33333333333333, 85.33333333333334]).low is None


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="given 1 values that are not finite"):
        describe([1, math.nan])
