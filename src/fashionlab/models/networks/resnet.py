"""A residual network, for those with time or a GPU."""

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from fashionlab.models.networks.cnn import MOMENTUM
from fashionlab.options import Regularizer

if TYPE_CHECKING:
    import keras

Channels = Annotated[int, Meta(ge=1, le=4096)]


def build(
    image_shape: tuple[int, int],
    classes: int,
    *,
    filters: Annotated[
        tuple[Channels, ...], Meta(min_length=1, max_length=5, description="channels of each stage's convolutions")
    ] = (32, 64, 128),
    blocks: Annotated[int, Meta(ge=1, le=64, description="residual blocks a stage, two 3x3 convolutions each")] = 2,
    dropout: Annotated[
        float, Meta(ge=0, lt=1, description="share of the last stage's channels dropped"), Regularizer(off=0)
    ] = 0.2,
) -> "keras.Model":
    """A residual network of pre-activation blocks: uint8 [n, height, width] in, float32 logits [n, classes] out.

    He et al. 2016, arXiv 1603.05027: a block adds conv(relu(norm(conv(relu(norm(x)))))) to its input. Every stage but
    the first begins with a stride of 2, and where the shape changes the input comes through a 1x1 convolution of what
    the block's first normalization and activation gave. The last stage is normalized and averaged over all places. With
    the defaults 697,514 parameters, 1,856 of them the moving statistics of batch normalization.
    """
    import keras
    from keras import layers

    def activated(x: Any, name: str) -> Any:
        norm = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm_{name}")
        return layers.Activation("relu", name=f"relu_{name}")(norm(x))

    def convolution(x: Any, channels: int, name: str, size: int = 3, stride: int = 1) -> Any:
        return layers.Conv2D(channels, size, stride, padding="same", use_bias=False, name=f"conv_{name}")(x)

    images = keras.Input(image_shape, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 255, name="rescale")(images)
    x = convolution(layers.Reshape((*image_shape, 1), name="channel")(x), filters[0], "first")
    for stage, channels in enumerate(filters, start=1):
        for number in range(1, blocks + 1):
            name, stride = f"{stage}_{number}", 2 if stage > 1 and number == 1 else 1
            inner = activated(x, f"{name}a")
            changes = stride > 1 or x.shape[-1] != channels
            shortcut = convolution(inner, channels, f"{name}_shortcut", 1, stride) if changes else x
            inner = convolution(inner, channels, f"{name}a", 3, stride)
            inner = convolution(activated(inner, f"{name}b"), channels, f"{name}b")
            x = layers.Add(name=f"add_{name}")([shortcut, inner])
    x = layers.GlobalAveragePooling2D(name="average")(activated(x, "last"))
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(images, layers.Dense(classes, name="logits")(x), name="resnet")
