"""Scores of logits, against scipy and scikit-learn."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special
from sklearn.metrics import log_loss

from fashionlab.training.softmax import log_softmax, mean_cross_entropy, softmax


@given(st.integers(1, 20), st.integers(2, 12), st.floats(0, 200), st.integers(0, 2**32 - 1))
@example(n=1, classes=10, scale=9.0, seed=442)  # a true class less probable than scikit-learn can say
def test_they_agree_with_scipy_and_scikit_learn(n, classes, scale, seed):
    random = np.random.default_rng(seed)
    logits = random.normal(scale=scale, size=(n, classes)).astype(np.float32)
    labels = random.integers(0, classes, n)
    assert log_softmax(logits) == pytest.approx(special.log_softmax(logits.astype(np.float64), axis=1), abs=1e-9)
    assert softmax(logits).sum(axis=1) == pytest.approx(1)
    log_p = special.log_softmax(logits.astype(np.float64), axis=1)
    assert mean_cross_entropy(logits, labels) == pytest.approx(-log_p[np.arange(n), labels].mean(), abs=1e-9)
    probabilities = np.exp(log_p)
    if probabilities[np.arange(n), labels].min() > np.finfo(np.float64).eps:  # below, scikit-learn clips: 36.04 nats
        expected = log_loss(labels, probabilities, labels=range(classes))
        assert mean_cross_entropy(logits, labels) == pytest.approx(expected, abs=1e-9)


def test_a_diverged_network_gives_nan_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(mean_cross_entropy(np.array([[0.0, np.nan]]), np.array([0])))
        assert math.isnan(mean_cross_entropy(np.array([[np.inf, 0.0]]), np.array([0])))
    assert mean_cross_entropy(np.array([[1e4, -1e4]]), np.array([1])) == pytest.approx(2e4)


@pytest.mark.parametrize(
    ("logits", "labels", "words"),
    [
        (np.zeros((2, 3)), np.array([0]), r"expected \[n, classes\] and \[n\]"),
        (np.zeros((0, 3)), np.array([], int), "at least 1"),
        (np.zeros((1, 3)), np.array([3]), "given labels from 3 to 3; expected 0 to 2"),
        (np.zeros((1, 3)), np.array([-1]), "given labels from -1 to -1"),
    ],
)
def test_what_does_not_fit_is_refused(logits, labels, words):
    with pytest.raises(ValueError, match=words):
        mean_cross_entropy(logits, labels)
