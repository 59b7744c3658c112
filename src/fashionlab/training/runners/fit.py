"""The fit trainer: Keras' own `model.fit`, on JAX or on TensorFlow.

A chunk is a call of `fit` on the rows of its steps, in the lab's order (`shuffle=False`), so that early stopping,
checkpoints and events come from the same loop as with every other trainer: `fit`'s own callbacks for them stop on
other conditions, and resume only in part (docs/decisions/0009). What remains of `fit` is what people know it for: the
compiled model, its train step and its metrics.
"""

import importlib
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from fashionlab.recipe.config import Precision, TrainingConfig
from fashionlab.training.kinds import FORWARD_BATCH
from fashionlab.training.runners.augment import augment
from fashionlab.training.runners.averages import MovingAverages
from fashionlab.training.runners.loss import keras_cross_entropy
from fashionlab.training.runners.precision import computing_in
from fashionlab.training.runners.runner import Sums, plan_epoch, steps_per_epoch
from fashionlab.training.runners.state import KerasState

AUGMENTED_AT_ONCE = 64
"""Batches that are augmented in one go: enough to keep the device busy, few enough to fit into memory."""


def training_steps(
    model: keras.Model, images: np.ndarray, targets: np.ndarray, weights: np.ndarray | None, batch_size: int
) -> tuple[float, int]:
    """Take a step on each batch of these rows in turn: Keras' loop, which calls its own `model.train_step`.

    images: uint8 [n, height, width]; targets: float32 [n, classes]; weights: float32 [n], `loss.row_weights`, None for
    equal ones; n is a multiple of the batch size. Returns what the metrics of `loss.keras_cross_entropy` have come to:
    the sum of the rows' losses, and how many were correct.
    """
    history = model.fit(
        images, targets, batch_size=batch_size, epochs=1, shuffle=False, sample_weight=weights, verbose=0
    ).history
    return float(history["cross_entropy"][0]), int(history["correct"][0])


def augment_batches(
    config: TrainingConfig, images: np.ndarray, targets: np.ndarray, augmentation: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Augment the rows as `training_steps` takes them, batch by batch, because mixup pairs rows of a batch.

    augmentation: these rows of `augment.draw_augmentation`.
    """
    if not augmentation:
        return images, targets

    def by_batch(values: np.ndarray) -> np.ndarray:
        return values.reshape(-1, config.batch_size, *values.shape[1:])

    image_batches, target_batches = by_batch(images), by_batch(targets)
    drawn_batches = {name: by_batch(values) for name, values in augmentation.items()}
    changed = [
        ops.vectorized_map(
            lambda batch: augment(config, *batch),
            (image_batches[at], target_batches[at], {name: values[at] for name, values in drawn_batches.items()}),
        )
        for at in (slice(i, i + AUGMENTED_AT_ONCE) for i in range(0, len(image_batches), AUGMENTED_AT_ONCE))
    ]
    both = [np.concatenate([ops.convert_to_numpy(part[i]) for part in changed]) for i in (0, 1)]
    return both[0].reshape(images.shape), both[1].reshape(targets.shape)


class FitRunner:
    """Runs epochs of one model with `model.fit`; see `runner.Runner` for the contract."""

    def __init__(
        self,
        model: keras.Model,
        config: TrainingConfig,
        seed: int,
        images: np.ndarray,
        labels: np.ndarray,
        classes: int,
        class_weights: np.ndarray | None = None,
    ) -> None:
        """images: uint8 [n, height, width]; labels: int [n]; class_weights: float32 [classes], None for equal ones."""
        other = {"jax": "fused", "tensorflow": "tape"}[keras.backend.backend()]
        self.device: str = importlib.import_module(f"fashionlab.training.runners.{other}").device_name()
        self.steps = steps_per_epoch(len(images), config.batch_size)
        self.state = KerasState(model, config, self.steps, seed, images)
        self._model, self._config, self._class_weights = model, config, class_weights
        self._plan_epoch = partial(plan_epoch, config, len(images), images.shape[1], seed)
        self._images, self._targets = images, np.eye(classes, dtype=np.float32)[labels]
        loss, *self._sums = keras_cross_entropy(config.label_smoothing)
        _wrap_step(model, config.precision, self.state.averages)
        model.compile(self.state.rule, loss, metrics=self._sums)

    def prepare_epoch(self, epoch: int) -> None:
        """Draw order and augmentation of epoch 1, 2, …."""
        self._plan = self._plan_epoch(epoch)

    def run(self, first: int, last: int) -> Sums:
        """Take the steps from `first` up to but not including `last`; return the epoch's sums so far."""
        state, batch_size = self.state, self._config.batch_size
        if first < last:
            here = slice(first * batch_size, last * batch_size)
            rows = self._plan.order[here]
            augmentation = {name: values[here] for name, values in self._plan.augmentation.items()}
            images, targets = augment_batches(self._config, self._images[rows], self._targets[rows], augmentation)
            for metric, so_far in zip(self._sums, (state.loss, state.correct), strict=True):
                metric.total.assign(so_far)
            weights = None if self._class_weights is None else targets @ self._class_weights
            state.loss, state.correct = training_steps(self._model, images, targets, weights, batch_size)
        return Sums(last * batch_size, state.loss, state.correct)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Float32 logits [n, classes] with dropout off and the present weights."""
        return np.asarray(self._model.predict(images, batch_size=FORWARD_BATCH, verbose=0), np.float32)


def _wrap_step(model: keras.Model, precision: Precision, averages: MovingAverages) -> None:
    """Have the model's `train_step`, which `fit` calls, compute in this precision and correct the averages after it."""
    keras_step = model.train_step

    def jax_step(state: tuple[Any, ...], data: Any) -> tuple[Any, tuple[Any, ...]]:
        logs, (trainable, non_trainable, optimizer, metrics) = keras_step(state, data)
        non_trainable = averages.corrected_among(state[1], non_trainable, optimizer[0])
        return logs, (trainable, non_trainable, optimizer, metrics)

    def tensorflow_step(data: Any) -> Any:
        before = [ops.copy(v.value) for v in averages.variables]
        with computing_in(precision, model):
            logs = keras_step(data)
        after = averages.corrected(before, [v.value for v in averages.variables], model.optimizer.iterations)
        for variable, value in zip(averages.variables, after, strict=True):
            variable.assign(value)
        return logs

    model.train_step = {"jax": jax_step, "tensorflow": tensorflow_step}[keras.backend.backend()]
