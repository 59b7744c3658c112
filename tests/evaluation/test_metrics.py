"""Accuracy, interval, confusion and per-class figures, against scipy, statsmodels and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as sklearn_metrics
from statsmodels.stats.proportion import proportion_confint

from fashionlab.errors import NonFiniteLoss
from fashionlab.evaluation.metrics import confusion_matrix, evaluate, wilson_interval
from fashionlab.store import to_json


@given(st.data(), st.integers(1, 20_000), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_interval_is_wilsons(data, n, confidence):
    correct = data.draw(st.integers(0, n))
    low, high = wilson_interval(correct, n, confidence)
    assert 0 <= low <= correct / n <= high <= 1
    expected = binomtest(correct, n).proportion_ci(confidence, "wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert (low, high) == pytest.approx(proportion_confint(correct, n, 1 - confidence, "wilson"), abs=1e-12)


def test_the_interval_covers_as_often_as_it_says():
    """2,000 simulated test sets of 10,000 images at 90 %: the interval holds the truth in about 95 %."""
    counts = np.random.default_rng(0).binomial(10_000, 0.9, size=2_000)
    covered = np.mean([low <= 0.9 <= high for low, high in (wilson_interval(int(c), 10_000) for c in counts)])
    assert covered == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((0, 0), "at least 1"), ((5, 4), "given 5 correct of 4, expected 0 to 4"), ((1, 2, 95), "such as 0.95")],
)
def test_an_interval_of_nonsense_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        wilson_interval(*arguments)


def random_part(seed, n, classes):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, n)
    logits = random.normal(size=(n, classes)).astype(np.float32)
    logits[np.arange(n), labels] += 1
    return logits, labels


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning", "ignore::UserWarning")
@given(st.integers(0, 1000), st.integers(1, 200), st.integers(2, 26))
def test_all_figures_agree_with_scikit_learn(seed, n, classes):
    logits, labels = random_part(seed, n, classes)
    predicted = logits.argmax(axis=1)
    result = evaluate(logits, labels, [f"class {i}" for i in range(classes)])
    to_json(result)
    assert result.n == n
    assert result.accuracy == sklearn_metrics.accuracy_score(labels, predicted)
    expected = sklearn_metrics.confusion_matrix(labels, predicted, labels=range(classes))
    assert [list(row) for row in result.confusion] == expected.tolist()
    figures = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(classes), zero_division=np.nan
    )
    for name, values in zip(("precision", "recall", "f1", "n"), figures, strict=True):
        for ours, theirs in zip((getattr(row, name) for row in result.per_class), values, strict=True):
            if name == "f1" and ours is not None:
                assert ours == pytest.approx(0 if np.isnan(theirs) else theirs)
            else:
                assert (ours is None and np.isnan(theirs)) or ours == pytest.approx(theirs)
    assert result.balanced_accuracy == pytest.approx(sklearn_metrics.balanced_accuracy_score(labels, predicted))
    present = sorted(set(labels) | set(predicted))
    macro = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted, labels=present, average="macro", zero_division=0
    )
    assert [getattr(result.macro, name) for name in ("precision", "recall", "f1")] == pytest.approx(macro[:3])


def test_uint8_labels_do_not_wrap_around():
    labels = np.array([25, 25, 10], np.uint8)
    counts = confusion_matrix(labels, labels, 26)
    assert (counts[25, 25], counts[10, 10], counts.sum()) == (2, 1, 3)
    with pytest.raises(ValueError, match="given predictions from 26 to 26, expected 0 to 25"):
        confusion_matrix(np.array([0]), np.array([26]), 26)


def test_predictions_that_are_not_finite_are_not_evaluated():
    logits, labels = random_part(0, 10, 3)
    logits[2] = np.nan
    with pytest.raises(NonFiniteLoss, match="1 of 10 rows have logits that are NaN or infinite"):
        evaluate(logits, labels, "abc")
