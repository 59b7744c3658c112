"""Accuracy with its interval, loss, confusion matrix and per-class figures, from logits and labels.

Rates are fractions (0 to 1), losses nats. A rate without a denominator (the precision of a class that was never
predicted) is None, null in JSON: NaN is not JSON, and 0 would claim that something was measured.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from fashionlab.errors import NonFiniteLoss
from fashionlab.store import ClassFigures, MacroFigures, SetMetrics, SetPredictions, SharedTest
from fashionlab.training.softmax import mean_cross_entropy


def wilson_interval(correct: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Confidence interval (low, high) for a proportion, `correct` successes in `n` independent trials; fractions.

    The score interval of E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22 (1927), 209-212. With p = correct / n and z the standard normal quantile
    of 1/2 + confidence/2:

        (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)

    Unlike p ± z sqrt(p(1-p)/n) it never leaves [0, 1] and has a width at 0 and at n, where it begins exactly at 0 and
    ends exactly at 1. It is about other images from the same source, not of other seeds of the training.

    Raises ValueError unless n >= 1, 0 <= correct <= n and 0 < confidence < 1.
    """
    if n < 1:
        raise ValueError(f"given n = {n}, expected at least 1: a proportion of nothing has no interval")
    if not 0 <= correct <= n:
        raise ValueError(f"given {correct} correct of {n}, expected 0 to {n}")
    if not 0 < confidence < 1:
        raise ValueError(f"given confidence {confidence}, expected a fraction between 0 and 1, such as 0.95")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p = correct / n
    scale = 1 + z * z / n
    centre = (p + z * z / (2 * n)) / scale
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / scale
    # At the ends the two terms cancel in exact arithmetic; in floating point they leave 1e-17.
    low = 0.0 if correct == 0 else max(0.0, centre - half)
    high = 1.0 if correct == n else min(1.0, centre + half)
    return low, high


def without_shared(predictions: SetPredictions) -> SharedTest | None:
    """The accuracy on the images that are not in the training set too; None where none is."""
    if predictions.shared is None:
        return None
    correct = np.delete(predictions.logits.argmax(axis=1) == predictions.labels, predictions.shared)
    shared, n = len(predictions.shared), len(correct)
    if not n:
        return SharedTest(shared, 0, None, None, None)
    return SharedTest(shared, n, float(correct.mean()), *wilson_interval(int(correct.sum()), n))


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts int64 [classes, classes]: row = true class, column = predicted class, of two int arrays [n].

    Raises ValueError for arrays of unequal or other shape and for values outside 0 to classes - 1. No rows: all zero.
    """
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.ndim != 1 or labels.shape != predicted.shape:
        raise ValueError(
            f"given labels of shape {labels.shape} and predictions of shape {predicted.shape}, expected [n] twice"
        )
    for name, values in (("labels", labels), ("predictions", predicted)):
        if len(values) and (values.min() < 0 or values.max() >= classes):
            raise ValueError(f"given {name} from {values.min()} to {values.max()}, expected 0 to {classes - 1}")
    # Widened first: uint8 labels times 26 classes would wrap around at 256.
    cells = labels.astype(np.int64) * classes + predicted.astype(np.int64)
    return np.bincount(cells, minlength=classes * classes).astype(np.int64).reshape(classes, classes)


def evaluate(logits: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> SetMetrics:
    """All figures of one set (validation or test).

    logits: float [n, classes]; labels: int [n]; class_names: in the order of the logits. The prediction is the class
    of the highest logit, the first of equals. The macro figures are scikit-learn's (average="macro", zero_division=0).

    Raises NonFiniteLoss if logits are NaN, or so extreme that the loss is not finite: such predictions have no worth
    to report. Raises ValueError for shapes or labels that do not fit.
    """
    logits, labels = np.asarray(logits), np.asarray(labels)
    classes = len(class_names)
    if logits.ndim != 2 or logits.shape[1] != classes:
        raise ValueError(f"given logits of shape {logits.shape} for {classes} class names, expected [n, {classes}]")
    loss = mean_cross_entropy(logits, labels)
    if not math.isfinite(loss):
        bad = int((~np.isfinite(logits)).any(axis=1).sum())
        raise NonFiniteLoss(
            f"the loss of the predictions is {loss}: {bad:,} of {len(logits):,} rows have logits that are NaN or "
            "infinite; train with a lower learning rate, or look at the model's last layer"
        )
    confusion = confusion_matrix(labels, logits.argmax(axis=1), classes)
    n, correct = len(labels), int(np.trace(confusion))
    low, high = wilson_interval(correct, n)
    per_class = tuple(
        _class_figures(name, int(confusion[i, i]), int(confusion[i].sum()), int(confusion[:, i].sum()))
        for i, name in enumerate(class_names)
    )
    # A class has no F1 only if it is neither among the labels nor among the predictions.
    occurring = [figures for figures in per_class if figures.f1 is not None]
    return SetMetrics(
        n=n,
        accuracy=correct / n,
        accuracy_low=low,
        accuracy_high=high,
        loss=loss,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        per_class=per_class,
        macro=MacroFigures(
            precision=sum(figures.precision or 0.0 for figures in occurring) / len(occurring),
            recall=sum(figures.recall or 0.0 for figures in occurring) / len(occurring),
            f1=sum(figures.f1 or 0.0 for figures in occurring) / len(occurring),
        ),
    )


def _class_figures(name: str, correct: int, labelled: int, predicted: int) -> ClassFigures:
    """One class, from three counts: F1 = 2 correct / (labelled + predicted), the harmonic mean."""
    return ClassFigures(
        name=str(name),
        n=labelled,
        precision=_share(correct, predicted),
        recall=_share(correct, labelled),
        f1=_share(2 * correct, labelled + predicted),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
