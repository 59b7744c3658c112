"""Convolutions as matrix products are those that Keras computes; dropout's masks are those of JAX."""

import os

import numpy as np
import pytest

os.environ["KERAS_BACKEND"] = "jax"

from fashionlab.training.runners.kernels import convolve, threefry, use_kernels


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (2, 3)])
@pytest.mark.parametrize("size", [(3, 3), (1, 1), (2, 5), (4, 4)])
def test_it_agrees_with_keras(padding, strides, size):
    from keras import ops

    random = np.random.default_rng(0)
    images = random.normal(size=(3, 9, 12, 5)).astype(np.float32)
    kernel = random.normal(size=(*size, 5, 7)).astype(np.float32)
    ours = np.asarray(convolve(images, kernel, strides, padding))
    assert ours == pytest.approx(np.asarray(ops.conv(images, kernel, strides, padding)), abs=1e-4)


def test_layers_that_convolve_otherwise_are_left_alone():
    import keras
    from keras import layers

    images = keras.Input((8, 8, 4))
    x = layers.Conv2D(4, 3, groups=2, padding="same")(images)
    x = layers.Conv2D(4, 3, dilation_rate=2, padding="same")(x)
    model = keras.Model(images, layers.Conv2D(6, 3, 2, activation="relu")(x))
    given = np.random.default_rng(0).normal(size=(2, 8, 8, 4)).astype(np.float32)
    before = np.asarray(model(given))
    use_kernels(model)
    assert [isinstance(layer.convolution_op, type(model.call)) for layer in model.layers[1:]] == [True, True, False]
    assert np.asarray(model(given)) == pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize("shape", [(7,), (64, 33), (2, 3, 5, 7)])
def test_the_random_bits_are_those_of_jax(shape):
    import jax

    for key in ([0, 0], [1, 2**32 - 1], [2**31, 12345]):
        key = np.array(key, np.uint32)
        np.testing.assert_array_equal(threefry(key, shape), jax.random.bits(key, shape, np.uint32))


@pytest.mark.parametrize("rate", [0.2, 0.3, 0.7, 1e-3])
def test_dropout_drops_what_kerass_own_drops(rate):
    import jax
    import keras
    from keras import layers

    images = keras.Input((33,))
    model = keras.Model(images, layers.Dropout(rate, seed=3)(images))
    given, state = np.random.default_rng(0).normal(size=(64, 33)).astype(np.float32), [np.array([3, 9], np.uint32)]

    def call(given):
        outputs, state_after = model.stateless_call([], state, given, training=True)
        return outputs.sum(), (outputs, state_after)

    before = jax.tree.leaves(jax.grad(call, has_aux=True)(given))
    use_kernels(model)
    for ours, kerass in zip(jax.tree.leaves(jax.grad(call, has_aux=True)(given)), before, strict=True):
        np.testing.assert_array_equal(ours, kerass)
    np.testing.assert_array_equal(model(given, training=False), given)
