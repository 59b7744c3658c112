"""Which weights of a user's model were drawn, and which were brought along.

Two models built under two seeds differ in what was drawn. What agrees and is not one number throughout, as constant
initializers make it, was brought: loaded, transferred, set on purpose, or drawn from a seed that the file fixes.
"""

import hashlib
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from fashionlab.errors import UsageError


@dataclass(frozen=True)
class Origins:
    """drawn: ids of the weights that depend on the seed; brought: SHA-256 of the values that were brought, None if
    there are none; said: a sentence about them, or none."""

    drawn: frozenset[int]
    brought: str | None
    said: tuple[str, ...]


def find_origins(model: keras.Model, other: keras.Model, name: str) -> Origins:
    """What of `model` was drawn and what was brought; other: the same, built under another seed."""
    if [(w.shape, w.dtype) for w in model.weights] != [(w.shape, w.dtype) for w in other.weights]:
        raise UsageError(f"model {name!r} has other layers under another seed; build the same layers each time")
    drawn, brought = set[int](), list[np.ndarray]()
    for weight, twin in zip(model.weights, other.weights, strict=True):
        value = np.asarray(ops.convert_to_numpy(weight.value))
        if not np.array_equal(value, ops.convert_to_numpy(twin.value), equal_nan=True):
            drawn.add(id(weight))
        elif value.size and (value != value.flat[0]).any():
            brought.append(value)
    said = []
    if brought:
        numbers = sum(value.size for value in brought)
        said.append(
            f"{len(brought)} of the model's {len(model.weights)} weight arrays ({numbers:,} numbers) come with it, the "
            "same under every seed, and are kept"
        )
    if not drawn:
        said.append("all seeds start from the same weights")
    return Origins(frozenset(drawn), _digest(brought), tuple(said))


def _digest(values: list[np.ndarray]) -> str | None:
    if not values:
        return None
    digest = hashlib.sha256()
    for value in values:
        digest.update(f"{value.dtype} {value.shape}\n".encode() + np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()
