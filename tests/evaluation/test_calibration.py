"""Calibration against scikit-learn, against sums written out row by row, and against what must hold for any data."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import brentq
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from fashionlab.evaluation import calibration, evaluate
from fashionlab.evaluation.calibration import (
    brier,
    coverage_curve,
    fit_temperature,
    negative_log_likelihood,
    reliability,
)
from fashionlab.evaluation.metrics import wilson_interval
from fashionlab.store import Predictions, SetPredictions
from fashionlab.training.softmax import softmax


def draw(seed: int, n: int = 500, k: int = 10, sharpness: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of an over-confident classifier, and labels drawn from half its logits."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (n, k))
    labels = (random.random((n, 1)) > softmax(logits).cumsum(axis=1)).sum(axis=1).clip(0, k - 1)
    return sharpness * logits, labels


cases = st.builds(
    draw,
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 200),
    k=st.integers(2, 12),
    sharpness=st.floats(0.05, 20),
)


@pytest.mark.parametrize("bins", [1, 10, 15])
@pytest.mark.parametrize("seed", range(3))
def test_reliability_agrees_with_scikit_learns_curve(seed, bins):
    logits, labels = draw(seed)
    probabilities = softmax(logits)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    found = reliability(probabilities, labels, bins)
    accuracy, mean = calibration_curve(right, confidence, n_bins=bins, strategy="uniform")
    assert [row.accuracy for row in found.bins] == pytest.approx(accuracy, abs=1e-12)
    assert [row.confidence for row in found.bins] == pytest.approx(mean, abs=1e-12)
    weights = np.array([row.n for row in found.bins]) / len(labels)
    assert found.ece == pytest.approx(float((weights * np.abs(accuracy - mean)).sum()), abs=1e-12)


@given(cases, st.integers(1, 30))
def test_reliability_agrees_with_a_count_row_by_row(case, bins):
    logits, labels = case
    probabilities = softmax(logits)
    found = reliability(probabilities, labels, bins)
    piles = [[] for _ in range(bins)]
    for row, label in zip(probabilities, labels, strict=True):
        top = max(row)
        piles[next(b for b in range(bins) if top <= np.linspace(0, 1, bins + 1)[b + 1] or b == bins - 1)].append(
            (top, list(row).index(top) == label)
        )
    error = 0.0
    edges = np.linspace(0, 1, bins + 1)
    filled = [(low, high, pile) for low, high, pile in zip(edges, edges[1:], piles, strict=False) if pile]
    assert found.count == bins
    for row, (low, high, pile) in zip(found.bins, filled, strict=True):
        assert (row.low, row.high, row.n) == (low, high, len(pile))
        correct = sum(hit for _, hit in pile)
        assert row.accuracy == correct / len(pile)
        assert (row.accuracy_low, row.accuracy_high) == wilson_interval(correct, len(pile))
        assert row.confidence == pytest.approx(math.fsum(top for top, _ in pile) / len(pile))
        error += len(pile) / len(labels) * abs(row.accuracy - row.confidence)
    assert found.ece == pytest.approx(error, abs=1e-12)
    assert 0 <= found.ece <= 1


def test_a_confidence_on_an_edge_counts_below_it():
    found = reliability(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0, 1]), bins=2)
    assert [(row.low, row.high, row.n) for row in found.bins] == [(0, 0.5, 1), (0.5, 1, 1)]


@given(cases)
def test_brier_and_likelihood_agree_with_scikit_learn(case):
    logits, labels = case
    classes = np.arange(logits.shape[1])
    probabilities = softmax(logits)
    # scikit-learn halves the score of two classes unless told not to.
    outside = brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False)
    assert brier(probabilities, labels) == pytest.approx(outside, abs=1e-9)
    # scikit-learn cuts probabilities off at 2e-16, which would hide how wrong a prediction was.
    assume(probabilities.min() > 1e-15)
    expected = log_loss(labels, probabilities, labels=classes)
    assert negative_log_likelihood(logits, labels) == pytest.approx(expected, abs=1e-6)


def test_brier_by_hand():
    labels = np.array([0])
    assert brier(np.array([[1.0, 0.0]]), labels) == 0
    assert brier(np.array([[0.0, 1.0]]), labels) == 2
    assert brier(np.array([[0.7, 0.3]]), labels) == pytest.approx(0.18)


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 2.0, 5.0])
def test_the_temperature_is_where_the_slope_is_zero(sharpness):
    logits, labels = draw(7, n=2000, sharpness=sharpness)

    def slope(inverse: float) -> float:
        expected = (softmax(logits * inverse) * logits).sum(axis=1)
        return float((expected - logits[np.arange(len(labels)), labels]).mean())

    outside = 1 / brentq(slope, 1e-3, 1e3, xtol=1e-14, rtol=1e-14)
    assert fit_temperature(logits, labels) == pytest.approx(outside, abs=1e-6)
    # The labels were drawn at sharpness 1, so that is what scaling gets back to.
    assert outside == pytest.approx(sharpness, rel=0.1)


def test_the_temperature_agrees_with_scikit_learn():
    frozen = pytest.importorskip("sklearn.frozen")
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.calibration import CalibratedClassifierCV

    logits, labels = draw(3, n=1500)

    class Given(ClassifierMixin, BaseEstimator):
        def fit(self, x, y):
            self.classes_ = np.unique(y)
            return self

        def decision_function(self, x):
            return x

        def predict(self, x):
            return x.argmax(axis=1)

    try:
        outside = CalibratedClassifierCV(frozen.FrozenEstimator(Given().fit(logits, labels)), method="temperature")
        outside.fit(logits, labels)
    except ValueError as error:
        pytest.skip(f"this scikit-learn has no temperature scaling: {error}")
    own = softmax(logits / fit_temperature(logits, labels))
    assert own == pytest.approx(outside.predict_proba(logits), abs=1e-6)


def test_a_temperature_without_a_minimum_lies_near_an_end_of_the_range():
    logits = np.array([[3.0, 0.0], [0.0, 3.0]])
    assert 0.01 <= fit_temperature(logits, np.array([0, 1])) < 0.1
    assert 99 < fit_temperature(logits, np.array([1, 0])) <= 100


@given(cases, st.integers(1, 60))
def test_coverage_agrees_with_answering_the_surest(case, points):
    logits, labels = case
    probabilities = softmax(logits)
    curve = coverage_curve(probabilities, labels, points)
    confidence = probabilities.max(axis=1)
    order = sorted(range(len(labels)), key=lambda i: (-confidence[i], i))
    assert list(curve.n) == sorted(set(curve.n))
    assert len(curve.n) == min(points, len(labels))
    columns = [curve.n, curve.coverage, curve.accuracy, curve.threshold]
    for n, coverage, accuracy, threshold in zip(*columns, strict=True):
        answered = order[:n]
        assert coverage == n / len(labels)
        assert accuracy == pytest.approx(np.mean([probabilities[i].argmax() == labels[i] for i in answered]))
        assert threshold == min(confidence[i] for i in answered)
    assert curve.coverage[-1] == 1


def test_both_sets_before_and_after():
    (one, one_labels), (two, two_labels) = draw(1, n=800), draw(2, n=600)
    predictions = Predictions(SetPredictions(one, one_labels), SetPredictions(two, two_labels))
    found = calibration(predictions, "test")
    assert (found.evaluated, found.n, found.scaling.n) == ("test", 600, 800)
    temperature = fit_temperature(one, one_labels)
    assert found.scaling.temperature == temperature
    assert temperature == pytest.approx(2, rel=0.2)
    before, after = found.before, found.scaling.after
    outside = evaluate(two, two_labels, [str(i) for i in range(10)])
    assert before.nll == outside.loss
    assert before.accuracy == after.accuracy == outside.accuracy
    assert after.brier == brier(softmax(two / temperature), two_labels)
    assert after.reliability.ece < before.reliability.ece
    assert after.nll < before.nll
    assert calibration(predictions, "validation").n == 800


def test_without_validation_there_is_no_temperature():
    refit = Predictions(None, SetPredictions(*draw(1)))
    assert calibration(refit, "test").scaling is None
    with pytest.raises(ValueError, match="given the validation set, which was not predicted"):
        calibration(refit, "validation")


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        (np.ones((2, 2)), [0, 1], "given rows that are not probabilities"),
        (np.full((1, 2), np.nan), [0], "given rows that are not probabilities"),
        (np.array([[1.5, -0.5]]), [0], "given rows that are not probabilities"),
        (np.array([[1.0, 0.0]]), [2], "given labels from 2 to 2, expected 0 to 1"),
        (np.array([[1.0, 0.0]]), [-1], "given labels from -1"),
        (np.empty((0, 2)), [], "with n at least 1"),
        (np.array([[1.0, 0.0]]), [0, 1], "given probabilities of shape"),
    ],
)
@pytest.mark.parametrize("score", [reliability, brier, coverage_curve])
def test_what_cannot_be_scored(score, probabilities, labels, message):
    with pytest.raises(ValueError, match=message):
        score(probabilities, np.array(labels, np.int64))


def test_the_floor_is_what_a_calibrated_model_shows():
    """Labels drawn from the predictions themselves: the error that is left is chance."""
    random = np.random.default_rng(3)
    probabilities = softmax(random.normal(0, 3, (2000, 10)))
    floor, found = reliability(probabilities, np.zeros(2000, int)).floor, []
    for _ in range(60):
        labels = (random.random((2000, 1)) > np.cumsum(probabilities, axis=1)).sum(axis=1).clip(0, 9)
        found.append(reliability(probabilities, labels).ece)
    assert floor == pytest.approx(np.mean(found), rel=0.08)
