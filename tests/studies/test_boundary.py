"""The boundary for a declared number of seeds: against published constants, exact probabilities, and its rules."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.interpolate import CubicSpline

from fashionlab.studies.stats import sequential
from fashionlab.studies.stats.alpha_spending import AlphaSpending
from fashionlab.studies.stats.boundary import BEYOND, FIRST, Boundary, crossing, score_limit, t_limits
from fashionlab.studies.stats.forecast import seeds_for, smallest_effect
from fashionlab.studies.stats.verdict import Verdict, judge

STEP = 100 / 6000


@pytest.mark.parametrize(("seeds", "constant"), [(10, 2.087), (20, 2.126)])
def test_a_random_walk_crosses_the_published_boundary_as_often_as_published(seeds, constant):
    """C. Jennison and B. W. Turnbull, Group Sequential Methods (2000), table 2.3, two-sided, 0.05. They look from the
    first value on, which at such constants changes nothing."""
    assert crossing(constant, seeds) == pytest.approx(0.05, abs=2e-4)


def test_at_one_look_the_boundary_is_that_of_students_test():
    assert score_limit(0.05, FIRST) == pytest.approx(stats.norm.ppf(0.975), abs=1e-5)
    assert t_limits(0.05, FIRST)[FIRST] == pytest.approx(stats.t.ppf(0.975, FIRST - 1), abs=1e-4)
    assert np.isinf(t_limits(0.05, 20)[:FIRST]).all()


def exact_crossing(limits, points=120, nodes=24):
    """The probability that |T| is beyond its limit at any n, by integration alone.

    With S the sum and R the length of the values so far, u = S/R, the next value over R is independent of all u so far,
    being Student's t with n degrees of freedom over sqrt(n): so u is a Markov chain, and T = sqrt(n-1) u / sqrt(n-u²).
    Backwards: the probability to cross later, given T, on a grid of arsinh T. The next value is R tan(angle).
    """
    last = len(limits) - 1
    place, weight = np.polynomial.legendre.leggauss(nodes)
    y, later = np.linspace(-1, 1, points) * math.asinh(limits[last]), np.zeros(points)
    for n in range(last - 1, FIRST - 1, -1):
        known, edge = CubicSpline(y, later), y[-1]
        y = np.linspace(-1, 1, points) * math.asinh(limits[n])
        t = np.sinh(y)
        u = t * math.sqrt(n) / np.sqrt(n - 1 + t**2)
        most = limits[n + 1] * math.sqrt(n + 1) / math.sqrt(n + limits[n + 1] ** 2)
        reach, turn = np.arcsin(np.minimum(most / np.sqrt(1 + u**2), 1)), np.arctan(u)
        furthest = min(math.pi / 2, 12 / math.sqrt(n))
        ends = [-furthest, -math.pi + reach - turn, -reach - turn, reach - turn, math.pi - reach - turn, furthest]
        ends = np.clip(np.stack(np.broadcast_arrays(*ends)), -furthest, furthest)
        scale = math.exp(math.lgamma((n + 1) / 2) - math.lgamma(n / 2)) / math.sqrt(math.pi)
        later = np.zeros(points)
        for part in range(5):
            for cut in range(6):
                low, high = (ends[part] + (ends[part + 1] - ends[part]) * each / 6 for each in (cut, cut + 1))
                angle = (low + high)[:, None] / 2 + (high - low)[:, None] / 2 * place
                density = scale * np.cos(angle) ** (n - 1) * (high - low)[:, None] / 2 * weight
                if part in (0, 2, 4):  # still inside; what crosses are the two parts between
                    at = u[:, None] * np.cos(angle) + np.sin(angle)
                    at = np.arcsinh(at * math.sqrt(n) / np.sqrt(np.maximum(n + 1 - at**2, 1e-300)))
                    density = density * known(np.clip(at, -edge, edge))
                later += density.sum(axis=1)
    place, weight = np.polynomial.legendre.leggauss(400)
    t = np.sinh(place * y[-1])
    inside = CubicSpline(y, later)(place * y[-1]) * stats.t.pdf(t, FIRST - 1) * np.cosh(place * y[-1])
    return float((inside * weight).sum() * y[-1] + 2 * stats.t.sf(limits[FIRST], FIRST - 1))


@pytest.mark.parametrize(("alpha", "seeds"), [(0.032, 5), (0.032, 10), (0.001, 10), (0.008, 20)])
def test_t_statistics_cross_it_with_the_permitted_probability_at_most(alpha, seeds):
    assert 0.94 <= exact_crossing(t_limits(alpha, seeds)) / alpha <= 1


@pytest.mark.parametrize("seeds", [5, 20])
def test_the_exact_probability_is_the_simulated_one(seeds):
    values = np.random.default_rng(4).standard_normal((200_000, seeds))
    n, limits = np.arange(1, seeds + 1), t_limits(0.04, seeds)
    total, squares = values.cumsum(axis=1), (values**2).cumsum(axis=1)
    squared = (n - 1) * total**2 / n / np.maximum(squares - total**2 / n, 1e-12)
    crossed = (squared[:, 1:] > limits[2:] ** 2).any(axis=1).mean()
    assert crossed == pytest.approx(exact_crossing(limits), abs=4 * math.sqrt(0.04 / 200_000))


def test_all_intervals_of_a_study_together_cover_the_mean_also_beyond_the_declared_seeds():
    values = np.random.default_rng(7).normal(0.3, 0.25, (4000, 60))
    known = Boundary(0.05, 12).trajectory(values, resolution=1e-12)
    missed = (known.low > 0.3) | (known.high < 0.3)
    assert 0.025 < missed[:, 11].mean() <= 0.05
    assert missed.any(axis=-1).mean() <= 0.05
    assert (known.high - known.low)[:, -1].mean() < (known.high - known.low)[:, 11].mean()


@pytest.mark.parametrize("seeds", [5, 10])
def test_what_is_not_spent_covers_a_skewness_of_one(seeds):
    """Without it 5.3 % of studies of one arm are wrong: more than the 5 % that are promised."""
    values = np.random.default_rng(11).gamma(4, 1, (60_000, seeds)) / 2 - 2
    known = Boundary(AlphaSpending(1).of(0), seeds).trajectory(values, resolution=1e-12)
    assert 0.04 < ((known.low > 0) | (known.high < 0))[:, -1].mean() < 0.048


def test_beyond_the_declared_seeds_the_anytime_interval_goes_on_with_its_share():
    n, squares = np.arange(1, 40), np.arange(39.0)
    half = Boundary(0.04, 20).half_width(n, squares)
    assert (half[20:] == sequential.half_width(n, squares, 0.04 * BEYOND)[20:]).all()
    assert (half[12:20] < sequential.half_width(n, squares, 0.04)[12:20]).all()
    # At the last seed hardly wider than Student's.
    assert half[19] / (stats.t.ppf(0.98, 19) * math.sqrt(squares[19] / 19 / 20)) < 1.2


@pytest.mark.parametrize("seeds", [None, 1, 3])
def test_who_declares_too_few_seeds_for_an_interval_declares_nothing(seeds):
    n, squares = np.arange(1, 40), np.arange(39.0)
    assert (Boundary(0.04, seeds).half_width(n, squares) == sequential.half_width(n, squares, 0.04)).all()


numbers = st.lists(st.integers(-60, 90), min_size=1, max_size=30).map(lambda steps: np.array(steps) * STEP)


@settings(deadline=None)
@given(numbers, st.sampled_from([4, 5, 10, 20]), st.sampled_from([0.04, 0.01]))
def test_interval_p_value_and_word_say_the_same_at_every_seed(values, seeds, alpha):
    boundary = Boundary(alpha, seeds)
    known = boundary.trajectory(values, resolution=STEP)
    assert (known.low[1:] >= known.low[:-1]).all()
    assert (known.high[1:] <= known.high[:-1]).all()
    verdict = judge(values, alpha=alpha, resolution=STEP, declared_seeds=seeds)
    away = bool(known.low[-1] > 0 or known.high[-1] < 0)
    assert away == (verdict.p_value < alpha) or verdict.contradicts
    if verdict.settled_at == len(values):
        low, high = verdict.low, verdict.high
        assert {"helps": low > 0, "hurts": high < 0, "no practical difference": low > -0.2 and high < 0.2}[verdict.word]
    before = judge(values[:-1], alpha=alpha, resolution=STEP, declared_seeds=seeds)
    assert before.word in ("undecided", verdict.word)


def test_a_plan_names_fewer_seeds_where_they_are_declared():
    assert seeds_for(0.5, deviation=0.63, alpha=0.04, declared=True) == 20
    assert seeds_for(0.5, deviation=0.63, alpha=0.04) == 33
    differences = np.random.default_rng(3).normal(0.5, 0.63, (1000, 20))
    low = Boundary(0.04, 20).trajectory(differences, resolution=STEP).low
    assert 0.77 <= (low[:, -1] > 0).mean() <= 0.88
    assert smallest_effect(20, deviation=0.63, boundary=Boundary(0.04, 20)) == pytest.approx(0.5, rel=0.03)


def test_a_verdict_says_what_was_declared_and_an_older_one_reads_as_open():
    verdict = judge([0.5] * 5, alpha=0.04, resolution=STEP, declared_seeds=5)
    assert verdict.declared_seeds == 5
    assert "O'Brien" in verdict.method
    older = msgspec.to_builtins(judge([0.5] * 5, alpha=0.04, resolution=STEP))
    del older["declared_seeds"]
    assert msgspec.convert(older, Verdict).declared_seeds is None
