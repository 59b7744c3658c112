"""The fit trainer: Keras' own `model.fit`, on JAX or on TensorFlow.

A chunk is a call of `fit` on the rows of its steps, in the lab's order (`shuffle=False`), so that early stopping,
checkpoints and events come from the same loop as with every other trainer: `fit`'s own callbacks for them stop on
other conditions, and resume only in part (docs/decisions/0009). What remains of `fit` is what people know it for: the
compiled model, its train step and its metrics.
"""

import importlib

import keras
import numpy as np
from keras import ops

from fashionlab.recipe.recipe import Fit
from fashionlab.training import rng as draws
from fashionlab.training.augment import augment
from fashionlab.training.runner import FORWARD_BATCH, Sums, check_saved
from fashionlab.training.schedule import make_optimizer

AUGMENTED_AT_ONCE = 64
"""Batches that are augmented in one go: enough to keep the device busy, few enough to fit into memory."""


class FitRunner:
    """Runs epochs of one model with `model.fit`; see `runner.Runner` for the contract."""

    def __init__(
        self, model: keras.Model, fit: Fit, seed: int, images: np.ndarray, labels: np.ndarray, classes: int
    ) -> None:
        """images: uint8 [n, height, width]; labels: int [n]."""
        other = {"jax": "fused", "tensorflow": "tape"}[keras.backend.backend()]
        self.device: str = importlib.import_module(f"fashionlab.training.{other}").device_name()
        self.steps = -(-len(images) // fit.batch_size)
        self._model, self._fit, self._seed = model, fit, seed
        self._images, self._targets = images, np.eye(classes, dtype=np.float32)[labels]
        self._loss, self._correct = 0.0, 0
        self._optimizer = make_optimizer(fit, self.steps)
        self._optimizer.build(model.trainable_variables)
        smoothed = {"from_logits": True, "label_smoothing": fit.label_smoothing}
        model.compile(
            self._optimizer,
            keras.losses.CategoricalCrossentropy(**smoothed),
            # `fit` reports a loss with the layers' penalties in it; the lab's loss is the cross-entropy alone.
            metrics=[keras.metrics.CategoricalCrossentropy(**smoothed, name="cross_entropy"), "categorical_accuracy"],
        )

    def begin_epoch(self, epoch: int) -> None:
        """Lay out the order, the augmentation and the dropout keys of this epoch; set its sums to 0."""
        self.lay_out(epoch)
        seeds = [v for v in self._model.non_trainable_variables if v.path.endswith("seed_generator_state")]
        for seed, key in zip(seeds, draws.dropout_keys(len(seeds), self._seed, epoch), strict=True):
            seed.assign(key)
        self._loss, self._correct = 0.0, 0

    def lay_out(self, epoch: int) -> None:
        """The order and augmentation alone: what a run resumed in mid-epoch needs."""
        rows, side = len(self._images), self._images.shape[1]
        self._order = draws.order(rows, self._fit.batch_size, self._seed, epoch)
        augmentation = draws.augmentation(self._fit, len(self._order), side, self._seed, epoch)
        self._draws = {name: value for name, value in vars(augmentation).items() if len(value)}

    def run(self, first: int, last: int) -> Sums:
        """Take the steps from `first` up to but not including `last`; return the epoch's sums so far."""
        if first < last:
            pictures, targets = self._rows(first, last)
            history = self._model.fit(
                pictures, targets, batch_size=self._fit.batch_size, epochs=1, shuffle=False, verbose=0
            ).history
            self._loss += history["cross_entropy"][0] * len(pictures)
            self._correct += round(history["categorical_accuracy"][0] * len(pictures))
        return Sums(last * self._fit.batch_size, float(self._loss), int(self._correct))

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Float32 logits [n, classes] with dropout off and the present weights."""
        return np.asarray(self._model.predict(images, batch_size=FORWARD_BATCH, verbose=0), np.float32)

    def weights(self) -> list[np.ndarray]:
        """The model's weights in Keras' order, copied to the host."""
        return [np.array(keras.ops.convert_to_numpy(v)) for v in self._model.weights]

    def save(self) -> dict[str, np.ndarray]:
        """The whole state by name, on the host: enough to go on bit for bit."""
        variables = {name: np.array(keras.ops.convert_to_numpy(v)) for name, v in self._variables().items()}
        return {**variables, "loss": np.array(self._loss), "correct": np.array(self._correct)}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Take over a state that `save` gave. Raises UsageError if names, shapes or types are not this model's."""
        check_saved(self.save(), saved)
        for name, variable in self._variables().items():
            variable.assign(saved[name])
        self._loss, self._correct = float(saved["loss"]), int(saved["correct"])

    def _rows(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Pictures uint8 and targets float32 of these steps, augmented batch by batch."""
        batch = self._fit.batch_size
        rows = self._order[first * batch : last * batch]
        pictures, targets = self._images[rows], self._targets[rows]
        if not self._draws:
            return pictures, targets

        def by_batch(values: np.ndarray) -> np.ndarray:
            return values.reshape(-1, batch, *values.shape[1:])

        mine = {name: by_batch(value[first * batch : last * batch]) for name, value in self._draws.items()}
        changed = [
            ops.vectorized_map(
                lambda given: augment(self._fit, *given),
                (by_batch(pictures)[at], by_batch(targets)[at], {name: value[at] for name, value in mine.items()}),
            )
            for at in (slice(i, i + AUGMENTED_AT_ONCE) for i in range(0, last - first, AUGMENTED_AT_ONCE))
        ]
        both = [np.concatenate([ops.convert_to_numpy(part[i]) for part in changed]) for i in (0, 1)]
        return both[0].reshape(pictures.shape), both[1].reshape(targets.shape)

    def _variables(self) -> dict[str, keras.Variable]:
        return {
            **{f"weights/{i:03}": v for i, v in enumerate(self._model.trainable_variables)},
            **{f"others/{i:03}": v for i, v in enumerate(self._model.non_trainable_variables)},
            **{f"optimizer/{i:03}": v for i, v in enumerate(self._optimizer.variables)},
        }
