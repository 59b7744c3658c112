"""Convolutions as matrix products, for processors on which XLA has no good kernel for them.

XLA's own convolution falls back to one thread and plain loops where it stands inside a compiled loop, as in the fused
trainer: an epoch of the `cnn` took 440 s, with the product 24 s on the same two cores (docs/decisions/0009).
"""

from functools import partial
from typing import Any

import keras
from keras import layers, ops


def use_products(model: keras.Model) -> None:
    """Make every two-dimensional convolution of the model one matrix product, with the same result up to rounding.

    Layers that convolve in another way (grouped, dilated, channels first, or of a class of their own) stay as they are.
    """
    for layer in model._flatten_layers():
        plain = type(layer) is layers.Conv2D and layer.groups == 1 and layer.data_format == "channels_last"
        if plain and tuple(layer.dilation_rate) == (1, 1) and layer.padding in ("same", "valid"):
            # The method that Keras offers for changing how a convolution is computed.
            layer.convolution_op = partial(convolve, strides=tuple(layer.strides), padding=layer.padding)


def convolve(images: Any, kernel: Any, strides: tuple[int, int], padding: str) -> Any:
    """The convolution [n, out height, out width, out channels] of images [n, height, width, channels].

    kernel: [height, width, channels, out channels]; padding: "same" or "valid", as in Keras. Each place's neighbourhood
    is laid out as a row, so that one product with the kernel as a matrix does all places ("im2col").
    """
    rows, columns, channels, filters = kernel.shape
    sizes = zip(images.shape[1:3], (rows, columns), strides, strict=True)
    if padding == "same":
        # The odd pixel of padding comes in below and on the right, as in TensorFlow.
        lacking = [max(0, (-(-size // stride) - 1) * stride + width - size) for size, width, stride in sizes]
        images = ops.pad(images, ((0, 0), *((n // 2, n - n // 2) for n in lacking), (0, 0)))
    height, width = (
        (size - extent) // stride + 1
        for size, extent, stride in zip(images.shape[1:3], (rows, columns), strides, strict=True)
    )
    neighbours = [
        images[:, i : i + (height - 1) * strides[0] + 1 : strides[0], j : j + (width - 1) * strides[1] + 1 : strides[1]]
        for i in range(rows)
        for j in range(columns)
    ]
    laid_out = ops.reshape(ops.concatenate(neighbours, axis=-1), (-1, rows * columns * channels))
    product = ops.matmul(laid_out, ops.reshape(kernel, (-1, filters)))
    return ops.reshape(product, (-1, height, width, filters))
