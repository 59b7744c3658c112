"""Models in the manner of tutorials, courses and papers: what `own_models` trains, with the lab and with Keras alone.

Each function is a model file's `build`. Its docstring ends with what it is given and gives where Keras alone trains it:
"[shape; softmax or logits; backends]".
"""

from typing import Any

import keras
from keras import layers, ops


def lenet(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """LeNet-5 [channel; softmax; any]"""
    return keras.Sequential(
        [
            keras.Input((*image_shape, 1)), layers.Rescaling(1 / 255),
            layers.Conv2D(6, 5, padding="same", activation="tanh"), layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, activation="tanh"), layers.AveragePooling2D(2), layers.Flatten(),
            layers.Dense(120, activation="tanh"), layers.Dense(84, activation="tanh"),
            layers.Dense(classes, activation="softmax"),
        ]
    )  # fmt: skip


def beginner(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """A quickstart for beginners, compiled [plain; logits; any]"""
    model = keras.Sequential(
        [
            keras.Input(image_shape), layers.Rescaling(1 / 255), layers.Flatten(),
            layers.Dense(128, activation="relu"), layers.Dropout(0.2), layers.Dense(classes),
        ]
    )  # fmt: skip
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


class Quickstart(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A convolution and two dense layers, without a `training` argument."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv = layers.Conv2D(16, 3, activation="relu")
        self.flatten = layers.Flatten()
        self.hidden = layers.Dense(64, activation="relu")
        self.out = layers.Dense(classes)

    def call(self, x: Any) -> Any:
        """The logits."""
        return self.out(self.hidden(self.flatten(self.conv(x / 255.0))))


def quickstart(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """A quickstart for experts, a subclass [channel; logits; any]"""
    return Quickstart(classes)


def course(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """A course's model with TensorFlow's functions [plain; softmax; tensorflow]"""
    import tensorflow as tf

    return keras.Sequential(
        [
            layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(128, activation=tf.nn.relu),
            layers.Dense(classes, activation=tf.nn.softmax),
        ]
    )  # fmt: skip


def lambdas(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """Lambda layers of TensorFlow's operations [plain; logits; tensorflow]"""
    import tensorflow as tf

    return keras.Sequential(
        [
            keras.Input(image_shape), layers.Lambda(lambda x: tf.cast(x, tf.float32)[..., tf.newaxis] / 255.0),
            layers.Conv2D(16, 3, activation="relu"), layers.Lambda(lambda x: tf.reduce_max(x, axis=[1, 2])),
            layers.Dense(classes),
        ]
    )  # fmt: skip


def flat(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """A dense network on flattened images [flat; softmax; any]"""
    size = image_shape[0] * image_shape[1]
    return keras.Sequential(
        [
            keras.Input((size,)), layers.Rescaling(1 / 255), layers.Dense(256, activation="relu"),
            layers.Dense(classes), layers.Softmax(),
        ]
    )  # fmt: skip


def recurrent(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """An LSTM over the rows of an image [plain; logits; any]"""
    return keras.Sequential([layers.Rescaling(1 / 255), layers.LSTM(64), layers.Dense(classes)])


def _patches(images: Any, size: int, width: int) -> Any:
    x = layers.Conv2D(width, size, strides=size)(images)
    return layers.Reshape((-1, width))(x)


def mixer(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """An MLP-Mixer [channel; logits; any]"""
    images = keras.Input((*image_shape, 1))
    x = _patches(layers.Rescaling(1 / 255)(images), 4, 32)
    for _ in range(2):
        y = layers.Permute((2, 1))(layers.LayerNormalization()(x))
        y = layers.Dense(x.shape[1])(layers.Dense(64, activation="gelu")(y))
        x = x + layers.Permute((2, 1))(y)
        x = x + layers.Dense(32)(layers.Dense(64, activation="gelu")(layers.LayerNormalization()(x)))
    return keras.Model(images, layers.Dense(classes)(layers.GlobalAveragePooling1D()(x)))


class Positions(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Adds a trained vector to each patch."""

    def build(self, shape: tuple[int, ...]) -> None:
        """Make the vectors."""
        self.positions = self.add_weight(shape=shape[1:], initializer="random_normal", name="positions")

    def call(self, x: Any) -> Any:
        """The patches with their positions."""
        return x + self.positions


def vision_transformer(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """A small vision transformer [channel; logits; any]"""
    images = keras.Input((*image_shape, 1))
    x = Positions()(_patches(layers.Rescaling(1 / 255)(images), 7, 32))
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(2, 16)(y, y)
        x = x + layers.Dense(32)(layers.Dense(64, activation="gelu")(layers.LayerNormalization()(x)))
    return keras.Model(images, layers.Dense(classes)(layers.GlobalAveragePooling1D()(x)))


def resnet(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """A ResNet with weight decay in its layers [channel; softmax; any]"""
    images = keras.Input((*image_shape, 1))
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(layers.Rescaling(1 / 255)(images))
    for filters in (16, 32):
        skip = layers.Conv2D(filters, 1, strides=2)(x)
        decay = keras.regularizers.L2(1e-4)
        y = layers.Conv2D(filters, 3, 2, padding="same", activation="relu", kernel_regularizer=decay)(x)
        x = layers.ReLU()(layers.add([skip, layers.Conv2D(filters, 3, padding="same")(y)]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, ops.softmax(layers.Dense(classes)(x)))


def separable(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """Depthwise separable convolutions [channel; logits; any]"""
    return keras.Sequential(
        [
            keras.Input((None, None, 1)), layers.Rescaling(1 / 255), layers.Conv2D(16, 3, 2, activation="relu"),
            layers.SeparableConv2D(32, 3, activation="relu"), layers.SeparableConv2D(64, 3, activation="relu"),
            layers.GlobalAveragePooling2D(), layers.Dense(classes),
        ]
    )  # fmt: skip


def set_weights(image_shape: tuple[int, int], classes: int) -> keras.Model:
    """Transfer: a frozen body whose weights are brought [plain; logits; any]"""
    import numpy as np

    body = layers.Dense(128, activation="relu", trainable=False, name="body")
    model = keras.Sequential(
        [keras.Input(image_shape), layers.Rescaling(1 / 255), layers.Flatten(), body, layers.Dense(classes)]
    )
    size = image_shape[0] * image_shape[1]
    body.set_weights([np.random.default_rng(5).normal(0, size**-0.5, (size, 128)), np.zeros(128)])
    return model


MODELS = (
    lenet, beginner, quickstart, course, lambdas, flat, recurrent, mixer, vision_transformer, resnet, separable,
    set_weights,
)  # fmt: skip
