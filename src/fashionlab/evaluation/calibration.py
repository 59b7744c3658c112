"""Calibration: how far a model's confidence agrees with its accuracy, before and after temperature scaling.

Confidence is the probability of the predicted class. A model is calibrated when, of the predictions made with
confidence c, a share c is correct. Everything here is a fraction, except the negative log-likelihood (nats).

C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, arXiv 1706.04599;
G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78 (1950), 1-3.
"""

import math

import numpy as np
from msgspec import Struct

from fashionlab.evaluation.metrics import wilson_interval
from fashionlab.store import Predictions
from fashionlab.training.softmax import mean_cross_entropy, softmax

BINS = 15
"""Bins of the reliability diagram, as in Guo et al."""

COVERAGE_POINTS = 50

TEMPERATURES = (0.01, 100.0)
"""Where a temperature is looked for: beyond, predictions are as good as certain or as good as uniform."""


class Bin(Struct, frozen=True):
    """The predictions with a confidence above `low` and up to `high` (in the first bin, 0 as well).

    n: how many, at least 1; confidence: their mean; accuracy: with its 95 % Wilson interval.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


class Reliability(Struct, frozen=True):
    """How often predictions of some confidence are correct.

    count: of bins of equal width from 0 to 1; bins: those that hold predictions; ece: the expected calibration error,
    the sum over the bins of n_b/n · |accuracy - confidence| (Guo, equation 3); floor: what it would be on average of a
    perfectly calibrated model with these confidences, by the chance of so many images alone.
    """

    count: int
    bins: tuple[Bin, ...]
    ece: float
    floor: float


class Coverage(Struct, frozen=True):
    """Accuracy when the model may abstain from the images that it is least certain of, by how many it answers.

    n: images answered; coverage: their share, ascending, ends at 1; accuracy: of these; threshold: the least confidence
    among them. All of one length.
    """

    n: tuple[int, ...]
    coverage: tuple[float, ...]
    accuracy: tuple[float, ...]
    threshold: tuple[float, ...]


class Scores(Struct, frozen=True):
    """brier: see `brier`; nll: mean negative log-likelihood, nats; mean_confidence: of all predictions."""

    reliability: Reliability
    brier: float
    nll: float
    mean_confidence: float
    accuracy: float
    coverage: Coverage


class TemperatureScaling(Struct, frozen=True):
    """temperature: what the logits are divided by; n: validation images that it was fitted on; after: what the scaled
    logits score."""

    temperature: float
    n: int
    after: Scores


class Calibration(Struct, frozen=True):
    """evaluated: "test" or "validation"; n: its images; before: the scores as trained; scaling: None in a refit, which
    was trained on the validation images too, so that none are left to fit a temperature on.

    Of the validation set itself `scaling.after` is a little optimistic, because the temperature was fitted on the same
    rows; it is one number, fitted on thousands of rows.
    """

    evaluated: str
    n: int
    before: Scores
    scaling: TemperatureScaling | None


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> Reliability:
    """How often predictions of some confidence are correct, in bins, and the expected calibration error.

    The floor: of a calibrated model the correct predictions of a bin are a sum of independent Bernoulli variables with
    the confidences c, about normal with variance V = sum c (1 - c), so they are off by sqrt(2 V / pi) on average.

    probabilities: float [n, k], rows that sum to 1; labels: int [n]; n at least 1.
    """
    probabilities, labels = _checked(probabilities, labels)
    if bins < 1:
        raise ValueError(f"given {bins} bins, expected at least 1")
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    # side="left" puts a confidence that lies on an edge below it.
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    hits = np.bincount(place, weights=correct, minlength=bins)
    sums = np.bincount(place, weights=confidence, minlength=bins)
    variances = np.bincount(place, weights=np.clip(confidence * (1 - confidence), 0, None), minlength=bins)
    return Reliability(
        count=bins,
        bins=tuple(
            _bin(float(edges[b]), float(edges[b + 1]), int(counts[b]), int(hits[b]), float(sums[b]))
            for b in np.flatnonzero(counts)
        ),
        ece=float(np.abs(hits - sums).sum() / len(labels)),
        floor=float(np.sqrt(2 / math.pi * variances).sum() / len(labels)),
    )


def _bin(low: float, high: float, n: int, correct: int, confidence: float) -> Bin:
    return Bin(low, high, n, confidence / n, correct / n, *wilson_interval(correct, n))


def brier(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Brier's score: the mean over the rows of sum_j (p_j - [j is the true class])², over all classes.

    From 0 (certain and correct) to 2 (certain and wrong): Brier's own definition. The binary score that counts one
    class only is half of it. probabilities: float [n, k]; labels: int [n].
    """
    probabilities, labels = _checked(probabilities, labels)
    away = probabilities.copy()
    away[np.arange(len(labels)), labels] -= 1
    return float((away**2).sum(axis=1).mean())


def coverage_curve(probabilities: np.ndarray, labels: np.ndarray, points: int = COVERAGE_POINTS) -> Coverage:
    """Accuracy by coverage, for up to `points` numbers of images answered, evenly spread and ending with all of them.

    The rows of highest confidence are answered; of equal confidence the earlier one, so a threshold alone may answer
    more.
    """
    probabilities, labels = _checked(probabilities, labels)
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    correct = np.cumsum((probabilities.argmax(axis=1) == labels)[order])
    total = len(labels)
    answered = np.unique(np.ceil(np.arange(1, points + 1) * total / points).astype(np.int64))
    return Coverage(
        n=tuple(answered.tolist()),
        coverage=tuple((answered / total).tolist()),
        accuracy=tuple((correct[answered - 1] / answered).tolist()),
        threshold=tuple(confidence[order][answered - 1].tolist()),
    )


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> float:
    """Mean of -log p(true class), nats, of softmax(logits / temperature): at temperature 1 the loss of `evaluate`."""
    return mean_cross_entropy(np.asarray(logits, np.float64) / temperature, labels)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature T in [0.01, 100] at which softmax(logits / T) has the least negative log-likelihood.

    Fit it on validation rows and use it on others. Above 1 the model was overconfident. The predicted classes
    stay the same. The negative log-likelihood is convex in 1/T, so the search (bounded, over log T) finds the only
    minimum; where every row is correct, or every row wrong, there is none, and the answer lies near an end of the
    range. logits: float [n, k]; labels: int [n].
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


def calibration(predictions: Predictions, evaluated: str = "test") -> Calibration:
    """All of the above for one set, "test" or "validation", before and after scaling with the temperature that
    validation gave. Raises ValueError if the set was not predicted.
    """
    judged, validation = predictions.of(evaluated), predictions.validation
    if judged is None:
        raise ValueError(f"given the {evaluated} set, which was not predicted")
    logits, labels = np.asarray(judged.logits, np.float64), judged.labels
    scaling = None
    if validation:
        temperature = fit_temperature(validation.logits, validation.labels)
        scaling = TemperatureScaling(temperature, len(validation.labels), _scores(logits / temperature, labels))
    return Calibration(evaluated, len(labels), _scores(logits, labels), scaling)


def _scores(logits: np.ndarray, labels: np.ndarray) -> Scores:
    probabilities = softmax(logits)
    return Scores(
        reliability=reliability(probabilities, labels),
        brier=brier(probabilities, labels),
        nll=negative_log_likelihood(logits, labels),
        mean_confidence=float(probabilities.max(axis=1).mean()),
        accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
        coverage=coverage_curve(probabilities, labels),
    )


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
        raise ValueError("given rows that are not probabilities, expected values from 0 up that sum to 1 in each row")
    return probabilities, labels
