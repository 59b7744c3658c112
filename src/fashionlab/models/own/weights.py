"""Which weights of a user's model were drawn, and which were brought along.

Two models built under two seeds differ in what was drawn. What agrees and no initializer would make again was brought:
loaded, transferred, set on purpose, or drawn from a seed that the file fixes for itself.
"""

from collections.abc import Collection
from typing import Any

import keras
import numpy as np
from keras import ops

from fashionlab.errors import UsageError
from fashionlab.models.drawing import DRAWN


def find_drawn(model: keras.Model, other: keras.Model, name: str) -> tuple[int, ...]:
    """Which of the model's weights, by number, depend on the seed. other: the same, built under another seed."""
    if [(w.shape, w.dtype) for w in model.weights] != [(w.shape, w.dtype) for w in other.weights]:
        raise UsageError(f"model {name!r} has different layers under another seed; build the same layers every time")
    return tuple(
        number
        for number, (weight, twin) in enumerate(zip(model.weights, other.weights, strict=True))
        if not np.array_equal(_value(weight), _value(twin), equal_nan=True)
    )


def find_brought(model: keras.Model, drawn: Collection[int]) -> list[np.ndarray]:
    """The weights that came along with the model: those not drawn that their initializers would not make again."""
    made = {id(w) for w in model.weights if _is_constant(_value(w))}
    for layer in model._flatten_layers():
        for name in DRAWN:
            weight: Any = getattr(layer, name, None)
            initializer: Any = getattr(layer, f"{name}_initializer", None)
            config = initializer.get_config() if hasattr(initializer, "get_config") else {}
            # An initializer that has no seed is a constant or an identity, and one that was given its own stays so.
            if weight is not None and initializer is not None and config.get("seed", 0) is not None:
                again = type(initializer).from_config(config)(weight.shape, dtype=weight.dtype)
                if np.array_equal(_value(weight), ops.convert_to_numpy(again)):
                    made.add(id(weight))
    return [_value(w) for number, w in enumerate(model.weights) if number not in drawn and id(w) not in made]


def _is_constant(value: np.ndarray) -> bool:
    """One number throughout; in a vector 0 and 1, as an LSTM's bias begins, are no more."""
    return not value.size or bool((value == value.flat[0]).all() or (value.ndim == 1 and np.isin(value, (0, 1)).all()))


def _value(weight: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(weight.value))
