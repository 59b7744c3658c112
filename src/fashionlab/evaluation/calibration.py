"""Whether a model's confidence can be believed, before and after temperature scaling.

Confidence is the probability of the predicted class. A model is calibrated when, of the predictions made with
confidence c, a share c is right. Everything here is a fraction, but for the negative log-likelihood (nats).

C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, arXiv 1706.04599;
G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78 (1950), 1-3.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fashionlab.evaluation.metrics import wilson_interval
from fashionlab.training.softmax import mean_cross_entropy, softmax

BINS = 15
"""Bins of the reliability diagram, as in Guo et al."""

COVERAGE_POINTS = 50

TEMPERATURES = (0.01, 100.0)
"""Where a temperature is looked for: beyond, predictions are as good as certain or as good as uniform."""


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> dict[str, Any]:
    """How often predictions of some confidence are right, in bins of equal width, and the expected calibration error.

    probabilities: float [n, k], rows that sum to 1; labels: int [n]; n at least 1. Bin b holds the confidences in
    (b/bins, (b+1)/bins], the first one 0 as well. Returns `binning`, a sentence; `bins`, a dict a bin: `low`, `high`,
    `n`, and the bin's mean `confidence`, `accuracy`, and `accuracy_low`, `accuracy_high`, its 95 % Wilson interval (all
    four None where n is 0); and `ece`, the sum over the bins of n_b/n · |accuracy - confidence| (Guo, equation 3).
    """
    probabilities, labels = _checked(probabilities, labels)
    if bins < 1:
        raise ValueError(f"given {bins} bins, expected at least 1")
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    # side="left" puts a confidence that lies on an edge below it.
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    hits = np.bincount(place, weights=right, minlength=bins)
    sums = np.bincount(place, weights=confidence, minlength=bins)
    rows = [
        _bin(float(edges[b]), float(edges[b + 1]), int(counts[b]), int(hits[b]), float(sums[b])) for b in range(bins)
    ]
    return {
        "binning": f"{bins} bins of equal width between 0 and 1, each with its upper end",
        "bins": rows,
        "ece": float(np.abs(hits - sums).sum() / len(labels)),
    }


def _bin(low: float, high: float, n: int, right: int, confidence: float) -> dict[str, Any]:
    interval = wilson_interval(right, n) if n else (None, None)
    return {
        "low": low,
        "high": high,
        "n": n,
        "confidence": confidence / n if n else None,
        "accuracy": right / n if n else None,
        "accuracy_low": interval[0],
        "accuracy_high": interval[1],
    }


def brier(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Brier's score: the mean over the rows of sum_j (p_j - [j is the true class])², over all classes.

    From 0 (certain and right) to 2 (certain and wrong): Brier's own definition. The binary score that counts one class
    only is half of it. probabilities: float [n, k]; labels: int [n].
    """
    probabilities, labels = _checked(probabilities, labels)
    away = probabilities.copy()
    away[np.arange(len(labels)), labels] -= 1
    return float((away**2).sum(axis=1).mean())


def coverage_curve(probabilities: np.ndarray, labels: np.ndarray, points: int = COVERAGE_POINTS) -> dict[str, Any]:
    """Accuracy when the model may refuse the pictures that it is least certain of.

    For up to `points` numbers of rows answered, evenly spread and ending with all of them: `n`; `coverage`, the share
    answered, ascending; `accuracy` of these; and `threshold`, the least confidence among them. The rows of highest
    confidence are answered; of equal confidence the earlier one, so a threshold alone may answer more.
    """
    probabilities, labels = _checked(probabilities, labels)
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum((probabilities.argmax(axis=1) == labels)[order])
    total = len(labels)
    answered = np.unique(np.ceil(np.arange(1, points + 1) * total / points).astype(np.int64))
    return {
        "n": answered.tolist(),
        "coverage": (answered / total).tolist(),
        "accuracy": (right[answered - 1] / answered).tolist(),
        "threshold": confidence[order][answered - 1].tolist(),
    }


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> float:
    """Mean of -log p(true class), nats, of softmax(logits / temperature): at temperature 1 the loss of `evaluate`."""
    return mean_cross_entropy(np.asarray(logits, np.float64) / temperature, labels)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature T in [0.01, 100] at which softmax(logits / T) has the least negative log-likelihood.

    Fit it on validation rows and use it on others. Above 1 the model was too sure of itself. The predicted classes
    stay the same. The negative log-likelihood is convex in 1/T, so the search (bounded, over log T) finds the only
    minimum; where every row is right, or every row wrong, there is none, and the answer lies near an end of the range.
    logits: float [n, k]; labels: int [n].
    """
    # Imported here: scipy takes half a second, and the command line answers faster than that.
    from scipy.optimize import minimize_scalar

    logits = np.asarray(logits, np.float64)
    low, high = (math.log(t) for t in TEMPERATURES)
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, labels, math.exp(log_t)),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return math.exp(float(found.x))


def calibration(predictions: Mapping[str, np.ndarray], evaluated: str = "test") -> dict[str, Any]:
    """All of the above for one part, before and after scaling with the temperature that validation gave.

    predictions: `Run.predictions`; evaluated: "test" or "validation". Keys: see the package's docstring. `after` and
    `temperature` are None where the run has no validation part (a refit), and `temperature_reason` says so. Of the
    validation part itself `after` flatters a little, as the temperature was fitted on the same rows; one number fitted
    on thousands of rows. Raises ValueError if the part was not predicted.
    """
    if f"{evaluated}_logits" not in predictions:
        known = sorted(name.removesuffix("_logits") for name in predictions if name.endswith("_logits"))
        raise ValueError(f"given part {evaluated!r}, expected one that was predicted: {known}")
    logits, labels = np.asarray(predictions[f"{evaluated}_logits"], np.float64), predictions[f"{evaluated}_labels"]
    temperature, reason, fitted_on = None, None, None
    if "validation_logits" in predictions:
        fitted_on = len(predictions["validation_labels"])
        temperature = fit_temperature(predictions["validation_logits"], predictions["validation_labels"])
    else:
        reason = "no temperature: it is fitted on validation pictures, and a refit was trained on those too"
    return {
        "evaluated": evaluated,
        "n": len(labels),
        "temperature": temperature,
        "temperature_n": fitted_on,
        "temperature_reason": reason,
        "before": _scores(logits, labels),
        "after": None if temperature is None else _scores(logits / temperature, labels),
    }


def _scores(logits: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    probabilities = softmax(logits)
    return {
        "reliability": reliability(probabilities, labels),
        "brier": brier(probabilities, labels),
        "nll": negative_log_likelihood(logits, labels),
        "mean_confidence": float(probabilities.max(axis=1).mean()),
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "coverage": coverage_curve(probabilities, labels),
    }


def _checked(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Float64 and int64; raises ValueError for shapes, labels or values that cannot be what they are said to be."""
    probabilities, labels = np.asarray(probabilities, np.float64), np.asarray(labels).astype(np.int64)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
        raise ValueError(
            f"given probabilities of shape {probabilities.shape} and labels of shape {labels.shape}; "
            "expected [n, k] and [n], with n at least 1"
        )
    if labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise ValueError(
            f"given labels from {labels.min()} to {labels.max()}, expected 0 to {probabilities.shape[1] - 1}"
        )
    # 1e-4 leaves room for float32 rows; logits by mistake are far off. A NaN fails both comparisons.
    if not (probabilities.min() >= 0 and np.abs(probabilities.sum(axis=1) - 1).max() < 1e-4):
        raise ValueError("given rows that are no probabilities, expected values from 0 up that sum to 1 in each row")
    return probabilities, labels
