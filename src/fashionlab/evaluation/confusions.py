"""Where a model errs: every mistake by name, the pairs it confuses, and the pictures behind each cell of the matrix.

A row is a position in the part's arrays, 0 to n-1. The prediction is the class of the highest logit, the first of
equals, as in `metrics.evaluate`; its probability is the confidence.
"""

from typing import Any

import numpy as np

from fashionlab.evaluation.metrics import confusion_matrix
from fashionlab.training.softmax import softmax


def mistakes(logits: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Every wrongly predicted row, the most confident first, rows of equal confidence in their order.

    logits: float [n, k]; labels: int [n]. With m mistakes: `row`, `true`, `predicted` int64 [m]; `confidence`
    float64 [m], the probability of the predicted class; `probabilities` float64 [m, k]. Raises ValueError for shapes or
    labels that do not fit.
    """
    labels, predicted, probabilities = _predict(logits, labels)
    confidence = probabilities.max(axis=1, initial=0)
    rows = np.flatnonzero(predicted != labels)
    rows = rows[np.argsort(-confidence[rows], kind="stable")]
    return {
        "row": rows,
        "true": labels[rows],
        "predicted": predicted[rows],
        "confidence": confidence[rows],
        "probabilities": probabilities[rows],
    }


def most_confident_mistakes(logits: np.ndarray, labels: np.ndarray, n: int = 24) -> dict[str, np.ndarray]:
    """The first `n` of `mistakes`: where the model was surest and wrong, its own faults or those of the labels."""
    return {name: values[:n] for name, values in mistakes(logits, labels).items()}


def pairs(confusion: np.ndarray, most: int = 10) -> list[dict[str, Any]]:
    """The most frequent confusions, from a matrix int [k, k] of counts (row = true class).

    A dict a pair, at most `most`, none that never happened, equal counts in the order of the classes: `true`,
    `predicted`; `count`; `share`, of the rows of the true class; `reverse_count`, how often the second class was taken
    for the first. Raises ValueError unless the matrix is square.
    """
    confusion = np.asarray(confusion)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"given a confusion matrix of shape {confusion.shape}, expected [k, k]")
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    found = []
    for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if count := int(wrong[i, j]):
            share, back = count / int(confusion[i].sum()), int(confusion[j, i])
            pair = {"true": int(i), "predicted": int(j), "count": count, "share": share, "reverse_count": back}
            found.append(pair)
    return found


def cells(logits: np.ndarray, labels: np.ndarray, diagonal: int = 30) -> list[list[dict[str, Any]]]:
    """The rows behind each cell of the confusion matrix: [k][k] of {"total", "rows"}, true class first.

    Off the diagonal all rows, the most confident first: `rows` is as long as `total`. On the diagonal, where nearly
    all rows are, the `diagonal` least certain, the least certain first.
    """
    labels, predicted, probabilities = _predict(logits, labels)
    classes = probabilities.shape[1]
    confidence = probabilities.max(axis=1, initial=0)
    totals = confusion_matrix(labels, predicted, classes)

    def cell(true: int, guess: int) -> dict[str, Any]:
        rows = np.flatnonzero((labels == true) & (predicted == guess))
        sign = 1 if true == guess else -1
        rows = rows[np.argsort(sign * confidence[rows], kind="stable")]
        return {
            "total": int(totals[true, guess]),
            "rows": (rows[:diagonal] if true == guess else rows).tolist(),
        }

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
