"""The reference network with dropout before batch normalization, for the study `order.toml` in this folder."""

import keras
from keras import layers


def build(image_shape, classes, *, widths=(384, 256, 128), activation="gelu", dropout=(0.3, 0.3, 0.2)):
    """Each hidden layer is Dense, activation, Dropout, BatchNormalization (not after the last).

    The layers have the names that they have in `fashionlab/models/networks/mlp.py`, so both networks start from the
    same weights.
    """
    images = keras.Input(image_shape, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 255, name="rescale")(images)
    x = layers.Flatten(name="flatten")(x)
    for number, (width, rate) in enumerate(zip(widths, dropout, strict=True), start=1):
        x = layers.Dense(width, activation=activation, name=f"hidden_{number}")(x)
        x = layers.Dropout(rate, name=f"dropout_{number}")(x)
        if number < len(widths):
            x = layers.BatchNormalization(name=f"norm_{number}")(x)
    return keras.Model(images, layers.Dense(classes, name="logits")(x), name="dropout_first")
