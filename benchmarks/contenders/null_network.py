"""The reference network with a key that changes its chance and nothing else: for studies of nothing against nothing.

Two keys give, under one seed, independent initial weights and independent dropout, with the same split and the same
order of images. So an arm with another key has, by construction, no effect.

The lab seeds Python's `random` by the run's seed while it builds a model, and leaves an initializer alone that was
given a seed: the weights are drawn here, from so many draws further on. Dropout's generators get their states at every
epoch by their place among the model's generators, so others in front of them, which nobody uses, move them on.
"""

import random

import keras
from keras import layers


class Spare(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Passes on what it is given, and has generators that nobody uses."""

    def __init__(self, generators: int) -> None:
        super().__init__(name="spare")
        self.generators = [keras.random.SeedGenerator(0) for _ in range(generators)]

    def call(self, inputs: object) -> object:
        """The input."""
        return inputs


def build(
    image_shape: tuple[int, int],
    classes: int,
    *,
    key: int = 0,
    widths: tuple[int, ...] = (384, 256, 128),
    dropout: float = 0.3,
) -> keras.Model:
    """The reference network, with a key for its chance."""
    for _ in range(1000 * key):
        random.random()

    def dense(units: int, name: str, activation: str | None = None) -> layers.Layer:
        drawn = keras.initializers.GlorotUniform(seed=random.getrandbits(31))
        return layers.Dense(units, activation=activation, kernel_initializer=drawn, name=name)

    images = keras.Input(image_shape, dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(images))
    x = Spare(key * len(widths))(x)
    for number, width in enumerate(widths, start=1):
        x = dense(width, f"hidden_{number}", "gelu")(x)
        if number < len(widths):
            x = layers.BatchNormalization(name=f"norm_{number}")(x)
        x = layers.Dropout(dropout, name=f"dropout_{number}")(x)
    return keras.Model(images, dense(classes, "logits")(x))
