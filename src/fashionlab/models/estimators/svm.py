"""A support vector machine with a Gaussian kernel, on a subset of the rows: its time grows with their square."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated

import numpy as np
from msgspec import Meta

from fashionlab.models.estimators.base import Estimator, Fitted, Pictures, Scores, Step, check

CACHE = 500
"""Megabytes of kernel values that libsvm keeps."""


@dataclass(frozen=True)
class SupportVectors(Estimator):
    """scikit-learn's SVC (libsvm): a machine for each pair of classes.

    A machine's output is a distance with a sign, no probability. A class's score is the mean of the outputs of its
    machines, in the class's favour; divided by a temperature and put through a softmax, scores are probabilities.
    """

    classes: int
    limit: int
    c: float
    gamma: float | None

    calibrated = True
    block = 256

    @property
    def rows(self) -> int:
        """The subset."""
        return self.limit

    def fit(self, training: Pictures, validation: Pictures | None, step: Step) -> Fitted:
        """Fit all pairs of classes."""
        from sklearn.svm import SVC

        pixels = training.flat / np.float64(255)
        gamma = 1 / (pixels.shape[1] * (pixels.var() or 1.0)) if self.gamma is None else self.gamma
        model = SVC(C=self.c, gamma=gamma, decision_function_shape="ovo", cache_size=CACHE)
        model.fit(pixels, training.labels)
        coefficients, intercept = model.dual_coef_, model.intercept_
        if self.classes == 2:
            # Of two classes scikit-learn turns the signs around, so that above 0 means the second.
            coefficients, intercept = -coefficients, -intercept
        owners = np.repeat(np.arange(self.classes), model.n_support_)
        tensors = {
            "vectors": training.images[model.support_],
            "coefficients": spread(coefficients, owners),
            "intercept": intercept.astype(np.float64),
            "gamma": np.array(gamma, np.float64),
        }
        share = len(model.support_) / len(training.labels)
        return Fitted(tensors, f"{share:.0%} of its {len(training.labels):,} training pictures became support vectors")

    def scores(self, tensors: Mapping[str, np.ndarray], side: int) -> Scores:
        """Each class's mean over the machines that it has a part in."""
        images = check(tensors, "vectors", "uint8", None, side, side)
        pairs = list(combinations(range(self.classes), 2))
        coefficients = check(tensors, "coefficients", "float64", len(images), len(pairs))
        intercept = check(tensors, "intercept", "float64", len(pairs))
        gamma = float(check(tensors, "gamma", "float64")) / 255**2
        vectors = images.reshape(len(images), -1).astype(np.float64)
        squares = (vectors**2).sum(axis=1)
        of_class = np.zeros((len(pairs), self.classes))
        for number, (first, second) in enumerate(pairs):
            of_class[number, first], of_class[number, second] = 1, -1
        of_class /= self.classes - 1

        def answer(asked: np.ndarray) -> np.ndarray:
            pixels = asked.reshape(len(asked), -1).astype(np.float64)
            kernel = pixels @ vectors.T
            kernel *= -2
            kernel += squares
            kernel += (pixels**2).sum(axis=1)[:, None]
            kernel *= -gamma
            np.exp(kernel, out=kernel)
            return (kernel @ coefficients + intercept) @ of_class

        return answer

    def size(self, tensors: Mapping[str, np.ndarray]) -> tuple[int | None, str]:
        """Support vectors are training pictures, no parameters in a network's sense."""
        return None, f"{len(tensors['vectors']):,} support vectors"


def spread(dual: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """libsvm's coefficients with a column for each pair of classes, float64 [vectors, pairs].

    dual: float [classes - 1, vectors]. owners: the class of each vector, int [vectors]. In the machine of classes i < j
    a vector of class i takes its row j - 1, one of class j its row i, and the others have no part in it.
    """
    classes = len(dual) + 1
    pairs = list(combinations(range(classes), 2))
    columns = np.zeros((dual.shape[1], len(pairs)))
    for number, (i, j) in enumerate(pairs):
        columns[owners == i, number] = dual[j - 1, owners == i]
        columns[owners == j, number] = dual[i, owners == j]
    return columns


def build(
    classes: int,
    seed: int,
    *,
    rows: Annotated[
        int, Meta(ge=2, description="training rows that it uses, a stratified subset: time grows with their square")
    ] = 20_000,
    c: Annotated[float, Meta(gt=0, description="weight of the training errors: more fits closer")] = 10.0,
    gamma: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="exp(-gamma distance²) is the kernel; none: 1 / (pixels times their variance)"),
    ] = None,
) -> Estimator:
    """A support vector machine, Gaussian kernel, scikit-learn's, on some of the rows and calibrated on validation."""
    return SupportVectors(classes, rows, c, gamma)
