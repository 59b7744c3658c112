"""A user's own model: train it with `fashionlab train docs/examples/small_cnn.py:build --filters 8,16 --epochs 4`."""

import keras
from keras import layers


def build(
    image_shape: tuple[int, int],
    classes: int,
    *,
    filters: tuple[int, ...] = (16, 32),
    dropout: float = 0.3,
) -> keras.Model:
    """A small convolutional network."""
    images = keras.Input(image_shape, dtype="uint8")
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Reshape((*image_shape, 1))(x)
    for count in filters:
        x = layers.Conv2D(count, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(images, layers.Dense(classes)(x))
