"""The verdict: its error rates and its power in simulated studies, its rules, and its words."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionlab.store import to_json
from fashionlab.studies.stats.alpha_spending import AlphaSpending
from fashionlab.studies.stats.boundary import Boundary
from fashionlab.studies.stats.forecast import MOST, seeds_for, seeds_needed, smallest_effect
from fashionlab.studies.stats.sequential import Trajectory
from fashionlab.studies.stats.verdict import WORDS, Verdict, follow, judge

STEP = 100 / 6000
"""Percentage points: one image of a judging set of 6,000."""

DEVIATION = 0.25
"""Percentage points, of a paired difference."""


def watch(differences, alpha, seeds=None):
    """The words after every seed, as text [..., n], by the core that `judge` calls."""
    return np.array(WORDS)[follow(differences, boundary=Boundary(alpha, seeds), resolution=STEP, margin=0.2).words]


def on_grid(points):
    return np.round(points / STEP) * STEP


def said_an_effect(words):
    """Whether a study said helps or hurts at any seed: [...] from [..., n]."""
    return np.isin(words, ("helps", "hurts")).any(axis=-1)


def test_judge_says_after_every_seed_what_the_simulations_count():
    differences = on_grid(np.random.default_rng(2).normal([[0.0], [0.15], [0.5], [-0.4]], DEVIATION, (4, 45)))
    for study, words in zip(differences, watch(differences, 0.04), strict=True):
        assert [judge(study[:n], alpha=0.04, resolution=STEP).word for n in range(1, 46)] == words.tolist()
    assert {"helps", "hurts", "no practical difference"} <= set(watch(differences, 0.04)[:, -1])


def test_an_arm_without_effect_is_said_to_have_one_in_at_most_5_percent():
    """2,000 studies, watched at every seed up to 50."""
    differences = np.random.default_rng(11).normal(0, DEVIATION, (2000, 50))
    assert said_an_effect(watch(differences, AlphaSpending(1).of(0))).mean() <= 0.05
    assert said_an_effect(watch(on_grid(differences), AlphaSpending(1).of(0))).mean() <= 0.05


@pytest.mark.parametrize("shared", [True, False], ids=["sharing a baseline", "independent"])
def test_any_of_five_arms_without_effect_is_said_to_have_one_in_at_most_5_percent(shared):
    """2,000 studies of five arms; sharing a baseline correlates the differences by one half."""
    random = np.random.default_rng(12)
    runs = random.normal(0, DEVIATION / math.sqrt(2), (2000, 5, 50))
    baseline = random.normal(0, DEVIATION / math.sqrt(2), (2000, 1 if shared else 5, 50))
    words = watch(on_grid(runs - baseline), AlphaSpending(5).of(0))
    assert said_an_effect(words).any(axis=-1).mean() <= 0.05


def test_arms_added_later_keep_the_family_at_5_percent():
    random = np.random.default_rng(13)
    baseline = random.normal(0, DEVIATION / math.sqrt(2), (1000, 50))
    wrong = np.zeros(1000, bool)
    for arm in range(8):  # three declared, five added later
        runs = random.normal(0, DEVIATION / math.sqrt(2), (1000, 50))
        wrong |= said_an_effect(watch(on_grid(runs - baseline), AlphaSpending(3).of(arm)))
    assert wrong.mean() <= 0.05


@pytest.mark.parametrize("arms", [1, 5])
def test_accuracies_on_6000_images_keep_the_error_rate(arms):
    """Differences as they are: counts of images that one model alone classifies correctly, in resplits and retrainings.

    Every run has a skill of its own, skewed as runs are: most are good, some are much worse. The baseline's answers are
    shared by the arms.
    """
    random = np.random.default_rng(14)
    studies, seeds, images = 2000, 50, 6000
    skill = 0.905 - 0.0008 * random.gamma(2, 1, (studies, 1 + arms, seeds))
    # Of the images that the baseline has right (wrong), an arm has 97 % (as many as its own skill needs) right.
    right = random.binomial(images, skill[:, :1])
    keeps = 0.97
    gains = (skill[:, 1:] - keeps * skill[:, :1]) / (1 - skill[:, :1])
    both = random.binomial(np.broadcast_to(right, gains.shape), keeps)
    only_arm = random.binomial(np.broadcast_to(images - right, gains.shape), gains)
    differences = 100 * (both + only_arm - right) / images
    assert differences.std() == pytest.approx(0.32, abs=0.08)
    alpha = AlphaSpending(arms).of(0)
    assert said_an_effect(watch(differences, alpha)).any(axis=-1).mean() <= 0.05


@pytest.mark.parametrize(("arms", "least"), [(1, 0.95), (4, 0.80)])
def test_an_effect_of_two_deviations_is_decided_within_12_seeds(arms, least):
    differences = on_grid(np.random.default_rng(15).normal(0.5, DEVIATION, (2000, 12)))
    assert (watch(differences, AlphaSpending(arms).of(0))[:, -1] == "helps").mean() >= least
    assert (watch(-differences, AlphaSpending(arms).of(0))[:, -1] == "hurts").mean() >= least


def test_the_absence_of_an_effect_is_found_within_40_seeds():
    differences = on_grid(np.random.default_rng(16).normal(0, DEVIATION, (2000, 40)))
    assert (watch(differences, AlphaSpending(1).of(0))[:, -1] == "no practical difference").mean() >= 0.80


def test_an_effect_as_large_as_the_margin_is_not_said_to_make_no_difference():
    differences = np.random.default_rng(17).normal(0.2, DEVIATION, (2000, 100))
    assert (watch(differences, AlphaSpending(1).of(0))[:, -1] == "no practical difference").mean() <= 0.04


@pytest.mark.parametrize(
    ("effect", "deviation", "alpha", "now"),
    [(0, 0.25, 0.04, 5), (0, 0.25, 0.01, 20), (0.2, 0.25, 0.04, 6), (0.1, 0.25, 0.04, 10), (0.5, 0.5, 0.04, 5)],
)
def test_the_forecast_of_further_seeds_is_about_right(effect, deviation, alpha, now):
    differences = on_grid(np.random.default_rng(18).normal(effect, deviation, (200, 200)))
    undecided = watch(differences, alpha) == "undecided"
    assert not undecided[:, -1].any()
    open_ones = np.flatnonzero(undecided[:, now - 1])
    took = undecided[open_ones].sum(axis=-1) + 1 - now
    forecasts = [judge(differences[i, :now], alpha=alpha, resolution=STEP).seeds_needed for i in open_ones]
    forecasts = [needed for needed in forecasts if needed is not None]
    assert 0.5 <= np.median(forecasts) / np.median(took) <= 2


def test_a_forecast_has_bounds():
    few = judge([0.1, 0.2], alpha=0.04, resolution=STEP)
    assert (few.word, few.seeds_needed) == ("undecided", None)
    wild = judge([9, -9] * 4, alpha=0.01, resolution=STEP)
    assert wild.seeds_needed == MOST
    soon = judge([0.5, 0.6, 0.4], alpha=0.04, resolution=STEP)
    assert soon.seeds_needed == 1
    # What is known already counts: earlier seeds have shown that the effect is below the margin.
    bounds = {"fresh": (-9.0, 9.0), "informed": (-9.0, 0.19)}
    known = {name: Trajectory(*(np.full(5, x) for x in (0.05, 1.0, *ends, 0.5))) for name, ends in bounds.items()}
    needed = {name: seeds_needed(of, boundary=Boundary(0.04), margin=0.2) for name, of in known.items()}
    assert 1 < needed["informed"] < needed["fresh"] < MOST


steps = st.lists(st.integers(-90, 90), max_size=40).map(lambda steps: np.array(steps, np.float64) * STEP)
opposite = {"helps": "hurts", "hurts": "helps"}


@given(steps, st.sampled_from([0.04, 0.01, 0.0005]), st.sampled_from([0.1, 0.2, 1.0]))
def test_every_verdict_is_consistent(differences, alpha, margin):
    verdict = judge(differences, alpha=alpha, resolution=STEP, margin=margin)
    to_json(verdict)  # raises at what JSON does not know
    low, high = (
        (-math.inf if verdict.low is None else verdict.low),
        (math.inf if verdict.high is None else verdict.high),
    )
    if verdict.word in opposite:
        assert low > 0 if verdict.word == "helps" else high < 0
        assert verdict.p_value <= alpha * (1 + 1e-9)
        assert verdict.exceeds_margin == (low > margin or high < -margin)
    else:
        assert verdict.exceeds_margin is None
    if verdict.word == "no practical difference":
        assert -margin < low <= high < margin
    if verdict.word == "undecided":
        assert low <= 0 <= high or verdict.hangs
        assert verdict.settled_at is None
        assert (verdict.seeds_needed is None) == (verdict.n < 3 or verdict.hangs)
    else:
        # Once said, a word stays; and it was said no earlier than told.
        settled = verdict.settled_at
        said = [
            judge(differences[:n], alpha=alpha, resolution=STEP, margin=margin).word for n in (settled - 1, settled)
        ]
        assert said == ["undecided", verdict.word]
    turned = judge(-differences, alpha=alpha, resolution=STEP, margin=margin)
    assert turned.word == opposite.get(verdict.word, verdict.word)
    assert (turned.n, turned.p_value, turned.seeds_needed) == (verdict.n, verdict.p_value, verdict.seeds_needed)


@given(steps)
def test_the_unit_of_the_interval_does_not_matter(differences):
    points = judge(differences, alpha=0.04, resolution=STEP, margin=0.25)
    other = judge(differences * 4, alpha=0.04, resolution=4 * STEP, margin=1.0)
    assert (other.p_value, other.rare, other.idle) == (points.p_value, points.rare, points.idle)
    effects = {"helps", "hurts"}
    assert other.word == points.word or not {other.word, points.word} <= effects


def test_identical_arms_make_no_practical_difference_after_58_seeds():
    """Before that, one seed in fifteen might lose 3 points and none have come yet."""
    settled = judge([0.0] * 70, alpha=0.04, resolution=STEP)
    assert (settled.word, settled.settled_at) == ("no practical difference", 58)
    verdict = judge([0.0] * 8, alpha=0.04, resolution=STEP)
    assert (verdict.word, verdict.effect, verdict.deviation, verdict.p_value) == ("undecided", 0, 0, 1)
    assert (verdict.equal, verdict.idle, verdict.hidden, verdict.seeds_needed) == (8, 8, True, 52)
    assert judge([0.0] * 12, alpha=0.04, resolution=STEP, margin=1.0).settled_at == 10


ACTING = [
    pytest.param(0.9, 0.0, 3.0, id="equal in 90 %, 3 points lost in the others"),
    pytest.param(1 - 0.2 / 3, 0.0, 3.0, id="a mean at the margin"),
    pytest.param(0.7, 0.0, 1.0, id="equal in 70 %, 1 point lost"),
    pytest.param(0.9, 0.05, 3.0, id="nearly equal"),
]


@pytest.mark.parametrize(("share", "deviation", "loss"), ACTING)
def test_a_change_that_acts_on_few_seeds_is_not_said_to_make_no_difference(share, deviation, loss):
    """By the interval alone it was said in two studies of three. Watched up to 100 seeds."""
    random = np.random.default_rng(11)
    acts = random.random((600, 100)) >= share
    differences = on_grid(np.where(acts, -loss, 0.0) + random.normal(0, deviation, acts.shape))
    said = (watch(differences, 0.04) == "no practical difference").any(axis=-1)
    assert said.mean() <= 0.04


def test_a_word_said_before_most_pairs_were_equal_stays():
    differences = [0.15, -0.15] * 25 + [0.0] * 60
    verdict = judge(differences, alpha=0.04, resolution=STEP)
    assert (verdict.word, verdict.equal) == ("no practical difference", 60)
    assert verdict.settled_at < 50


def test_what_hangs_on_one_seed_is_not_said_until_it_holds_without_it():
    few = [0.3, 0.35, 0.4, 0.25, 0.33]
    assert judge(few, alpha=0.04, resolution=STEP).word == "helps"
    hanging = judge([0.3, -3.0, 0.35, 0.4, 0.25, 0.33], alpha=0.04, resolution=STEP)
    assert (hanging.word, hanging.rare) == ("undecided", 1)


def test_a_word_said_before_a_rare_seed_came_stays_with_a_warning():
    verdict = judge([0.3, 0.35, 0.4, 0.25, 0.33, -3.0], alpha=0.04, resolution=STEP)
    assert (verdict.word, verdict.settled_at, verdict.rare, verdict.hangs) == ("helps", 4, 1, True)


def test_what_happens_in_more_than_a_tenth_of_the_seeds_is_not_rare():
    assert judge([0.1, 0.12, 0.11, 0.1, 0.12, 0.1, -3, 0.1, -3, 0.11], alpha=0.04, resolution=STEP).rare == 0


def test_equal_differences_are_no_proof_but_the_steps_bound_them():
    """Four times the same image more: that may be chance. Four times half a point is not."""
    assert judge([STEP] * 4, alpha=0.04, resolution=STEP).low < 0
    verdict = judge([0.5] * 5, alpha=0.04, resolution=STEP)
    assert (verdict.word, verdict.deviation, verdict.exceeds_margin) == ("helps", 0, True)
    assert verdict.low < 0.5 < verdict.high
    # On a judging set of 60 images the same half point is less than the steps can show.
    assert judge([0.5] * 5, alpha=0.04, resolution=100 / 60).word == "undecided"


def test_a_word_once_said_stays_and_the_interval_goes_on_shrinking():
    differences = on_grid(np.random.default_rng(2).normal(0.08, 0.2, 150))
    early, late = (judge(differences[:n], alpha=0.04, resolution=STEP) for n in (40, 150))
    assert early.word == late.word == "no practical difference"
    assert early.settled_at == late.settled_at <= 40
    assert early.low <= late.low < late.high <= early.high
    assert late.low > 0


def test_seeds_that_contradict_one_another_are_pointed_out():
    differences = [0.5, 0.52, 0.48, 0.5, 0.51, 0.5, *[-3, -3.1, -2.9] * 6]
    verdict = judge(differences, alpha=0.04, resolution=STEP)
    assert (verdict.word, verdict.contradicts) == ("helps", True)
    assert not judge(differences[:6], alpha=0.04, resolution=STEP).contradicts


@pytest.mark.parametrize(
    ("differences", "settings", "words"),
    [
        ([0.1, math.nan], {}, "with nan among them"),
        ([math.inf], {}, "given a difference of inf percentage points, expected -100 to 100"),
        ([101], {}, "given a difference of 101 percentage points"),
        ([[0.1]], {}, r"given differences of shape \(1, 1\), expected \[n\]"),
        ([0.1], {"margin": 0}, "given margin 0, expected percentage points above 0"),
        ([0.1], {"margin": math.nan}, "given margin nan"),
        ([0.1], {"alpha": 1}, "given alpha 1, expected a fraction"),
        ([0.1], {"resolution": -1}, "given resolution -1, expected the step"),
    ],
)
def test_nonsense_is_refused(differences, settings, words):
    with pytest.raises(ValueError, match=words):
        judge(differences, **({"alpha": 0.04, "resolution": STEP} | settings))


@pytest.mark.parametrize(("effect", "deviation", "alpha"), [(0.5, 0.25, 0.04), (0.2, 0.23, 0.04), (1.0, 0.63, 0.01)])
def test_the_seeds_that_a_plan_names_find_the_effect_in_8_of_10_studies(effect, deviation, alpha):
    seeds = seeds_for(effect, deviation=deviation, alpha=alpha)
    differences = np.random.default_rng(19).normal(effect, deviation, (1000, seeds))
    assert 0.78 <= (watch(differences, alpha)[:, -1] == "helps").mean() <= 0.97
    smallest = smallest_effect(seeds, deviation=deviation, boundary=Boundary(alpha))
    assert smallest <= effect
    assert seeds_for(0.9 * smallest, deviation=deviation, alpha=alpha) > seeds


def test_what_no_number_of_seeds_finds_is_said_so():
    assert seeds_for(0.001, deviation=0.6, alpha=0.01) == MOST
    assert smallest_effect(3, deviation=0.25, boundary=Boundary(0.04)) is None
    assert seeds_for(100, deviation=0.25, alpha=0.04) == 4


def test_a_verdict_of_an_older_version_can_be_read():
    verdict = judge([0.5] * 5, alpha=0.04, resolution=STEP)
    older = msgspec.to_builtins(verdict)
    for name in ("equal", "idle", "hidden", "rare", "hangs"):
        del older[name]
    assert msgspec.convert(older, Verdict) == verdict
