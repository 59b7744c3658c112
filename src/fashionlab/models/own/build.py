"""Building a user's own model: from what its function returns to what the lab trains."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from fashionlab.errors import UsageError
from fashionlab.models.drawing import draw_weights, seeded
from fashionlab.models.own.adapt import adapt
from fashionlab.models.own.outputs import probes, to_logits
from fashionlab.models.own.sentences import explained
from fashionlab.models.own.weights import find_origins

UNSCALED = 100.0
"""What a first layer is given at most, if nothing has scaled pixels of 0 to 255; a network wants numbers around 1."""


@dataclass(frozen=True)
class OwnModel:
    """model: a graph from images uint8 [n, height, width] to logits [n, classes]; notes: a sentence for each thing that
    the lab changed or does not use; brought: SHA-256 of the weights that came with it, None if all were drawn."""

    model: keras.Model
    notes: tuple[str, ...]
    brought: str | None


def build_own(make: Callable[[], object], image_shape: tuple[int, int], classes: int, seed: int, name: str) -> OwnModel:
    """Build the model that `make` returns, and find out by its behaviour what it is.

    Its initial weights are a function of (seed, name, shape) where they were drawn, and those that it brought stay.
    Raises UsageError, in one sentence, for what is no network from these images to these classes.
    """

    def made(with_seed: int) -> Callable[[], keras.Model]:
        def build() -> keras.Model:
            policy = keras.config.dtype_policy()
            try:
                with seeded(with_seed), explained(f"model {name!r} cannot be built"):
                    model = make()
            finally:
                # What a file sets for itself must not reach the next model of this process.
                keras.config.set_dtype_policy(policy)
            if not isinstance(model, keras.Model):
                raise UsageError(f"model {name!r} returned {type(model).__name__}, expected a keras.Model")
            seen.append(model)
            return model

        return build

    seen: list[keras.Model] = []
    model, form = adapt(made(seed), image_shape, name)
    unused = _unused(seen[-1])
    other, _ = adapt(made((seed + 1) % 2**32), image_shape, name)
    origins = find_origins(model, other, name)
    scale = _scale_warning(model, image_shape, origins.drawn)
    model, said = to_logits(model, image_shape, classes, name)
    draw_weights(model, seed, kept={id(w) for w in model.weights} - origins.drawn)
    return OwnModel(model, (*form.said, *said, *scale, *origins.said, *unused), origins.brought)


def _unused(model: keras.Model) -> list[str]:
    """Sentences on what the model carries and the lab has no use for."""
    said = []
    if model.compiled:
        said.append("what the model was compiled with (optimizer, loss, metrics) is not used: the recipe says that")
    plain = type(keras.Model(i := keras.Input((1,)), i))
    own = [
        method
        for method in ("train_step", "compute_loss", "fit", "test_step", "predict_step", "compute_metrics")
        if getattr(type(model), method) is not getattr(plain, method)
    ]
    if own:
        said.append(f"the model's own {' and '.join(own)} are not used: the trainer's are")
    return said


def _scale_warning(model: keras.Model, image_shape: tuple[int, int], drawn: frozenset[int]) -> list[str]:
    """A sentence, if pixels of 0 to 255 reach the first layer that has drawn weights as they are."""
    met: list[tuple[str, float]] = []

    def watch(layer: keras.layers.Layer) -> None:
        call = layer.call

        def watched(inputs: object, *arguments: object, **named: object) -> object:
            if not met:
                met.append((layer.name, float(np.abs(keras.ops.convert_to_numpy(inputs)).max())))
            return call(inputs, *arguments, **named)

        layer.call = watched

    with_kernel = [
        layer
        for layer in model._flatten_layers()
        if any(id(w) in drawn and len(w.shape) > 1 for w in layer._trainable_variables)
    ]
    for layer in with_kernel:
        watch(layer)
    try:
        model(probes(image_shape), training=False)
    finally:
        for layer in with_kernel:
            del layer.call
    if not met or met[0][1] < UNSCALED:
        return []
    name, most = met[0]
    return [
        f"the model's first layer, {name}, is given numbers up to {most:.0f}: put layers.Rescaling(1 / 255) before it, "
        "as the lab hands over pixels of 0 to 255"
    ]
