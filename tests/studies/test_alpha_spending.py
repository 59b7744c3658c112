"""The alphas of a study's arms: together never more than 5 %, however many are added, and never changed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionlab.studies.stats.alpha_spending import ALPHA, AlphaSpending


@given(st.integers(1, 200), st.integers(0, 3000), st.floats(0.001, 0.5), st.floats(0.01, 0.9))
def test_all_arms_together_stay_below_alpha(declared, late, alpha, reserve):
    shares = AlphaSpending(declared, alpha, reserve)
    spent = [shares.of(arm) for arm in range(declared + late)]
    assert all(share > 0 for share in spent)
    assert math.fsum(spent) < alpha
    # The series telescopes: what is left of the reserve after k late arms is reserve / (k + 1).
    assert alpha - math.fsum(spent) == pytest.approx(alpha * reserve / (late + 1), abs=1e-12)


def test_the_default_shares():
    assert [AlphaSpending(declared).of(0) for declared in (1, 4, 5)] == pytest.approx([0.04, 0.01, 0.008])
    assert [AlphaSpending(4).of(arm) for arm in range(8)] == pytest.approx(
        [0.01] * 4 + [0.005, 0.01 / 6, 0.01 / 12, 0.0005]
    )
    assert ALPHA == 0.05


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: AlphaSpending(0), "given 0 declared arms, expected at least 1"),
        (lambda: AlphaSpending(2, alpha=5), "given alpha 5, expected a fraction"),
        (lambda: AlphaSpending(2, reserve=0), "given reserve 0, expected a fraction"),
        (lambda: AlphaSpending(2).of(-1), "given arm -1, expected 0"),
    ],
)
def test_nonsense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
