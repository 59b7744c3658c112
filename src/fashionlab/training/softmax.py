"""Scores of logits that training and evaluation share. NumPy only, in float64 whatever the network computes in.

Notation: logits z [n, classes]; p = softmax(z); a label is the index of the true class, 0 to classes - 1.
"""

import numpy as np


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities (nats, at most 0), float64 [n, classes], of logits, float [n, classes].

    log p_i = z_i - m - log(sum_j exp(z_j - m)) with m = max_j z_j, so that no exponential overflows. A row that holds
    NaN or +inf, or nothing but -inf, has no softmax and becomes NaN throughout; a single -inf is a probability of 0.
    """
    logits = np.asarray(logits, np.float64)
    # A diverged network is reported by the NaN that comes out, not by a warning on the way.
    with np.errstate(invalid="ignore"):
        shifted = logits - logits.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities (each row sums to 1), float64 [n, classes], of logits, float [n, classes]; NaN as `log_softmax`."""
    return np.exp(log_softmax(logits))


def mean_cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the rows of -log p(true class), in nats, of logits float [n, classes] and labels int [n].

    The loss of plain one-hot labels: no label smoothing, whatever the recipe trained with. NaN if any row has no
    softmax, +inf if a true class has probability 0. Raises ValueError for no rows, a number of labels that is not the
    number of rows, and a label outside 0 to classes - 1 (a negative one would silently count from the end).
    """
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise ValueError(
            f"given logits of shape {logits.shape} and labels of shape {labels.shape}; "
            "expected [n, classes] and [n], with n at least 1"
        )
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(
            f"given labels from {labels.min()} to {labels.max()}; expected 0 to {logits.shape[1] - 1}, "
            f"as the logits have {logits.shape[1]} classes"
        )
    return float(-log_softmax(logits)[np.arange(len(labels)), labels].mean())
