"""Bets that take no distribution: their error rate, against a formula, and their bound for a share."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from fashionlab.studies.stats.bounded import LARGEST, excluded, log_wealth, seeds_to_exclude, share_below


@pytest.mark.parametrize("loss", [0.3, 1.0, LARGEST])
@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_a_mean_at_the_margin_is_refuted_in_at_most_alpha_of_the_studies(loss, margin):
    """Differences as unlike a normal distribution as the bound allows, watched up to 200 seeds."""
    if loss < margin:
        return
    differences = np.where(np.random.default_rng(1).random((2000, 200)) < margin / loss, -loss, 0.0)
    for sign in (1, -1):
        assert excluded(sign * differences, alpha=0.04, margin=margin).any(axis=-1).mean() <= 0.045


def test_idle_seeds_are_bets_won_at_odds_of_one_to_the_share():
    """With the boldest bet alone, n idle seeds are worth 1 / (1 - margin/largest)^n."""
    wealth = log_wealth(np.zeros(60), 0.2)[-1]
    assert math.log(0.4) <= wealth + 60 * math.log(1 - 0.2 / LARGEST) <= 0


def test_the_forecast_is_when_it_happens():
    differences = np.zeros(80)
    refuted = excluded(differences, alpha=0.04, margin=0.2)
    assert seeds_to_exclude(differences[:5], alpha=0.04, margin=0.2) == pytest.approx(refuted.argmax() + 1, abs=3)
    assert math.isinf(seeds_to_exclude(np.full(5, -0.4), alpha=0.04, margin=0.2))


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_the_bound_for_a_share_holds_at_every_n(share):
    acts = np.cumsum(np.random.default_rng(2).random((2000, 60)) < share, axis=-1)
    bounds = {(k, n): share_below(k, n, 0.04) for n in range(1, 61) for k in {*acts[:, n - 1].tolist()}}
    missed = [any(bounds[k, n] < share for n, k in enumerate(study, 1)) for study in acts.tolist()]
    assert np.mean(missed) <= 0.05


def test_the_bound_for_a_share_is_wider_than_one_for_a_fixed_n_but_not_by_much():
    for k, n in ((0, 10), (0, 60), (3, 40)):
        bound = share_below(k, n, 0.04)
        assert binom.cdf(k, n, bound) < 0.04
        assert binom.cdf(k, n, bound) > 0.0005
    assert share_below(0, 0, 0.04) == 1
    assert share_below(4, 4, 0.04) == 1
