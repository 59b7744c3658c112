"""The precision in which a training step computes: float32, or bfloat16 where the processor multiplies that faster.

bfloat16 has float32's range and 8 bits of it are its digits. It is Keras' policy `mixed_bfloat16`: each layer computes
in bfloat16, and weights, statistics of normalization, loss, gradients of the weights and the optimizer's state stay in
float32 (docs/training.md). A model is built once, in float32: whatever is outside of a training step sees that one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from fashionlab.recipe.config import Precision

MIXED = "mixed_bfloat16"


@contextmanager
def computing_in(precision: Precision, model: keras.Model) -> Iterator[None]:
    """While this lasts, the model's layers compute in this precision, on the float32 weights that they have.

    For the time in which a step is traced: what is traced outside of it computes in float32, with the same weights.
    Layers with another policy than float32, which a user's own model may have given them, keep theirs; those with a
    penalty on their output too, as Keras cannot add one in bfloat16 to the loss.
    """
    layers = [] if precision == "float32" else model._flatten_layers()
    plain = [
        (layer, layer.dtype_policy)
        for layer in layers
        if layer.dtype_policy.name == "float32" and layer.activity_regularizer is None
    ]
    try:
        for layer, _ in plain:
            layer.dtype_policy = MIXED
        yield
    finally:
        for layer, policy in plain:
            layer.dtype_policy = policy
