"""How far an image is from the training images: as the network sees it, and as it is.

Two distances, because either alone is blind somewhere. The first is that to the fifth nearest of some thousand training
images, in the last hidden layer (Y. Sun, Y. Ming, X. Zhu, Y. Li, "Out-of-Distribution Detection with Deep Nearest
Neighbors", ICML 2022, arXiv 2204.06507): it finds other things that are as smooth as garments. Noise, which averages
out on the way to that layer, is found by the second: what is left of the pixels after projection onto the training
images' first principal components. NumPy only.
"""

from dataclasses import dataclass

import numpy as np

SHARE = 0.99
"""Of the validation images: so many are within the threshold."""

NEIGHBOUR = 5

COMPONENTS = 30


@dataclass(frozen=True, eq=False)
class Familiar:
    """features: float32 [m, units] of training images; mean: float32 [pixels], components: float32 [pixels, c] of
    their pixels from 0 to 1; thresholds: float64 [2], the two distances that count as 1."""

    features: np.ndarray
    mean: np.ndarray
    components: np.ndarray
    thresholds: np.ndarray

    def distances(self, images: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Float64 [n]: the larger of the two distances, each in units of its threshold, of images, uint8 [n, side,
        side], and their features, float32 [n, units]. 99 of 100 validation images are within 1."""
        found: np.ndarray = (self.raw_distances(images, features) / self.thresholds).max(axis=1)
        return found

    def raw_distances(self, images: np.ndarray, features: np.ndarray) -> np.ndarray:
        """The two distances, float64 [n, 2], as they are."""
        near = np.empty(len(features))
        own = (self.features.astype(np.float64) ** 2).sum(axis=1)
        for start in range(0, len(features), 512):
            part = features[start : start + 512].astype(np.float64)
            squares = (part**2).sum(axis=1)[:, None] - 2 * part @ self.features.T + own
            place = min(NEIGHBOUR, len(own)) - 1
            near[start : start + 512] = np.partition(squares, place, axis=1)[:, place]
        away = images.reshape(len(images), -1).astype(np.float64) / 255 - self.mean
        left = (away**2).sum(axis=1) - ((away @ self.components) ** 2).sum(axis=1)
        return np.sqrt(np.maximum(np.stack([near, left], axis=1), 0))


def fit_familiar(images: np.ndarray, features: np.ndarray, others: np.ndarray, others_features: np.ndarray) -> Familiar:
    """images, features: of training images; others: validation images, for the thresholds."""
    pixels = images.reshape(len(images), -1).astype(np.float64) / 255
    mean = pixels.mean(axis=0)
    vectors = np.linalg.eigh((pixels - mean).T @ (pixels - mean))[1]
    components = vectors[:, -COMPONENTS:].astype(np.float32)
    found = Familiar(features.astype(np.float32), mean.astype(np.float32), components, np.ones(2))
    distances = found.raw_distances(others, others_features)
    each = np.maximum(np.quantile(distances, SHARE, axis=0, method="higher"), 1e-9)
    together = float(np.quantile((distances / each).max(axis=1), SHARE, method="higher"))
    return Familiar(found.features, found.mean, components, each * max(together, 1e-9))
