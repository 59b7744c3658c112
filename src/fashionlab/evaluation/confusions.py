"""Where a model makes mistakes: each one by name, the pairs it confuses, and the rows behind each cell of the matrix.

A row is a position in the set's arrays, 0 to n-1. The prediction is the class of the highest logit, the first of
equals, as in `metrics.evaluate`; its probability is the confidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from fashionlab.evaluation.metrics import confusion_matrix
from fashionlab.training.softmax import softmax


@dataclass(frozen=True, eq=False)
class Mistakes:
    """Misclassified rows, the most confident first.

    row, true, predicted: int64 [m]; confidence: float64 [m], the probability of the predicted class; probabilities:
    float64 [m, k].
    """

    row: np.ndarray
    true: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    probabilities: np.ndarray


class Pair(Struct, frozen=True):
    """Two classes that were confused. count: rows of class `true` predicted as class `predicted`; share: of the rows of
    the true class; reverse_count: rows of the second class predicted as the first."""

    true: int
    predicted: int
    count: int
    share: float
    reverse_count: int


class Cell(Struct, frozen=True):
    """A cell of the confusion matrix. total: its rows; rows: those to show."""

    total: int
    rows: tuple[int, ...]


def mistakes(logits: np.ndarray, labels: np.ndarray, n: int | None = None) -> Mistakes:
    """Every misclassified row, or the first `n`: the most confident first, rows of equal confidence in their order.

    logits: float [n, k]; labels: int [n]. Raises ValueError for shapes or labels that do not fit.
    """
    labels, predicted, probabilities = _predict(logits, labels)
    confidence = probabilities.max(axis=1, initial=0)
    rows = np.flatnonzero(predicted != labels)
    rows = rows[np.argsort(-confidence[rows], kind="stable")][:n]
    return Mistakes(rows, labels[rows], predicted[rows], confidence[rows], probabilities[rows])


def pairs(confusion: np.ndarray | Sequence[Sequence[int]], most: int = 10) -> list[Pair]:
    """The most frequent confusions, from a matrix int [k, k] of counts (row = true class).

    At most `most`, none that never happened, equal counts in the order of the classes. Raises ValueError unless the
    matrix is square.
    """
    confusion = np.asarray(confusion)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"given a confusion matrix of shape {confusion.shape}, expected [k, k]")
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    places = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [
        Pair(int(i), int(j), int(wrong[i, j]), int(wrong[i, j]) / int(confusion[i].sum()), int(confusion[j, i]))
        for i, j in places
        if wrong[i, j]
    ]


def cells(logits: np.ndarray, labels: np.ndarray, diagonal: int = 30) -> list[list[Cell]]:
    """The cells of the confusion matrix, [k][k], true class first.

    Off the diagonal all rows, the most confident first: `rows` is as long as `total`. On the diagonal, where nearly
    all rows are, the `diagonal` least certain, the least certain first.
    """
    labels, predicted, probabilities = _predict(logits, labels)
    classes = probabilities.shape[1]
    confidence = probabilities.max(axis=1, initial=0)
    totals = confusion_matrix(labels, predicted, classes)

    def cell(true: int, guess: int) -> Cell:
        rows = np.flatnonzero((labels == true) & (predicted == guess))
        sign = 1 if true == guess else -1
        rows = rows[np.argsort(sign * confidence[rows], kind="stable")]
        return Cell(int(totals[true, guess]), tuple((rows[:diagonal] if true == guess else rows).tolist()))

    return [[cell(i, j) for j in range(classes)] for i in range(classes)]


def _predict(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels and predictions int64 [n], probabilities float64 [n, k]; checked."""
    logits, labels = np.asarray(logits), np.asarray(labels).astype(np.int64)
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ValueError(
            f"given logits of shape {logits.shape} and labels of shape {labels.shape}: expected [n, k], [n]"
        )
    if len(labels) and (labels.min() < 0 or labels.max() >= logits.shape[1]):
        raise ValueError(f"given labels from {labels.min()} to {labels.max()}, expected 0 to {logits.shape[1] - 1}")
    return labels, logits.argmax(axis=1), softmax(logits)
