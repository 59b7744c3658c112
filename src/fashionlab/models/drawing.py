"""Initial weights as a function of (seed, name, shape), whatever else was built before and in which order."""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

DRAWN = ("kernel", "bias", "embeddings", "gamma", "beta", "depthwise_kernel", "pointwise_kernel")
"""Weights whose initializer a Keras layer keeps, as `NAME_initializer`."""


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Keras draws the seeds of initializers and dropout from Python's `random`; afterwards it goes on as before.

    `keras.utils.set_random_seed` would import TensorFlow wherever it is installed, which takes seconds.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


def draw_weights(model: "keras.Model", seed: int, kept: Collection[int] = ()) -> None:
    """Draw the initial weights anew, each from a seed of its own: the model's seed and the names of layer and weight.

    Keras hands out seeds in the order in which layers are made, so that a layer more or less would change the weights
    of all that follow. An initializer that was given a seed by the model's author keeps it. kept: ids of weights that
    stay as they are.
    """
    for layer, layer_name in _named_layers(model):
        for name in DRAWN:
            weight = getattr(layer, name, None)
            initializer: Any = getattr(layer, f"{name}_initializer", None)
            config = initializer.get_config() if hasattr(initializer, "get_config") else {}
            if weight is None or id(weight) in kept or config.get("seed", 0) is not None:
                continue
            digest = hashlib.sha256(f"{seed}/{layer_name}/{name}".encode()).digest()
            config["seed"] = int.from_bytes(digest[:4]) >> 1
            weight.assign(type(initializer).from_config(config)(weight.shape, dtype=weight.dtype))


def _named_layers(model: "keras.Model") -> Iterator[tuple[Any, str]]:
    """Every layer with its name; one that Keras made up ("dense_7", counting on through the process) counts from 0."""
    made_up: Counter[str] = Counter()
    for layer in model._flatten_layers():
        base = re.sub(r"_\d+$", "", layer.name)
        kind = type(layer).__name__.lower()
        if base.replace("_", "") == kind:
            yield layer, f"{kind}_{made_up[kind]}"
            made_up[kind] += 1
        else:
            yield layer, layer.name
