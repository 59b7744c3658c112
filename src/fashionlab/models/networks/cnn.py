"""A convolutional network that trains on two processor cores in minutes."""

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from fashionlab.options import Regularizer

if TYPE_CHECKING:
    import keras

Channels = Annotated[int, Meta(ge=1, le=4096)]
Count = Annotated[int, Meta(ge=1, le=16)]

MOMENTUM = 0.9
"""Of the moving averages of batch normalization. A convolution's batch gives hundreds of values an image, so its mean
is good after few steps; Keras' 0.99 would leave a network useless in evaluation for its first few hundred steps."""


def build(
    image_shape: tuple[int, int],
    classes: int,
    *,
    filters: Annotated[
        tuple[Channels, ...], Meta(min_length=1, max_length=4, description="channels of each stage's convolutions")
    ] = (32, 64, 128),
    depth: Annotated[
        tuple[Count, ...],
        Meta(min_length=1, description="3x3 convolutions: one number for all stages, or one for each"),
    ] = (1, 1, 2),
    activation: Annotated[
        Literal["relu", "gelu", "silu", "elu", "leaky_relu"], Meta(description="activation of the convolutions")
    ] = "relu",
    batch_norm: Annotated[
        bool, Meta(description="batch normalization after every convolution"), Regularizer(off=False)
    ] = True,
    dropout: Annotated[
        float, Meta(ge=0, lt=1, description="share of the last stage's channels dropped"), Regularizer(off=0)
    ] = 0.2,
) -> "keras.Model":
    """A convolutional network: uint8 [n, height, width] in, float32 logits [n, classes] out.

    Each stage is 3x3 convolutions, the last of them followed by 2x2 max pooling, which halves the sides (rounding
    down). The last stage's channels are averaged over all places, so the number of weights does not depend on the
    images' size. Pooling comes before normalization and activation: with a quarter of the numbers they cost a quarter
    of the time, which on a processor is as much as the convolution itself. With the defaults 242,602 parameters, 704 of
    them the moving statistics of batch normalization.
    """
    import keras
    from keras import layers

    from fashionlab.errors import UsageError
    from fashionlab.options import spelled

    depths = depth * len(filters) if len(depth) == 1 else depth
    if len(depths) != len(filters):
        raise UsageError(
            f"{spelled('depth')}: given {len(depth)} numbers for {len(filters)} stages, expected one number or "
            f"{len(filters)}"
        )
    if min(image_shape) < 2 ** len(filters):
        raise UsageError(
            f"{spelled('filters')}: {len(filters)} stages halve the sides {len(filters)} times, which images of "
            f"{image_shape[0]}x{image_shape[1]} pixels do not allow; give fewer"
        )
    images = keras.Input(image_shape, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 255, name="rescale")(images)
    x = layers.Reshape((*image_shape, 1), name="channel")(x)
    for stage, (channels, count) in enumerate(zip(filters, depths, strict=True), start=1):
        for number in range(1, count + 1):
            name = f"{stage}_{number}"
            # Normalization has a bias of its own.
            x = layers.Conv2D(channels, 3, padding="same", use_bias=not batch_norm, name=f"conv_{name}")(x)
            if number == count:
                x = layers.MaxPooling2D(name=f"pool_{stage}")(x)
            if batch_norm:
                x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm_{name}")(x)
            x = layers.Activation(activation, name=f"{activation}_{name}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(images, layers.Dense(classes, name="logits")(x), name="cnn")
