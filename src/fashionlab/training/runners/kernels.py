"""What the fused trainer computes in another way than Keras does, on processors, where JAX's own way is slow.

Convolutions are matrix products: XLA's own convolution falls back to one thread and plain loops where it stands inside
a compiled loop, as in the fused trainer: an epoch of the `cnn` took 440 s, with the product 24 s on the same two cores
(docs/decisions/0009).

Dropout's masks are the same bits in a fifth of the time: on processors JAX runs the rounds of its random generator as a
loop that goes through memory five times; written out, they are one loop over the mask. And they are drawn once a step,
which XLA would do for every use.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from keras import layers, ops

from fashionlab.models.drawing import ROTATIONS


def use_kernels(model: keras.Model) -> None:
    """Make every two-dimensional convolution of the model one matrix product, with the same result up to rounding, and
    draw the masks of every dropout as `threefry` does, with the same bits.

    Layers that convolve in another way (grouped, dilated, channels first) stay as they are, as do classes of their own.
    """
    for layer in model._flatten_layers():
        if type(layer) is layers.Dropout and layer.noise_shape is None:
            layer.call = partial(drop, layer)
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


def drop(layer: layers.Dropout, inputs: jax.Array, training: bool = False) -> jax.Array:
    """What the layer gives in Keras on JAX, bit for bit."""
    if not training or not layer.rate:
        return inputs
    keep = 1.0 - layer.rate
    # JAX makes a number in [0, 1) of the upper 23 bits, and compares it with a float32.
    least = math.ceil(float(np.float32(keep)) * 2**23)
    mask = threefry(layer.seed_generator.next(), inputs.shape) >> 9 < least
    # The way back needs the mask too. XLA would draw it anew for every use, whatever barrier stands there: it takes all
    # of this for cheap. A root is dear to it, so the mask is drawn once and kept. The roots of 0 and 1 are exact.
    kept = jnp.sqrt(mask.astype(jnp.float32))
    return jax.lax.select(kept > 0, inputs / keep, jnp.zeros_like(inputs))


def threefry(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Random bits uint32 [shape], fewer than 2**32 of them: those of `jax.random.bits`.

    key: uint32 [2]. The place with number n in the array has both words of Threefry-2x32's block n, combined by xor.
    """
    # From the places' coordinates: a flat count that is given a shape afterwards is not fused with what follows.
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    counts = [jax.lax.broadcasted_iota(jnp.uint32, shape, axis) * np.uint32(n) for axis, n in enumerate(strides)]
    keys = (key[0], key[1], key[0] ^ key[1] ^ np.uint32(0x1BD11BDA))
    x, y = jnp.broadcast_to(keys[0], shape), sum(counts, start=keys[1])
    for group in range(5):
        for bits in ROTATIONS[group % 2]:
            x = x + y
            y = x ^ ((y << bits) | (y >> (32 - bits)))
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x ^ y
