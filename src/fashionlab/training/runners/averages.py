"""Moving averages over the steps of training, from the first step on: of batch normalization, and of the weights.

Batch normalization judges an image by moving averages of mean and variance, which start at 0 and 1 and keep the share
`momentum` of themselves at every step: with Keras' 0.99, a few hundred steps long they say more about the start than
about the data, and a network that has learned its training set answers at random. So the momentum follows the number
of steps taken, t = 1, 2, ..., until it is what the layer says:

    momentum_t = min(momentum, (1 + t) / (10 + t))

as in TensorFlow's `ExponentialMovingAverage` with `num_updates`: the average then spans about a tenth of the training
so far. From step 890 on a momentum of 0.99 is what it always was. Training itself uses a batch's own mean and
variance, and does not see them.

The average of the weights (Polyak and Juditsky 1992), where the recipe asks for one, follows the same rule.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops


def momentum_at(step: Any, momentum: float) -> Any:
    """The share of itself that an average keeps at step 1, 2, ..., a number or a tensor; in the end `momentum`."""
    step = ops.cast(step, "float32")
    return ops.minimum(momentum, (1 + step) / (10 + step))


class MovingAverages:
    """The moving means and variances of a model: of all its layers of batch normalization, a user's own model's too."""

    def __init__(self, model: keras.Model) -> None:
        layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
        # A momentum of 1 says that the averages are never to change.
        self._layers = [layer for layer in layers if layer.momentum < 1]
        found = [(v, layer.momentum) for layer in self._layers for v in _averages_of(layer)]
        places = {id(v): place for place, v in enumerate(model.non_trainable_variables)}
        self.variables: list[keras.Variable] = [v for v, _ in found]
        self.places = [places[id(v)] for v, _ in found]
        """Where they stand among the model's non-trainable variables."""
        self._momenta = [momentum for _, momentum in found]
        self._model = model

    def corrected(self, before: Sequence[Any], after: Sequence[Any], step: Any) -> list[Any]:
        """The averages as the step's momentum makes them, from what they were before it and what Keras made of them.

        step: 1, 2, ..., a number or a tensor. A layer that is frozen does not change its averages, nor does this.
        """
        gains = {momentum: (1 - momentum_at(step, momentum)) / (1 - momentum) for momentum in set(self._momenta)}
        return [
            old + ops.cast(gains[momentum], old.dtype) * (new - old)
            for momentum, old, new in zip(self._momenta, before, after, strict=True)
        ]

    def corrected_among(self, before: Sequence[Any], after: Sequence[Any], step: Any) -> list[Any]:
        """The same for all non-trainable variables of the model, the others as they are after the step."""
        values = list(after)
        averages = self.corrected([before[p] for p in self.places], [after[p] for p in self.places], step)
        for place, average in zip(self.places, averages, strict=True):
            values[place] = average
        return values

    def replace_by_statistics(self, images: np.ndarray) -> None:
        """Give the averages the means and variances that the layers find in these images, uint8 [n, height, width],
        with the weights that the model has now and without dropout; a frozen layer's stay as they are.
        """
        if not self._layers:
            return
        own = [(layer, layer.call, layer.momentum) for layer in self._layers]
        try:
            for layer, call, _ in own:
                # With a momentum of 0 the averages become those of the one batch.
                layer.call, layer.momentum = partial(_in_training, call), 0.0
            self._model(images, training=False)
        finally:
            for layer, call, momentum in own:
                layer.call, layer.momentum = call, momentum


def _in_training(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    return call(*arguments, **{**options, "training": True})


def _averages_of(layer: keras.layers.BatchNormalization) -> list[keras.Variable]:
    return [layer.moving_mean, layer.moving_variance]


def averaging(kind: type[keras.optimizers.Optimizer], momentum: float) -> type[keras.optimizers.Optimizer]:
    """A kind of optimizer that also keeps an average of the weights, which it does not use itself.

    It is among the optimizer's variables, so that it is saved, restored and handed through a compiled step as they are.
    """

    class Averaging(kind):  # type: ignore[misc]  # Keras has no types
        def build(self, variables: list[keras.Variable]) -> None:
            """Keras calls this again for an optimizer that is built."""
            if not self.built:
                super().build(variables)
                self.averages = [_average_of(self, variable) for variable in variables]

        def apply(self, grads: Sequence[Any], trainable_variables: Sequence[keras.Variable] | None = None) -> None:
            """Take the step, then move the averages: every way to take one comes through here."""
            super().apply(grads, trainable_variables)
            share = 1 - momentum_at(self.iterations, momentum)
            for average, variable in zip(self.averages, self._trainable_variables, strict=True):
                average.assign_add(share * (ops.cast(variable, average.dtype) - average))

    return Averaging


def _average_of(optimizer: keras.optimizers.Optimizer, variable: keras.Variable) -> keras.Variable:
    """In float32 at least: a number with fewer digits would not be moved by a thousandth of a difference."""

    def initial(shape: tuple[int, ...], dtype: str) -> Any:
        return ops.cast(ops.copy(variable), dtype)

    dtype = keras.backend.result_type(variable.dtype, "float32")
    return optimizer.add_variable(variable.shape, initial, dtype, name="average")
