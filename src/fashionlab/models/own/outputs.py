"""What a user's model gives, found by behaviour: logits, probabilities, or a number from 0 to 1 for each class.

It is asked about random images, with its own weights and with shaken ones: an output that keeps to a range whatever
the weights are does so by construction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from fashionlab.errors import UsageError
from fashionlab.models.own.source import Head

PROBES = 32
"""Random images that a model is asked about."""

LEAST_PROBABILITY = 1e-7
"""As in Keras' own cross-entropy of probabilities."""


def probes(image_shape: tuple[int, int]) -> np.ndarray:
    """Random images, uint8 [PROBES, height, width]."""
    return np.random.default_rng(0).integers(0, 256, (PROBES, *image_shape), dtype=np.uint8)


class Answers:
    """What a model gives for the same images, with the weights it has at the time: float64 [n, ...]."""

    def __init__(self, model: keras.Model, images: np.ndarray) -> None:
        self._model, self._images = model, images
        # A model of its own, so that nothing compiled stays with the user's; JAX is slow without compiling.
        self._asked = keras.Model(model.inputs[0], model.outputs[0]) if keras.backend.backend() == "jax" else None

    def now(self) -> np.ndarray:
        """With the present weights."""
        if self._asked is None:
            return np.asarray(ops.convert_to_numpy(self._model(self._images, training=False)), np.float64)
        return np.asarray(self._asked.predict_on_batch(self._images), np.float64)

    def both(self) -> list[np.ndarray]:
        """With the present weights and with shaken ones; answers that are not finite say nothing and are left out."""
        answers = [self.now()]
        with _shaken(self._model):
            answers.append(self.now())
        return [answer for answer in answers if np.isfinite(answer).all()]


def find_head(model: keras.Model, images: np.ndarray, outputs: list[np.ndarray], name: str) -> Head:
    """How to come from the model's outputs to logits. outputs: `Answers.both` of it.

    Raises UsageError for sigmoids. A softmax at the end is taken off only where the outputs prove that this leaves the
    logits.
    """
    if not outputs or any(o.min() < 0 or o.max() > 1 for o in outputs):
        return Head("logits")
    if any(np.abs(o.sum(axis=1) - 1).max() > 1e-3 for o in outputs):
        raise UsageError(
            f"model {name!r} gives each class a number from 0 to 1 of its own (a sigmoid), expected logits, as an "
            "image has one class: remove the last activation"
        )

    def proves(candidate: keras.Model) -> bool:
        found = Answers(candidate, images).both()
        softmaxes = [np.asarray(ops.convert_to_numpy(ops.softmax(logits))) for logits in found]
        return len(found) == len(outputs) and all(
            np.abs(a - b).max() < 1e-5 for a, b in zip(softmaxes, outputs, strict=True)
        )

    # A layer or an operation of its own.
    before = _before_the_last(model)
    if before is not None and proves(keras.Model(model.inputs[0], before)):
        return Head("shortened")
    # The activation of a layer, at any depth.
    layers = model._flatten_layers()
    for number in reversed(range(len(layers))):
        activation = getattr(layers[number], "activation", None)
        if callable(activation) and _is_softmax(activation):
            layers[number].activation = keras.activations.linear
            is_it = proves(model)
            layers[number].activation = activation
            if is_it:
                return Head("activation", number)
    return Head("probabilities")


def with_logits(model: keras.Model, head: Head) -> keras.Model:
    """The model with logits as its outputs. Raises UsageError if the head is none of this model."""
    if head.gives == "shortened" and (before := _before_the_last(model)) is not None:
        return keras.Model(model.inputs[0], before)
    if head.gives == "activation" and 0 <= head.layer < len(layers := model._flatten_layers()):
        layers[head.layer].activation = keras.activations.linear
        return model
    if head.gives == "probabilities":
        return keras.Model(model.inputs[0], ops.log(ops.clip(model.outputs[0], LEAST_PROBABILITY, 1.0)))
    if head.gives == "logits":
        return model
    raise UsageError("the model is not the one that was examined: its last layers differ")


def _before_the_last(model: keras.Model) -> Any:
    """What the last layer or operation is given, where that has the shape of the outputs; otherwise None."""
    operation, node, _ = model.outputs[0]._keras_history
    before = operation._inbound_nodes[node].input_tensors
    return before[0] if len(before) == 1 and before[0].shape == model.outputs[0].shape else None


@contextmanager
def _shaken(model: keras.Model) -> Iterator[None]:
    """Add noise of the size of 1 to all matrices and kernels, for a while: what was 0 everywhere is not then."""
    random = np.random.default_rng(1)
    own = [(w, ops.convert_to_numpy(w.value)) for w in model.weights if len(w.shape) > 1 and "float" in w.dtype]
    try:
        for weight, value in own:
            weight.assign(value + random.normal(size=value.shape).astype(value.dtype))
        yield
    finally:
        for weight, value in own:
            weight.assign(value)


def _is_softmax(activation: Callable[[Any], Any]) -> bool:
    given = np.random.default_rng(2).normal(size=(4, 5)).astype(np.float32)
    try:
        sums = ops.convert_to_numpy(activation(ops.convert_to_tensor(given))).sum(axis=1)
    except Exception:  # an activation that wants something else is none
        return False
    return bool(np.abs(sums - 1).max() < 1e-5)
