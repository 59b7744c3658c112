"""McNemar's test against scipy, statsmodels, exact fractions and the authors' own example."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from fashionlab.studies.stats.mcnemar import mcnemar, mcnemar_of_counts, paired_difference

counts = st.integers(0, 400)


@given(counts, counts)
def test_the_exact_p_value_is_that_of_scipy_and_statsmodels(a, b):
    result = mcnemar_of_counts(a, b)
    if a + b:
        assert result.exact_p_value == pytest.approx(binomtest(a, a + b).pvalue, rel=1e-9)
        assert result.exact_p_value == pytest.approx(statsmodels_mcnemar([[5, a], [b, 5]]).pvalue, rel=1e-9)
        half = binom.pmf(a, a + b, 0.5) / (2 if a == b else 1)
        assert result.p_value == pytest.approx(binomtest(a, a + b).pvalue - half, rel=1e-6, abs=1e-15)
    assert 0 < result.p_value <= result.exact_p_value <= 1
    swapped = mcnemar_of_counts(b, a)
    assert (swapped.p_value, swapped.exact_p_value) == (result.p_value, result.exact_p_value)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (3, 3), (2, 9), (40, 90), (700, 1100), (0, 500)])
def test_the_mid_p_value_is_that_of_exact_fractions(a, b):
    n, k = a + b, min(a, b)
    below, at = (Fraction(sum(comb(n, i) for i in which), 2**n) for which in (range(k), (k,)))
    expected = 1 - at / 2 if a == b else 2 * below + at
    assert mcnemar_of_counts(a, b).p_value == pytest.approx(float(expected), rel=1e-9)


def test_the_example_of_the_authors():
    """Fagerland et al. 2013, table 1 (Bentur et al.): 1 and 7 discordant pairs, exact 0.0703, mid-p 0.0391."""
    result = mcnemar_of_counts(1, 7)
    assert (round(result.exact_p_value, 4), round(result.p_value, 4)) == (0.0703, 0.0391)


def test_predictions_are_compared_image_by_image():
    random = np.random.default_rng(0)
    a, b = random.random(10_000) < 0.9, random.random(10_000) < 0.91
    result = mcnemar(a, b)
    assert (result.only_a, result.only_b) == (int(np.sum(a & ~b)), int(np.sum(~a & b)))
    assert result == mcnemar_of_counts(result.only_a, result.only_b)
    assert mcnemar(a, a).p_value == mcnemar(a[:0], a[:0]).exact_p_value == 1
    assert result.method.startswith("McNemar")


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (np.ones(3), np.ones(3, bool), r"given float64 \[3\] and bool \[3\], expected bool \[n\] twice"),
        (np.ones(3, bool), np.ones(4, bool), r"given bool \[3\] and bool \[4\]"),
        (np.ones((2, 2), bool), np.ones((2, 2), bool), r"bool \[2, 2\]"),
    ],
)
def test_what_is_no_pair_of_answers_is_refused(a, b, words):
    with pytest.raises(ValueError, match=words):
        mcnemar(a, b)
    with pytest.raises(ValueError, match="given counts -1 and 2, expected 0 or more"):
        mcnemar_of_counts(-1, 2)


@given(counts, counts, st.integers(1, 1000))
def test_the_interval_of_the_difference_is_the_formula_of_its_authors(a, b, rest):
    n = a + b + rest
    found = paired_difference(a, b, n)
    assert found.difference == pytest.approx(100 * (b - a) / n)
    p, q = (a + 1) / (n + 2), (b + 1) / (n + 2)
    half = 1.959964 * ((p + q - (q - p) ** 2) / (n + 2)) ** 0.5
    ends = max(-100, 100 * (q - p - half)), min(100, 100 * (q - p + half))
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-4)
    swapped = paired_difference(b, a, n)
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low))


@pytest.mark.parametrize(("only_a", "only_b", "n"), [(0.03, 0.03, 2000), (0.02, 0.05, 400), (0.004, 0.006, 10_000)])
def test_the_interval_covers_the_true_difference_95_times_of_100(only_a, only_b, n):
    draws = np.random.default_rng(1).multinomial(n, [only_a, only_b, 1 - only_a - only_b], 4000)
    found = [paired_difference(int(a), int(b), n) for a, b, _ in draws]
    covered = np.mean([each.low <= 100 * (only_b - only_a) <= each.high for each in found])
    assert 0.94 <= covered <= 0.965


def test_the_interval_stays_within_what_is_possible():
    assert paired_difference(0, 0, 1).difference == 0
    assert paired_difference(0, 1, 1).high <= 100
    with pytest.raises(ValueError, match="given 3 and 2 of 4 images"):
        paired_difference(3, 2, 4)
