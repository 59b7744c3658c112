"""The fused trainer: Keras' stateless calls inside compiled JAX chunks, with the data on the device.

`model.fit` crosses from Python to the device at every step. Here one compiled program runs any number of steps: a loop
from step `first` to step `last`, both given at run time, so it is traced once, needs no masked tail, and the caller
may choose chunks as long as it likes to wait for news.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np

from fashionlab.recipe.recipe import Fit
from fashionlab.training import rng as draws
from fashionlab.training.augment import augment
from fashionlab.training.convolution import use_products
from fashionlab.training.runner import FORWARD_BATCH, Sums, check_saved, name_cpu
from fashionlab.training.schedule import make_optimizer


def device_name() -> str:
    """The device that JAX trains on, in words: "CPU, 2 cores", or the name of the GPU."""
    device = jax.devices()[0]
    return name_cpu() if device.platform == "cpu" else str(device.device_kind)


class State(NamedTuple):
    """Everything a step reads and changes, as device arrays."""

    weights: list[jax.Array]
    others: list[jax.Array]
    optimizer: list[jax.Array]
    loss: jax.Array
    correct: jax.Array


class Forward:
    """Logits of a Keras model by one compiled program; a ragged last batch is filled up and cut off again."""

    def __init__(self, model: keras.Model, batch: int = FORWARD_BATCH) -> None:
        self._batch = batch

        def logits(weights: Any, others: Any, pictures: jax.Array) -> jax.Array:
            outputs, _ = model.stateless_call(weights, others, pictures, training=False)
            return outputs.astype(jnp.float32)

        self._logits = jax.jit(logits)

    def __call__(self, weights: Any, others: Any, images: np.ndarray | jax.Array) -> np.ndarray:
        """Float32 logits [n, classes] of uint8 images [n, height, width]."""
        batches = []
        for start in range(0, len(images), self._batch):
            batch = images[start : start + self._batch]
            missing = self._batch - len(batch)
            if missing:
                batch = jnp.pad(jnp.asarray(batch), ((0, missing), (0, 0), (0, 0)))
            batches.append(self._logits(weights, others, batch))
        return np.concatenate([np.asarray(batch) for batch in batches])[: len(images)]


class FusedRunner:
    """Runs epochs of one model on one device; see `runner.Runner` for the contract."""

    def __init__(
        self, model: keras.Model, fit: Fit, seed: int, images: np.ndarray, labels: np.ndarray, classes: int
    ) -> None:
        """images: uint8 [n, height, width]; labels: int [n]. They are copied to the device once, as they are."""
        self.steps = -(-len(images) // fit.batch_size)
        self.device = device_name()
        self._fit, self._seed, self._model, self._side = fit, seed, model, images.shape[1]
        self._images, self._labels = jax.device_put(images), jax.device_put(labels.astype(np.int32))
        self._rows = len(images)
        self._seen: np.ndarray | None = None
        self._optimizer = make_optimizer(fit, self.steps)
        self._optimizer.build(model.trainable_variables)
        self._seeds = [
            i for i, v in enumerate(model.non_trainable_variables) if v.path.endswith("seed_generator_state")
        ]
        if jax.default_backend() == "cpu":
            use_products(model)
        self._forward = Forward(model)
        self._chunk = jax.jit(self._make_chunk(model, classes), donate_argnums=0)
        # Copies, because the chunk gives its state's memory back to the device and Keras keeps these variables.
        self._state = State(
            [jnp.array(v.value) for v in model.trainable_variables],
            [jnp.array(v.value) for v in model.non_trainable_variables],
            [jnp.array(v.value) for v in self._optimizer.variables],
            jnp.float32(0),
            jnp.int32(0),
        )

    def begin_epoch(self, epoch: int) -> None:
        """Lay out the order, the augmentation and the dropout keys of this epoch; set its sums to 0."""
        self.lay_out(epoch)
        keys = draws.dropout_keys(len(self._seeds), self._seed, epoch)
        others = list(self._state.others)
        for index, key in zip(self._seeds, keys, strict=True):
            others[index] = jnp.asarray(key, dtype=others[index].dtype)
        self._state = self._state._replace(others=others, loss=jnp.float32(0), correct=jnp.int32(0))

    def lay_out(self, epoch: int) -> None:
        """The order and augmentation alone: what a run resumed in mid-epoch needs."""
        order = draws.order(self._rows, self._fit.batch_size, self._seed, epoch)
        augmentation = draws.augmentation(self._fit, len(order), self._side, self._seed, epoch)
        self._order = jax.device_put(order)
        self._draws = {name: jax.device_put(value) for name, value in vars(augmentation).items() if len(value)}

    def run(self, first: int, last: int) -> Sums:
        """Take the steps from `first` up to but not including `last`; return the epoch's sums so far."""
        self._state = self._chunk(
            self._state, self._images, self._labels, self._order, self._draws, np.int32(first), np.int32(last)
        )
        return Sums(rows=last * self._fit.batch_size, loss=float(self._state.loss), correct=int(self._state.correct))

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Float32 logits [n, classes] with dropout off and the present weights."""
        if images is not self._seen:
            # The same validation pictures come after every epoch: they cross to the device once.
            self._seen, self._seen_there = images, jax.device_put(images)
        return self._forward(self._state.weights, self._state.others, self._seen_there)

    def weights(self) -> list[np.ndarray]:
        """The model's weights in Keras' order (`model.weights`: no seed states), copied to the host."""
        values = {id(v): a for v, a in zip(self._model.trainable_variables, self._state.weights, strict=True)}
        values |= {id(v): a for v, a in zip(self._model.non_trainable_variables, self._state.others, strict=True)}
        return [np.array(values[id(v)]) for v in self._model.weights]

    def save(self) -> dict[str, np.ndarray]:
        """The whole state by name, on the host: enough to go on bit for bit."""
        return {
            **{f"weights/{i:03}": np.array(a) for i, a in enumerate(self._state.weights)},
            **{f"others/{i:03}": np.array(a) for i, a in enumerate(self._state.others)},
            **{f"optimizer/{i:03}": np.array(a) for i, a in enumerate(self._state.optimizer)},
            "loss": np.array(self._state.loss),
            "correct": np.array(self._state.correct),
        }

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Take over a state that `save` gave. Raises UsageError if names, shapes or types are not this model's."""
        check_saved(self.save(), saved)
        groups: dict[str, list[jax.Array]] = {"weights": [], "others": [], "optimizer": []}
        for name in sorted(saved):
            group, _, index = name.partition("/")
            if index:
                groups[group].append(jnp.array(saved[name]))
        self._state = State(
            **groups,
            loss=jnp.array(saved["loss"]),
            correct=jnp.array(saved["correct"]),
        )

    def _make_chunk(self, model: keras.Model, classes: int) -> Any:
        fit, optimizer, batch = self._fit, self._optimizer, self._fit.batch_size

        def loss_of(weights: Any, others: Any, pictures: Any, targets: Any) -> Any:
            logits, others, penalties = model.stateless_call(
                weights, others, pictures, training=True, return_losses=True
            )
            smooth = targets * (1 - fit.label_smoothing) + fit.label_smoothing / classes
            loss = -jnp.mean(jnp.sum(smooth * jax.nn.log_softmax(logits.astype(jnp.float32)), axis=-1))
            return loss + sum(penalties), (others, logits, loss)

        def chunk(
            state: State, images: Any, labels: Any, order: Any, draws: Any, first: jax.Array, last: jax.Array
        ) -> State:
            def step(number: Any, state: State) -> State:
                rows = jax.lax.dynamic_slice(order, (number * batch,), (batch,))
                mine = {
                    name: jax.lax.dynamic_slice_in_dim(value, number * batch, batch) for name, value in draws.items()
                }
                truth = jnp.take(labels, rows)
                pictures, targets = augment(fit, jnp.take(images, rows, axis=0), jax.nn.one_hot(truth, classes), mine)
                (_, (others, logits, loss)), gradients = jax.value_and_grad(loss_of, has_aux=True)(
                    state.weights, state.others, pictures, targets
                )
                weights, optimizer_state = optimizer.stateless_apply(state.optimizer, gradients, state.weights)
                correct = jnp.sum(jnp.argmax(logits, axis=-1) == truth, dtype=jnp.int32)
                return State(
                    list(weights), list(others), list(optimizer_state),
                    state.loss + loss * batch, state.correct + correct,
                )  # fmt: skip

            return jax.lax.fori_loop(first, last, step, state)

        return chunk
