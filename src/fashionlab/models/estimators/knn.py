"""The k nearest neighbours: keep every training picture, and ask those that look most alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from fashionlab.models.estimators.base import Estimator, Fitted, Pictures, Scores, Step, check


@dataclass(frozen=True)
class Neighbours(Estimator):
    """Exact search by Euclidean distance, in NumPy.

    scikit-learn's search gives the same neighbours but for ties, which it settles by how many threads there are; here
    the earlier row wins, so the answers depend on neither the cores nor what else was asked (docs/decisions/0010).
    """

    classes: int
    n_neighbors: int
    weights: str

    libraries = ()
    block = 256

    def fit(self, training: Pictures, validation: Pictures | None, step: Step) -> Fitted:
        """Nothing is computed: the training pictures are the model."""
        from fashionlab.errors import UsageError

        if self.n_neighbors > len(training.labels):
            raise UsageError(
                f"--n-neighbors: given {self.n_neighbors:,}, expected at most the {len(training.labels):,} rows to ask"
            )
        tensors = {"images": training.images, "labels": training.labels.astype(np.int32)}
        return Fitted(tensors, "nothing is fitted: the training pictures are the model")

    def scores(self, tensors: Mapping[str, np.ndarray], side: int) -> Scores:
        """Logarithms of the neighbours' shares of the classes."""
        images = check(tensors, "images", "uint8", None, side, side)
        labels = check(tensors, "labels", "int32", len(images))
        if len(labels) < self.n_neighbors or labels.min() < 0 or labels.max() >= self.classes:
            raise ValueError("labels that no class has, or too few of them")
        known = images.reshape(len(images), -1).astype(np.float64)
        squares = (known**2).sum(axis=1)

        def answer(asked: np.ndarray) -> np.ndarray:
            rows, distances = self._nearest(asked.reshape(len(asked), -1).astype(np.float64), known, squares)
            votes = np.zeros((len(asked), self.classes))
            np.add.at(votes, (np.arange(len(asked))[:, None], labels[rows]), self._votes(distances))
            with np.errstate(divide="ignore"):
                return np.log(votes / votes.sum(axis=1, keepdims=True))

        return answer

    def _nearest(self, asked: np.ndarray, known: np.ndarray, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows int64 [n, k], the nearest first and the earlier of equals, and their squared distances float64 [n, k].

        |a - b|² = |a|² - 2ab + |b|². All are whole numbers, and so is the key, distance times rows plus row: below
        2^53, which a million pictures of 256 x 256 pixels stay under, float64 holds them exactly, so neither the order
        of summation nor the number of threads can change them.
        """
        key = asked @ known.T
        key *= -2
        key += squares
        key += (asked**2).sum(axis=1)[:, None]
        key *= len(known)
        key += np.arange(len(known))
        key.partition(self.n_neighbors - 1, axis=1)
        nearest = np.sort(key[:, : self.n_neighbors], axis=1)
        return (nearest % len(known)).astype(np.int64), nearest // len(known)

    def _votes(self, squared: np.ndarray) -> np.ndarray:
        """A neighbour's weight; where some are identical to the picture asked for, they alone vote."""
        if self.weights == "uniform":
            return np.ones(squared.shape)
        same = squared == 0
        with np.errstate(divide="ignore"):
            return np.where(same.any(axis=1, keepdims=True), same.astype(float), 1 / np.sqrt(squared))

    def size(self, tensors: Mapping[str, np.ndarray]) -> tuple[int | None, str]:
        """It has no parameters: it has pictures."""
        return None, f"{len(tensors['labels']):,} stored pictures"


def build(
    classes: int,
    seed: int,
    *,
    n_neighbors: Annotated[int, Meta(ge=1, description="pictures that are asked")] = 5,
    weights: Annotated[
        Literal["uniform", "distance"], Meta(description="whether neighbours count alike, or by 1 / distance")
    ] = "distance",
) -> Estimator:
    """The k nearest neighbours by Euclidean distance of the pixels; the seed changes nothing but the split."""
    return Neighbours(classes, n_neighbors, weights)
