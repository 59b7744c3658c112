"""NumPy's forward pass, float32, as Keras computes it when it does not train."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from fashionlab.portable.network import Network

BATCH = 256
"""Images that go through at once: what they take on the way stays small."""

EPSILON = 1e-3
"""What Keras adds to a variance under the root, in batch and layer normalization."""

Array = np.ndarray[Any, np.dtype[Any]]


class Answer(NamedTuple):
    """logits: float32 [n, classes]; features: float32 [n, units], of the last hidden layer."""

    logits: Array
    features: Array


def forward(network: "Network", images: Array) -> Answer:
    """Logits and last hidden layer of images, uint8 [n, side, side], n at least 1."""
    parts = [_forward(network, images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    return Answer(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _forward(network: "Network", images: Array) -> Answer:
    x, before = images.astype(np.float32) / np.float32(255), images
    for operation in network.operations:
        arrays = [network.arrays[name] for name in operation.arrays]
        before = x
        x = ACTIVATIONS[operation.function](x) if operation.kind == "activation" else KINDS[operation.kind](x, *arrays)
    return Answer(x.astype(np.float32), before.astype(np.float32))


def convolution(x: Array, kernel: Array, bias: Array | None = None) -> Array:
    """[n, h, w, c] with a kernel [3, 3, c, d], or of another odd size, padded with 0 to keep height and width."""
    height, width = x.shape[1:3]
    down, across = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(x, ((0, 0), (down, down), (across, across), (0, 0)))
    result: Any = 0 if bias is None else bias
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            result = result + padded[:, i : i + height, j : j + width] @ kernel[i, j]
    return np.asarray(result)


def max_pooling(x: Array) -> Array:
    """The largest of 2 x 2 places; of odd sides the last row or column is left out."""
    n, height, width, channels = x.shape
    even = x[:, : height // 2 * 2, : width // 2 * 2]
    return np.asarray(even.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4)))


def batch_norm(x: Array, gamma: Array, beta: Array, mean: Array, variance: Array) -> Array:
    """By the moving averages, over the last axis."""
    scale = gamma / np.sqrt(variance + np.float32(EPSILON))
    return x * scale + (beta - mean * scale)


def layer_norm(x: Array, gamma: Array, beta: Array) -> Array:
    """Each row by its own mean and variance."""
    away = x - x.mean(axis=-1, keepdims=True)
    variance = (away * away).mean(axis=-1, keepdims=True)
    return away / np.sqrt(variance + np.float32(EPSILON)) * gamma + beta


def erf(x: Array) -> Array:
    """The error function, off by 1.5e-7 at most: Abramowitz and Stegun, formula 7.1.26."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - series * np.exp(-x * x))


def _gelu(x: Array) -> Array:
    return 0.5 * x * (1 + erf(x * np.float32(0.5**0.5)))


def _elu(x: Array) -> Array:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


KINDS: dict[str, Callable[..., Array]] = {
    "flatten": lambda x: x.reshape(len(x), -1),
    "channel": lambda x: x[..., None],
    "dense": lambda x, kernel, bias: x @ kernel + bias,
    "convolution": convolution,
    "max_pooling": max_pooling,
    "average": lambda x: x.mean(axis=(1, 2)),
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
}

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "gelu": _gelu,
    "silu": lambda x: x / (1 + np.exp(-np.clip(x, -80, 80))),
    "tanh": np.tanh,
    "elu": _elu,
    "selu": lambda x: np.float32(1.05070098) * np.where(x > 0, x, np.float32(1.67326324) * _elu(x)),
    "leaky_relu": lambda x: np.where(x > 0, x, np.float32(0.2) * x),
}
"""As Keras' functions of these names: gelu is the exact one, leaky_relu has a slope of 0.2."""
