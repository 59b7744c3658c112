"""The reference network: a plain dense network with normalization and dropout."""

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from fashionlab.options import Regularizer

if TYPE_CHECKING:
    import keras

Width = Annotated[int, Meta(ge=1, le=65536)]
Rate = Annotated[float, Meta(ge=0, lt=1)]


def build(
    image_shape: tuple[int, int],
    classes: int,
    *,
    widths: Annotated[tuple[Width, ...], Meta(min_length=1, description="units of each hidden layer")] = (
        384,
        256,
        128,
    ),
    activation: Annotated[
        Literal["gelu", "relu", "silu", "tanh", "selu", "elu", "leaky_relu"],
        Meta(description="activation of the hidden layers"),
    ] = "gelu",
    norm: Annotated[
        Literal["batch", "layer", "none"],
        Meta(description="normalization after every hidden layer but the last, before its dropout"),
        Regularizer(off="none"),
    ] = "batch",
    dropout: Annotated[
        tuple[Rate, ...],
        Meta(min_length=1, description="share of units dropped: one rate for all, or one for each hidden layer"),
        Regularizer(off=0),
    ] = (0.3,),
) -> "keras.Model":
    """A dense network on flattened images: uint8 [n, height, width] in, float32 logits [n, classes] out.

    Rescaling to 0..1 is part of the model, so whoever holds the model needs no preprocessing. Each hidden layer is
    Dense, activation, normalization (not after the last), Dropout. "batch" normalizes each unit over the batch (Ioffe
    and Szegedy 2015, arXiv 1502.03167), "layer" each image over the units (Ba et al. 2016, arXiv 1607.06450). With the
    default settings and 28x28 images it has 436,746 parameters, 1,280 of them the moving statistics of batch
    normalization.
    """
    import keras
    from keras import layers

    from fashionlab.errors import UsageError
    from fashionlab.options import spelled

    rates = dropout * len(widths) if len(dropout) == 1 else dropout
    if len(rates) != len(widths):
        raise UsageError(
            f"{spelled('dropout')}: given {len(dropout)} rates for {len(widths)} hidden layers, expected one rate "
            f"or {len(widths)}"
        )
    normalizations = {"batch": layers.BatchNormalization, "layer": layers.LayerNormalization}
    images = keras.Input(image_shape, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 255, name="rescale")(images)
    x = layers.Flatten(name="flatten")(x)
    for number, (width, rate) in enumerate(zip(widths, rates, strict=True), start=1):
        x = layers.Dense(width, activation=activation, name=f"hidden_{number}")(x)
        if norm != "none" and number < len(widths):
            x = normalizations[norm](name=f"norm_{number}")(x)
        if rate:
            x = layers.Dropout(rate, name=f"dropout_{number}")(x)
    return keras.Model(images, layers.Dense(classes, name="logits")(x), name="mlp")
