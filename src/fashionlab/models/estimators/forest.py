"""A random forest: the mean of many trees, each grown on other rows and other pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from fashionlab.machine import usable_cores
from fashionlab.models.estimators.base import Estimator, Fitted, LabelledImages, Scores, Step
from fashionlab.models.estimators.trees import Tree, Trees
from fashionlab.models.memory import require_room
from fashionlab.options import spelled

NODE = 64
"""Bytes of a node of scikit-learn's trees, beside the class shares."""


@dataclass(frozen=True)
class Forest(Estimator):
    """scikit-learn's RandomForestClassifier."""

    classes: int
    seed: int
    n_estimators: int
    max_depth: int | None
    min_samples_leaf: int
    max_features: float | None

    unit = "tree"

    @property
    def total(self) -> int:
        """All trees are grown."""
        return self.n_estimators

    def fit(self, training: LabelledImages, validation: LabelledImages | None, step: Step) -> Fitted:
        """Grow the trees, a few at a time so that one sees how far it is.

        With `warm_start` scikit-learn draws the trees' seeds as if all were grown at once: the forest is the same,
        however many cores share the work.
        """
        from sklearn.ensemble import RandomForestClassifier

        model = RandomForestClassifier(
            max_depth=self.max_depth,
            min_samples_leaf=self.min_samples_leaf,
            max_features="sqrt" if self.max_features is None else self.max_features,
            random_state=self.seed,
            n_jobs=len(usable_cores()),
            warm_start=True,
        )
        # Where a tree cuts does not depend on the scale, and whole pixel values keep the thresholds exact.
        pixels = training.flat.astype(np.float32)
        done, sized = 0, False
        while done < self.n_estimators:
            done = min(self.n_estimators, done + 2 * len(usable_cores()))
            model.set_params(n_estimators=done).fit(pixels, training.labels)
            step(done, None)
            if not sized:
                self._require_room([estimator.tree_ for estimator in model.estimators_])
                sized = True
        grown = [estimator.tree_ for estimator in model.estimators_]
        trees = Trees.join(
            [
                Tree(tree.feature, tree.threshold, tree.children_left, tree.children_right, tree.value[:, 0])
                for tree in grown
            ]
        )
        depths = [tree.max_depth for tree in grown]
        return Fitted(trees.to_tensors(), f"trees of {min(depths)} to {max(depths)} levels")

    def _require_room(self, grown: Sequence[Any]) -> None:
        """Trees are of much the same size, so the first ones tell what all will take."""
        each = sum(tree.node_count * (NODE + tree.value[0].nbytes) for tree in grown) / len(grown)
        require_room(
            round(each * (self.n_estimators - len(grown))),
            f"{self.n_estimators:,} trees of {each / 2**20:,.1f} MiB, like the first {len(grown):,},",
            f"choose fewer with {spelled('n_estimators')}, or smaller ones with {spelled('max_depth')} or "
            f"{spelled('min_samples_leaf')}",
        )

    def scores(self, tensors: Mapping[str, np.ndarray], side: int) -> Scores:
        """Logarithms of the mean over the trees of the class shares in the leaf."""
        trees = Trees.from_tensors(tensors, side * side, self.classes)

        def answer(images: np.ndarray) -> np.ndarray:
            shares = trees.values[trees.leaves(images.reshape(len(images), -1))].mean(axis=1)
            with np.errstate(divide="ignore"):
                return np.log(shares)

        return answer

    def size(self, tensors: Mapping[str, np.ndarray]) -> tuple[int | None, str]:
        """A tree's nodes are no parameters in a network's sense."""
        return None, f"{len(tensors['trees/roots']):,} trees, {len(tensors['trees/feature']):,} nodes"


def build(
    classes: int,
    seed: int,
    *,
    n_estimators: Annotated[int, Meta(ge=1, le=100_000, description="trees")] = 100,
    max_depth: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="levels of a tree, at most; none: until its leaves are pure"),
    ] = None,
    min_samples_leaf: Annotated[int, Meta(ge=1, description="training images in a leaf, at least")] = 1,
    max_features: Annotated[
        Annotated[float, Meta(gt=0, le=1)] | None,
        Meta(description="share of the pixels that each cut may choose from; none: their square root"),
    ] = None,
) -> Estimator:
    """A random forest, scikit-learn's: the mean of the class shares in the leaves of many trees."""
    return Forest(classes, seed, n_estimators, max_depth, min_samples_leaf, max_features)
