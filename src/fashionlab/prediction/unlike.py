"""How far an image is from the training images, as the network sees both: Mahalanobis' distance in its last hidden
layer to the nearest class.

K. Lee, K. Lee, H. Lee, J. Shin, "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial
Attacks", NeurIPS 2018, arXiv 1807.03888, equation 2. NumPy only.
"""

from dataclasses import dataclass

import numpy as np

SHARE = 0.99
"""Of the validation images: so many lie within the threshold."""

SHRINKAGE = 0.01
"""Of the mean variance that is added to the covariance's diagonal: units that never vary would make it singular."""


@dataclass(frozen=True, eq=False)
class Familiar:
    """means: float32 [classes, units]; whitening: float32 [units, units], W with W W' the inverse of the covariance that
    the classes share; threshold: the distance within which 99 of 100 validation images lie."""

    means: np.ndarray
    whitening: np.ndarray
    threshold: float

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Of each row of features, float32 [n, units], the distance to the nearest class: float64 [n], in units of the
        threshold, so that what is above 1 is unlike the training images."""
        return _nearest(features, self.means, self.whitening) / self.threshold


def fit_familiar(features: np.ndarray, labels: np.ndarray, others: np.ndarray) -> Familiar:
    """features, labels: of training images, [n, units] and [n], every class among them; others: features of validation
    images, for the threshold."""
    features = features.astype(np.float64)
    means = np.stack([features[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    away = features - means[labels]
    covariance = away.T @ away / len(features)
    units = len(covariance)
    covariance += np.eye(units) * max(SHRINKAGE * np.trace(covariance) / units, 1e-12)
    values, vectors = np.linalg.eigh(covariance)
    whitening = (vectors / np.sqrt(np.maximum(values, 1e-12))).astype(np.float32)
    means = means.astype(np.float32)
    threshold = float(np.quantile(_nearest(others, means, whitening), SHARE, method="higher"))
    return Familiar(means, whitening, max(threshold, 1e-9))


def _nearest(features: np.ndarray, means: np.ndarray, whitening: np.ndarray) -> np.ndarray:
    points, centres = (each.astype(np.float64) @ whitening.astype(np.float64) for each in (features, means))
    squares = (points**2).sum(axis=1)[:, None] - 2 * points @ centres.T + (centres**2).sum(axis=1)
    return np.sqrt(np.maximum(squares.min(axis=1), 0))
