"""Logistic regression on the pixels: a network without a hidden layer, fitted to the one optimum that it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from fashionlab.models.estimators.base import Estimator, Fitted, LabelledImages, Scores, Step, check


@dataclass(frozen=True)
class Logistic(Estimator):
    """scikit-learn's LogisticRegression with an L2 penalty, by L-BFGS."""

    classes: int
    c: float
    max_iter: int
    tolerance: float

    def fit(self, training: LabelledImages, validation: LabelledImages | None, step: Step) -> Fitted:
        """Fit; what it is made of is a weight for each class and pixel, and an intercept for each class."""
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        model = LogisticRegression(C=self.c, max_iter=self.max_iter, tol=self.tolerance)
        # One thread: memory is the limit, not arithmetic, and sums come out the same on any number of cores.
        with threadpool_limits(1, "blas"):
            model.fit(training.flat / np.float32(255), training.labels)
        weights, intercept = model.coef_, model.intercept_
        if self.classes == 2:
            # Of two classes scikit-learn keeps the log-odds of the second alone.
            weights, intercept = np.vstack([0 * weights, weights]), np.append(0, intercept)
        taken = int(model.n_iter_.max())
        remark = f"L-BFGS converged after {taken:,} iterations"
        if taken >= self.max_iter:
            remark = f"L-BFGS had not converged after its {taken:,} iterations; a larger max_iter allows more"
        tensors = {"weights": weights.astype(np.float64), "intercept": intercept.astype(np.float64)}
        return Fitted(tensors, remark)

    def scores(self, tensors: Mapping[str, np.ndarray], side: int) -> Scores:
        """Logits: weights times pixels (0 to 1), plus intercepts."""
        weights = check(tensors, "weights", "float64", self.classes, side * side).T / 255
        intercept = check(tensors, "intercept", "float64", self.classes)
        return lambda images: images.reshape(len(images), -1).astype(np.float64) @ weights + intercept

    def size(self, tensors: Mapping[str, np.ndarray]) -> tuple[int | None, str]:
        """Every weight and intercept is a parameter."""
        count = tensors["weights"].size + tensors["intercept"].size
        return count, f"{count:,} coefficients"


def build(
    classes: int,
    seed: int,
    *,
    c: Annotated[
        float, Meta(gt=0, description="inverse strength of the L2 penalty, as scikit-learn's C: less is stricter")
    ] = 0.1,
    max_iter: Annotated[int, Meta(ge=1, description="iterations of L-BFGS, at most")] = 1000,
    tolerance: Annotated[float, Meta(gt=0, description="stop where no gradient component is larger")] = 1e-4,
) -> Estimator:
    """Logistic regression, scikit-learn's, on pixels from 0 to 1; the seed changes nothing."""
    return Logistic(classes, c, max_iter, tolerance)
