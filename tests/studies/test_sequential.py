"""The anytime-valid t-test against integrals computed by other means, and its guarantees by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from fashionlab.studies.stats.sequential import PRIOR, half_width, log_martingale, running_moments, trajectory

TINY = 1e-12
"""A resolution so small that no floor is felt."""


def wealth_by_integration(values, null):
    """The test martingale from its definition: likelihoods, integrated over sigma and the effect size on a grid.

    Under an effect size e, values are N(null + e sigma, sigma²); sigma has the Haar measure d sigma / sigma, e the
    distribution N(0, 1/c²). With smooth integrands that vanish at both ends the trapezoid rule is as good as exact.
    """
    x = np.asarray(values) - null
    spread = math.sqrt(np.mean(x**2))
    log_sigma = np.linspace(math.log(spread) - 3.5, math.log(spread) + 25 / len(x) + 2, 500)[:, np.newaxis]
    effect = np.linspace(-10 / PRIOR, 10 / PRIOR, 801)
    z = [np.sum(x**k) / np.exp(k * log_sigma) for k in (1, 2)]

    def log_likelihood(e):
        return -len(x) * log_sigma - (z[1] - 2 * e * z[0] + len(x) * e**2) / 2

    top = log_likelihood(np.array([0.0])).max()
    prior = np.exp(-((PRIOR * effect) ** 2) / 2) * PRIOR / math.sqrt(2 * math.pi)
    mixed = integrate.trapezoid(
        integrate.trapezoid(np.exp(log_likelihood(effect) - top), log_sigma, axis=0) * prior, effect
    )
    return mixed / integrate.trapezoid(np.exp(log_likelihood(np.array([0.0])) - top)[:, 0], log_sigma[:, 0])


def wealth_by_noncentral_t(values, null):
    """The same from the other end: with the unit forgotten, all that the values tell of e is Student's t."""
    x = np.asarray(values) - null
    n, t = len(x), stats.ttest_1samp(x, 0).statistic
    prior = stats.norm(0, 1 / PRIOR)
    mixed, _ = integrate.quad(
        lambda e: stats.nct.pdf(t, n - 1, e * math.sqrt(n)) * prior.pdf(e), -12, 12, points=[0], epsabs=0, limit=400
    )
    return mixed / stats.t.pdf(t, n - 1)


def example(n, seed=0, mean=0.3, deviation=0.25):
    return np.random.default_rng([seed, n]).normal(mean, deviation, n)


def of(values):
    mean, squares = running_moments(np.asarray(values, np.float64))
    return len(values), mean[-1], squares[-1]


@pytest.mark.parametrize("n", [2, 3, 5, 8, 20, 50])
@pytest.mark.parametrize("null", [0.0, 0.2, -1.0])
def test_the_martingale_is_the_mixture_of_likelihood_ratios(n, null):
    values = example(n)
    ours = float(log_martingale(*of(values), null))
    assert ours == pytest.approx(math.log(wealth_by_integration(values, null)), abs=1e-7)
    if n <= 20 and null >= 0:  # further out scipy's noncentral t loses its digits
        assert ours == pytest.approx(math.log(wealth_by_noncentral_t(values, null)), abs=1e-5)


@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.0025])
@pytest.mark.parametrize(("n", "mean", "deviation"), [(6, 0.5, 0.25), (7, 0, 3), (12, -40, 0.1), (40, 0.1, 0.4)])
def test_the_interval_is_where_the_integrated_martingale_stays_below_one_over_level(alpha, n, mean, deviation):
    values = example(n, 1, mean, deviation)
    centre, half = of(values)[1], float(half_width(n, of(values)[2], alpha))

    def excess(null):
        return math.log(wealth_by_integration(values, null) * alpha)

    for side in (-1, 1):
        root = optimize.brentq(lambda d, side=side: excess(centre + side * d), 0.1 * half, 10 * half, rtol=1e-10)
        assert half == pytest.approx(root, rel=1e-6)


@given(st.integers(1, 300), st.floats(1e-6, 1e6), st.sampled_from([0.05, 0.04, 0.01, 0.008, 1e-5]))
def test_at_the_ends_of_the_interval_the_martingale_reaches_one_over_level(n, squares, alpha):
    half = half_width(n, squares, alpha)
    if math.isfinite(half):
        assert float(log_martingale(n, half, squares)) == pytest.approx(-math.log(alpha), rel=1e-6)
    else:
        assert float(log_martingale(n, 1e15, squares)) <= -math.log(alpha) * (1 + 1e-9)


def test_one_value_says_nothing():
    for value in (0.0, 1e-9, 3.0, -90.0):
        known = trajectory(np.array([value]), alpha=0.05, resolution=0.01)
        assert (known.low[0], known.high[0]) == (-math.inf, math.inf)
        assert known.p_value[0] == pytest.approx(1)
    assert float(log_martingale(1, 3.0, 0.0)) == pytest.approx(0, abs=1e-12)
    known = trajectory(np.zeros((7, 0)), alpha=0.05, resolution=0.01)
    assert known.low.shape == known.p_value.shape == (7, 0)


def test_running_moments_keep_their_digits():
    values = 1e6 + np.random.default_rng(0).normal(size=(3, 40))
    mean, squares = running_moments(values)
    for n in (1, 2, 17, 40):
        assert mean[:, n - 1] == pytest.approx(values[:, :n].mean(axis=1), rel=1e-14)
        assert squares[:, n - 1] == pytest.approx(((values - 1e6)[:, :n]).var(axis=1) * n, rel=1e-8, abs=1e-9)
    assert (running_moments(np.full(30, 0.1))[1] == 0).all()


