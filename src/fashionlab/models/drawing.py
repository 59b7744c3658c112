"""Initial weights as a function of (seed, name, shape), whatever else was built before and in which order."""

import hashlib
import math
import random
import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
"""Bits by which the rounds of Threefry-2x32 rotate (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"),
which take turns."""

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


@contextmanager
def without_compiling() -> Iterator[None]:
    """While this lasts, `jax.random.uniform` gives the bits that it always gives, computed by NumPy.

    JAX compiles a program for every shape that it draws: with an empty cache that takes a second or two before the
    first step of the reference network, of which NumPy takes a hundredth. What NumPy does not compute (other types
    than float32, other generators, keys that are being traced) is left to JAX. On another backend nothing changes.
    """
    import keras

    if keras.backend.backend() != "jax":
        yield
        return
    import jax

    theirs = jax.random.uniform
    plain = jax.config.jax_threefry_partitionable and not jax.config.jax_enable_x64

    def uniform(key: Any, shape: Any = (), dtype: Any = None, minval: Any = 0.0, maxval: Any = 1.0, **more: Any) -> Any:
        ours = plain and not more and dtype == "float32" and isinstance(minval, float) and isinstance(maxval, float)
        if not ours or isinstance(key, jax.core.Tracer) or (key.shape, key.dtype) != ((2,), "uint32"):
            return theirs(key, shape, dtype, minval, maxval, **more)
        return jax.numpy.asarray(uniform_floats(np.asarray(key), tuple(shape), minval, maxval))

    jax.random.uniform = uniform
    try:
        yield
    finally:
        jax.random.uniform = theirs


BLOCK = 1 << 15
"""Numbers that are drawn at a time, so that the rounds go through the processor's cache and not through memory."""


def uniform_floats(key: np.ndarray, shape: tuple[int, ...], low: float, high: float) -> np.ndarray:
    """Float32 [shape] in [low, high), those of `jax.random.uniform`. key: uint32 [2].

    The upper 23 bits of a random word are a number f in [0, 1); f * (high - low) + low is rounded once, as the fused
    multiplication and addition does it that XLA compiles; for low = -high float64 holds it exactly before that.
    """
    count, least = math.prod(shape), np.float32(low)
    drawn, width = np.empty(count, np.float32), np.float32(high) - least
    for first in range(0, count, BLOCK):
        last = min(count, first + BLOCK)
        ones = (threefry(key, np.arange(first, last, dtype=np.uint64)) >> 9 | np.uint32(0x3F800000)).view(np.float32)
        exact = (ones - np.float32(1)).astype(np.float64) * float(width) + float(least)
        drawn[first:last] = np.maximum(least, exact.astype(np.float32))
    return drawn.reshape(shape)


def threefry(key: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The random words of these numbers of blocks, uint32, as JAX makes them of both words of Threefry-2x32 (Salmon et
    al. 2011). key: uint32 [2]; counts: uint64."""
    keys = (key[0], key[1], key[0] ^ key[1] ^ np.uint32(0x1BD11BDA))
    x, y = (counts >> 32).astype(np.uint32), counts.astype(np.uint32)
    x += keys[0]
    y += keys[1]
    for group in range(5):
        for bits in ROTATIONS[group % 2]:
            x += y
            y = (y << np.uint32(bits) | y >> np.uint32(32 - bits)) ^ x
        x += keys[(group + 1) % 3]
        y += keys[(group + 2) % 3]
        y += np.uint32(group + 1)
    return x ^ y


@without_compiling()
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
