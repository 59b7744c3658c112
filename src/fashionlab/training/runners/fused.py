"""The fused trainer: Keras' stateless calls inside compiled JAX chunks, with the data on the device.

`model.fit` crosses from Python to the device at every step. Here one compiled program runs any number of steps: a loop
from step `first` to step `last`, both given at run time, so it is traced once, needs no masked tail, and the caller
may choose chunks as long as it likes to wait for news.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np

from fashionlab.machine import cpu_device
from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.kinds import FORWARD_BATCH
from fashionlab.training.runners.augment import augment
from fashionlab.training.runners.averages import MovingAverages
from fashionlab.training.runners.kernels import use_kernels
from fashionlab.training.runners.loss import cross_entropy, row_weights
from fashionlab.training.runners.runner import EpochPlan, Sums, plan_epoch, steps_per_epoch
from fashionlab.training.runners.state import KerasState


class State(NamedTuple):
    """Everything a step reads and changes, as device arrays; see `KerasState` for what they are."""

    trainable: list[jax.Array]
    non_trainable: list[jax.Array]
    optimizer: list[jax.Array]
    loss: jax.Array
    correct: jax.Array


def training_step(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    averages: MovingAverages,
    config: TrainingConfig,
    classes: int,
    class_weights: np.ndarray | None,
    state: State,
    images: jax.Array,
    labels: jax.Array,
    augmentation: dict[str, jax.Array],
) -> State:
    """The state after one step on one batch: a pure function, which JAX can differentiate and compile.

    class_weights: float32 [classes], None for equal ones; images: uint8 [batch, height, width]; labels: int32 [batch],
    0 to classes - 1; augmentation: the batch's rows of `augment.draw_augmentation`. The loss in the state is the
    cross-entropy alone, without weights.
    """
    images, targets = augment(config, images, jax.nn.one_hot(labels, classes), augmentation)

    def objective(trainable: list[jax.Array]) -> tuple[jax.Array, tuple[jax.Array, jax.Array, list[jax.Array]]]:
        """Loss and penalties of the layers, [], and beside them what else came out of the forward pass."""
        logits, non_trainable, penalties = model.stateless_call(
            trainable, state.non_trainable, images, training=True, return_losses=True
        )
        losses = cross_entropy(targets, logits, config.label_smoothing)
        loss = jnp.mean(losses)
        weighted = loss if class_weights is None else jnp.mean(row_weights(targets, class_weights) * losses)
        return weighted + sum(penalties), (loss, logits, non_trainable)

    gradients, (loss, logits, non_trainable) = jax.grad(objective, has_aux=True)(state.trainable)
    trainable, optimizer_state = optimizer.stateless_apply(state.optimizer, gradients, state.trainable)
    step = optimizer_state[0]  # how often the optimizer has been applied is the first of its variables
    non_trainable = averages.corrected_among(state.non_trainable, non_trainable, step)
    correct = jnp.sum(jnp.argmax(logits, axis=-1) == labels, dtype=jnp.int32)
    return State(
        list(trainable),
        list(non_trainable),
        list(optimizer_state),
        state.loss + loss * len(labels),
        state.correct + correct,
    )


def make_chunk(step: Callable[..., State], batch_size: int) -> Callable[..., State]:
    """Compile the loop over steps: (state, all images, all labels, plan, first, last) -> state.

    step: `training_step` from its `state` on. The state's memory is used again for the result.
    """

    def chunk(
        state: State, images: jax.Array, labels: jax.Array, plan: EpochPlan, first: jax.Array, last: jax.Array
    ) -> State:
        def take_step(number: jax.Array, state: State) -> State:
            def of_batch(values: jax.Array) -> jax.Array:
                return jax.lax.dynamic_slice_in_dim(values, number * batch_size, batch_size)

            rows, augmentation = jax.tree.map(of_batch, plan)
            return step(state, jnp.take(images, rows, axis=0), jnp.take(labels, rows), augmentation)

        return jax.lax.fori_loop(first, last, take_step, state)

    return jax.jit(chunk, donate_argnums=0)


class Forward:
    """Logits of a Keras model by one compiled program; a ragged last batch is filled up and cut off again."""

    def __init__(self, model: keras.Model, batch: int = FORWARD_BATCH) -> None:
        self._model, self._batch = model, batch

        def logits(trainable: list[jax.Array], non_trainable: list[jax.Array], images: jax.Array) -> jax.Array:
            outputs, _ = model.stateless_call(trainable, non_trainable, images, training=False)
            return outputs.astype(jnp.float32)

        self._logits = jax.jit(logits)
        self._compiled: Future[Callable[..., jax.Array]] | None = None

    def compile_ahead(self, side: int) -> None:
        """Begin to compile for images of `side` pixels a side, on another core than what this thread does meanwhile."""
        images = jax.ShapeDtypeStruct((self._batch, side, side), jnp.uint8)
        with suppress(Exception):  # it comes again, and is explained, where the first images are judged
            lowered = self._logits.lower(*self._weights(), images)
            pool = ThreadPoolExecutor(max_workers=1)
            self._compiled = pool.submit(lowered.compile)
            pool.shutdown(wait=False)

    def _weights(self) -> tuple[list[jax.Array], list[jax.Array]]:
        model = self._model
        return [v.value for v in model.trainable_variables], [v.value for v in model.non_trainable_variables]

    def __call__(self, images: np.ndarray | jax.Array) -> np.ndarray:
        """Float32 logits [n, classes] of uint8 images [n, height, width], with the weights that the model has now."""
        trainable, non_trainable = self._weights()
        logits = self._compiled.result() if self._compiled else self._logits
        batches = []
        for start in range(0, len(images), self._batch):
            batch = images[start : start + self._batch]
            missing = self._batch - len(batch)
            if missing:
                batch = jnp.pad(jnp.asarray(batch), ((0, missing), (0, 0), (0, 0)))
            batches.append(logits(trainable, non_trainable, batch))
        return np.concatenate([np.asarray(batch) for batch in batches])[: len(images)]


class FusedRunner:
    """Runs epochs of one model on one device; see `runner.Runner` for the contract."""

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
        """images: uint8 [n, height, width]; labels: int [n]; class_weights: float32 [classes], None for equal ones.

        Images and labels are copied to the device once, as they are.
        """
        self.steps = steps_per_epoch(len(images), config.batch_size)
        self.device = device_name()
        self.state = KerasState(model, config, self.steps, seed, images)
        for variable in self.state.variables:
            # A chunk uses its state's memory again, so no array may be shared: not by two variables, nor with others.
            variable.assign(jnp.array(variable.value))
        if jax.default_backend() == "cpu":
            use_kernels(model)
        self._batch_size = config.batch_size
        self._plan_epoch = partial(plan_epoch, config, len(images), images.shape[1], seed)
        self._images, self._labels = jax.device_put(images), jax.device_put(labels.astype(np.int32))
        self._seen: np.ndarray | None = None
        self._forward = Forward(model)
        self._forward.compile_ahead(images.shape[1])
        step = partial(training_step, model, self.state.rule, self.state.averages, config, classes, class_weights)
        self._chunk = make_chunk(step, config.batch_size)

    def prepare_epoch(self, epoch: int) -> None:
        """Draw order and augmentation of epoch 1, 2, …, and put them on the device."""
        self._plan = jax.device_put(self._plan_epoch(epoch))

    def run(self, first: int, last: int) -> Sums:
        """Take the steps from `first` up to but not including `last`; return the epoch's sums so far."""
        state = self.state
        after = self._chunk(_on_device(state), self._images, self._labels, self._plan, np.int32(first), np.int32(last))
        values = [*after.trainable, *after.non_trainable, *after.optimizer]
        for variable, value in zip(state.variables, values, strict=True):
            variable.assign(value)
        state.loss, state.correct = float(after.loss), int(after.correct)
        return Sums(last * self._batch_size, state.loss, state.correct)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Float32 logits [n, classes] with dropout off and the present weights."""
        if images is not self._seen:
            # The same validation images come after every epoch: they cross to the device once.
            self._seen, self._seen_there = images, jax.device_put(images)
        return self._forward(self._seen_there)


def _on_device(state: KerasState) -> State:
    return State(
        [v.value for v in state.trainable],
        [v.value for v in state.non_trainable],
        [v.value for v in state.optimizer],
        jnp.float32(state.loss),
        jnp.int32(state.correct),
    )


def trace_step(model: keras.Model, side: int, classes: int) -> None:
    """Trace a training step on images of `side` pixels a side, without compiling or taking it."""
    config = TrainingConfig()
    state = KerasState(model, config, 1, 0, np.empty((1, side, side), np.uint8))
    before = _on_device(state)
    images = jax.ShapeDtypeStruct((config.batch_size, side, side), jnp.uint8)
    labels = jax.ShapeDtypeStruct((config.batch_size,), jnp.int32)
    jax.eval_shape(
        partial(training_step, model, state.rule, state.averages, config, classes, None), before, images, labels, {}
    )


def device_name() -> str:
    """The device that JAX trains on, in words: "CPU, 2 cores", or the name of the GPU."""
    device = jax.devices()[0]
    return cpu_device() if device.platform == "cpu" else str(device.device_kind)
