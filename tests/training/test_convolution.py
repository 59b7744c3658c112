"""Convolutions as matrix products are the convolutions that Keras computes."""

import os

import numpy as np
import pytest

os.environ["KERAS_BACKEND"] = "jax"

from fashionlab.training.runners.convolution import convolve, use_products


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
    use_products(model)
    assert [isinstance(layer.convolution_op, type(model.call)) for layer in model.layers[1:]] == [True, True, False]
    assert np.asarray(model(given)) == pytest.approx(before, abs=1e-5)
