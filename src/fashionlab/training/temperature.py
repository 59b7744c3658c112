"""Temperature scaling: one number that makes a model's confidence fit what it gets right.

C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, arXiv 1706.04599.
"""

import math

import numpy as np

from fashionlab.training.softmax import mean_cross_entropy

TEMPERATURES = (0.01, 100.0)
"""Where a temperature is looked for: beyond, predictions are as good as certain or as good as uniform."""


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
