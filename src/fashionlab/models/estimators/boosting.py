"""Gradient boosting: trees made one after another, each for what the ones before it still get wrong."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from fashionlab.errors import TrainingError
from fashionlab.machine import usable_cores
from fashionlab.models.estimators.base import Estimator, Fitted, LabelledImages, Round, Scores, Step
from fashionlab.models.estimators.trees import Tree, Trees

BINS = 63
"""Levels of grey that a cut can lie between: on validation as good as 255, in less time."""

SMALL = 5000
"""Rows below which one thread is faster than several."""


@dataclass(frozen=True)
class Boosting(Estimator):
    """LightGBM's trees with the softmax loss; a round is a tree for each class.

    Validation loss stops it early and chooses how many rounds are kept, as it does with a network's epochs.
    """

    classes: int
    rounds: int
    patience: int
    options: Mapping[str, float]

    unit = "round"
    libraries = ("lightgbm",)

    @property
    def total(self) -> int:
        """Rounds at most."""
        return self.rounds

    def fit(self, training: LabelledImages, validation: LabelledImages | None, step: Step) -> Fitted:
        """Make rounds until validation has not improved for `patience` of them; keep those up to the best one."""
        lightgbm = _lightgbm()
        settings = {
            "objective": "multiclass", "num_class": self.classes, "metric": ["multi_logloss", "multi_error"],
            "max_bin": BINS, "bagging_freq": 1, "verbosity": -1,
            # Each pixel's sums are made by one thread: the same trees on any number of cores.
            "deterministic": True, "force_col_wise": True,
            "num_threads": len(usable_cores()) if len(training.labels) >= SMALL else 1,
            **self.options,
        }  # fmt: skip
        data = lightgbm.Dataset(training.flat, training.labels, params=settings)
        sets, names = [data], ["training"]
        if validation:
            sets.append(lightgbm.Dataset(validation.flat, validation.labels, reference=data))
            names.append("validation")
        watch = Watch(step, self.patience, self.options["learning_rate"], lightgbm.EarlyStopException)
        booster = lightgbm.train(
            settings,
            data,
            self.rounds,
            valid_sets=sets,
            valid_names=names,
            callbacks=[watch],
            keep_training_booster=True,
        )
        kept = watch.best if validation else self.rounds
        grown = booster.dump_model(num_iteration=kept)["tree_info"]
        trees = Trees.join([flatten(tree["tree_structure"]) for tree in grown])
        stopped = "epochs" if len(watch.history) == self.rounds else "patience"
        remark = f"{kept:,} of {len(watch.history):,} rounds were kept"
        return Fitted(trees.to_tensors(), remark, watch.history, kept, stopped)

    def scores(self, tensors: Mapping[str, np.ndarray], side: int) -> Scores:
        """The sums of the trees' answers, a class each in turn."""
        trees = Trees.from_tensors(tensors, side * side, 1)
        if len(trees.roots) % self.classes:
            raise ValueError(f"{len(trees.roots)} trees for {self.classes} classes")

        def answer(images: np.ndarray) -> np.ndarray:
            found = trees.values[trees.leaves(images.reshape(len(images), -1)), 0]
            return found.reshape(len(images), -1, self.classes).sum(axis=1)

        return answer

    def size(self, tensors: Mapping[str, np.ndarray]) -> tuple[int | None, str]:
        """A tree's nodes are no parameters in a network's sense."""
        return None, f"{len(tensors['trees/roots']):,} trees, {len(tensors['trees/feature']):,} nodes"


class Watch:
    """A callback of LightGBM that keeps the history, tells `step`, and stops when patience ends."""

    def __init__(self, step: Step, patience: int, learning_rate: float, stop: type[Exception]) -> None:
        self.history: list[Round] = []
        self.best, self._best_loss = 0, math.inf
        self._step, self._patience, self._rate, self._stop = step, patience, learning_rate, stop
        self._since = time.monotonic()

    def __call__(self, env: Any) -> None:
        """After a round: `env.evaluation_result_list` holds (set, metric, value, …) for each set and metric."""
        now, done = time.monotonic(), env.iteration + 1
        found = {(part, metric): float(value) for part, metric, value, *_ in env.evaluation_result_list}
        val_loss, val_error = (found.get(("validation", metric)) for metric in ("multi_logloss", "multi_error"))
        row = Round(
            number=done,
            seconds=now - self._since,
            loss=found["training", "multi_logloss"],
            accuracy=1 - found["training", "multi_error"],
            val_loss=val_loss,
            val_accuracy=None if val_error is None else 1 - val_error,
            learning_rate=self._rate,
        )
        self._since = now
        self.history.append(row)
        if val_loss is not None and val_loss < self._best_loss:
            self.best, self._best_loss = done, val_loss
        self._step(done, row)
        if self.best and done - self.best >= self._patience:
            raise self._stop(self.best - 1, [])


def flatten(root: Mapping[str, Any]) -> Tree:
    """A tree of LightGBM's `dump_model`, nested dictionaries, as arrays; a pixel of up to the threshold goes left."""
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    value: list[float] = []
    waiting: list[tuple[Mapping[str, Any], list[int], int]] = [(root, [0], 0)]
    while waiting:
        node, link, at = waiting.pop()
        link[at] = number = len(feature)
        inner = "left_child" in node
        feature.append(node["split_feature"] if inner else 0)
        threshold.append(node["threshold"] if inner else 0.0)
        left.append(0)
        right.append(0)
        value.append(0.0 if inner else node["leaf_value"])
        if inner:
            waiting += [(node["right_child"], right, number), (node["left_child"], left, number)]
    return Tree(np.array(feature), np.array(threshold), np.array(left), np.array(right), np.array(value).reshape(-1, 1))


def _lightgbm() -> Any:
    """The library. Raises TrainingError where the system lacks the OpenMP runtime that it needs."""
    try:
        import lightgbm
    except OSError as error:
        raise TrainingError(
            f"boosting needs a library of the system that is not here ({error}); on Debian: apt-get install libgomp1"
        ) from None
    return lightgbm


def build(
    classes: int,
    seed: int,
    *,
    rounds: Annotated[int, Meta(ge=1, description="rounds at most; each makes a tree for every class")] = 600,
    patience: Annotated[
        int, Meta(ge=1, description="stop after this many rounds without a lower validation loss")
    ] = 25,
    learning_rate: Annotated[float, Meta(gt=0, le=1, description="share of each tree's answer that is added")] = 0.06,
    leaves: Annotated[int, Meta(ge=2, le=4096, description="leaves of a tree, at most")] = 31,
    min_rows: Annotated[int, Meta(ge=1, description="training rows in a leaf, at least")] = 30,
    row_share: Annotated[float, Meta(gt=0, le=1, description="share of the rows that each round draws")] = 0.8,
    pixel_share: Annotated[float, Meta(gt=0, le=1, description="share of the pixels that each tree draws")] = 0.15,
    l2: Annotated[float, Meta(ge=0, description="L2 penalty on the leaves' answers")] = 3.0,
) -> Estimator:
    """Gradient boosting, LightGBM's: rounds of trees, stopped early and chosen by the validation loss."""
    options = {
        "seed": seed % 2**31, "learning_rate": learning_rate, "num_leaves": leaves, "min_data_in_leaf": min_rows,
        "bagging_fraction": row_share, "feature_fraction": pixel_share, "lambda_l2": l2,
    }  # fmt: skip
    return Boosting(classes, rounds, patience, options)