@pytest.mark.parametrize("mean", [0.0, 0.3])
def test_all_intervals_of_a_study_together_cover_the_mean(mean):
    """2,000 studies, all intervals up to 200 seeds at once. That they never missed would show a mistake, too."""
    values = np.random.default_rng(7).normal(mean, 0.25, (2000, 200))
    known = trajectory(values, alpha=0.05, resolution=TINY)
    missed = ((known.low > mean) | (known.high < mean)).any(axis=-1).mean()
    assert 0.005 < missed <= 0.05
    if not mean:
        assert (known.p_value[:, -1] <= 0.05).mean() == pytest.approx(missed, abs=1e-12)
        assert (known.p_value[:, -1] <= 0.2).mean() <= 0.2


def test_the_martingale_is_fair():
    """Its expectation stays 1 under the null: by simulation at n = 3, where its variance is small enough to see it."""
    values = np.random.default_rng(1).standard_normal((200_000, 3))
    mean, squares = running_moments(values)
    wealth = np.exp(log_martingale(np.arange(1, 4), mean, squares))
    assert wealth.mean(axis=0) == pytest.approx([1, 1, 1], abs=0.02)


def test_an_ordinary_t_test_would_not_do():
    """The same null studies, watched up to 50 seeds with Student's test: this simulation does see what goes wrong."""
    values = np.random.default_rng(7).normal(0, 0.25, (2000, 50))
    mean, squares = running_moments(values)
    n = np.arange(2, 51)
    t = mean[:, 1:] / np.sqrt(squares[:, 1:] / (n - 1) / n)
    assert (np.abs(t) > stats.t.ppf(0.975, n - 1)).any(axis=-1).mean() > 0.25


numbers = st.lists(st.integers(-600, 600), min_size=1, max_size=40).map(lambda steps: np.array(steps) / 60)


@given(numbers, st.sampled_from([0.04, 0.01]))
def test_signs_and_units_do_not_matter(values, alpha):
    known = trajectory(values, alpha=alpha, resolution=1 / 60)
    turned = trajectory(-values, alpha=alpha, resolution=1 / 60)
    assert (turned.low == -known.high).all()
    assert (turned.p_value == known.p_value).all()
    # A power of two, so that not even the last digit depends on the unit.
    larger = trajectory(values * 8, alpha=alpha, resolution=8 / 60)
    assert (larger.low == 8 * known.low).all()
    assert (larger.p_value == known.p_value).all()


@given(numbers, st.sampled_from([0.04, 0.01]))
def test_running_intervals_only_shrink_and_never_become_empty(values, alpha):
    known = trajectory(values, alpha=alpha, resolution=1 / 60)
    assert (np.diff(known.p_value) <= 0).all()
    assert (known.low[1:] >= known.low[:-1]).all()
    assert (known.high[1:] <= known.high[:-1]).all()
    assert (known.low <= known.high).all()
    # Watching longer does not change what was said.
    before = trajectory(values[: len(values) // 2], alpha=alpha, resolution=1 / 60)
    assert (before.low == known.low[: len(before.low)]).all()


@given(numbers, st.floats(1e-6, 5), st.floats(1, 10))
def test_a_coarser_resolution_and_a_smaller_level_are_more_cautious(values, resolution, factor):
    fine = trajectory(values, alpha=0.04, resolution=resolution)
    coarse = trajectory(values, alpha=0.04, resolution=resolution * factor)
    strict = trajectory(values, alpha=0.04 / factor, resolution=resolution)
    assert (coarse.p_value >= fine.p_value).all()
    assert (strict.p_value == fine.p_value).all()
    for cautious in (coarse, strict):
        # The interval of one seed contains the other; so do the running ones, until they contradict one another.
        n = np.arange(1, len(values) + 1)
        alpha = 0.04 if cautious is coarse else 0.04 / factor
        assert (half_width(n, cautious.squares, alpha) >= half_width(n, fine.squares, 0.04)).all()


def test_seeds_that_contradict_one_another_keep_the_last_interval_that_was_not_empty():
    values = np.concatenate([np.full(8, 1.0), np.full(60, -1.0)]) + 0.01 * np.arange(68) % 0.03
    known = trajectory(values, alpha=0.04, resolution=0.01)
    assert known.low[7] > 0.9
    assert (known.low[-1], known.high[-1]) == (known.low[8:].max(), known.high[8:].min())
    assert known.mean[-1] < known.low[-1] <= known.high[-1]


@pytest.mark.parametrize(
    ("values", "settings", "words"),
    [
        ([1.0, math.nan], {}, "with nan among them, expected a list of finite numbers"),
        ([1.0, math.inf], {}, "with inf among them"),
        (3.0, {}, r"of shape \(\), expected a list"),
        ([1.0], {"alpha": 5}, "given alpha 5, expected a fraction between 0 and 1"),
        ([1.0], {"alpha": math.nan}, "given alpha nan"),
        ([1.0], {"resolution": 0}, "given resolution 0, expected the step between possible differences"),
        ([1.0], {"resolution": math.nan}, "given resolution nan"),
    ],
)
def test_nonsense_is_refused(values, settings, words):
    with pytest.raises(ValueError, match=words):
        trajectory(np.array(values), **({"alpha": 0.05, "resolution": 0.01} | settings))
