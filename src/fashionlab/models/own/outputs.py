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
from fashionlab.models.own.sentences import explained

PROBES = 32
"""Random images that a model is asked about."""

LEAST_PROBABILITY = 1e-7
"""As in Keras' own cross-entropy of probabilities."""


def to_logits(
    model: keras.Model, image_shape: tuple[int, int], classes: int, name: str
) -> tuple[keras.Model, list[str]]:
    """The model with logits as its outputs, and a sentence if it gave something else.

    model: a graph from uint8 [n, height, width]. A softmax at its end is taken off where the outputs prove that this
    leaves the logits; otherwise the logarithms of the probabilities are the logits. Raises UsageError for outputs of
    another shape, and for sigmoids.
    """
    if len(model.outputs) != 1 or tuple(model.outputs[0].shape) != (None, classes):
        given = " and ".join(str(tuple(output.shape)) for output in model.outputs)
        raise UsageError(
            f"model {name!r} gives outputs of shape {given}, expected {(None, classes)}: one logit for each class"
        )
    images = probes(image_shape)
    with explained(f"model {name!r} fails on random images"):
        outputs = _answers(model, images)
    if not outputs or any(o.min() < 0 or o.max() > 1 for o in outputs):
        return model, []
    if any(np.abs(o.sum(axis=1) - 1).max() > 1e-3 for o in outputs):
        raise UsageError(
            f"model {name!r} gives each class a number from 0 to 1 of its own (a sigmoid), expected logits, as an "
            "image has one class: remove the last activation"
        )
    without = _without_softmax(model, images, outputs)
    if without is not None:
        return without, ["the model ends with softmax, which is taken off: the loss contains it"]
    logarithms = ops.log(ops.clip(model.outputs[0], LEAST_PROBABILITY, 1.0))
    return keras.Model(model.inputs[0], logarithms), [
        "the model gives probabilities: the loss works on their logarithms, kept above ln 1e-7"
    ]


def probes(image_shape: tuple[int, int]) -> np.ndarray:
    """Random images, uint8 [PROBES, height, width]."""
    return np.random.default_rng(0).integers(0, 256, (PROBES, *image_shape), dtype=np.uint8)


def _answers(model: keras.Model, images: np.ndarray) -> list[np.ndarray]:
    """Its outputs, float64, with its own weights and with shaken ones; those that are not finite say nothing."""
    answers = [_answer(model, images)]
    with _shaken(model):
        answers.append(_answer(model, images))
    return [answer for answer in answers if np.isfinite(answer).all()]


def _answer(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(model(images, training=False)), np.float64)


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


def _without_softmax(model: keras.Model, images: np.ndarray, outputs: list[np.ndarray]) -> keras.Model | None:
    """The model without its last softmax, None unless softmax of what it then gives is what it gave."""

    def proves(candidate: keras.Model) -> bool:
        found = _answers(candidate, images)
        softmaxes = [np.asarray(ops.convert_to_numpy(ops.softmax(logits))) for logits in found]
        return len(found) == len(outputs) and all(
            np.abs(a - b).max() < 1e-5 for a, b in zip(softmaxes, outputs, strict=True)
        )

    # A layer or an operation of its own.
    operation, node, _ = model.outputs[0]._keras_history
    before = operation._inbound_nodes[node].input_tensors
    if len(before) == 1 and before[0].shape == model.outputs[0].shape:
        shorter = keras.Model(model.inputs[0], before[0])
        if proves(shorter):
            return shorter
    # The activation of a layer, at any depth.
    for layer in reversed(model._flatten_layers()):
        activation = getattr(layer, "activation", None)
        if callable(activation) and _is_softmax(activation):
            layer.activation = keras.activations.linear
            if proves(model):
                return model
            layer.activation = activation
    return None


def _is_softmax(activation: Callable[[Any], Any]) -> bool:
    given = np.random.default_rng(2).normal(size=(4, 5)).astype(np.float32)
    try:
        sums = ops.convert_to_numpy(activation(ops.convert_to_tensor(given))).sum(axis=1)
    except Exception:  # an activation that wants something else is none
        return False
    return bool(np.abs(sums - 1).max() < 1e-5)
