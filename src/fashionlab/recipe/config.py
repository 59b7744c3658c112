"""The parts of a recipe, as small frozen structs: data, model and training, each field with its range and default."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fashionlab.errors import UsageError
from fashionlab.images import Fit, Preparation
from fashionlab.models import NETWORK, Architecture, ModelKind
from fashionlab.options import Option, Regularizer, options_of

Share = Annotated[float, Meta(ge=0, lt=1)]

OptionValue = Any
"""Of a model's option: a number, a text, true or false, none, or a tuple of these."""


class DataConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Which images, and how they are divided."""

    dataset: Annotated[
        str,
        Meta(description="fashion-mnist, digits, or the path of your own: image folders, .npz, .csv, IDX files"),
    ] = "fashion-mnist"
    validation: Annotated[
        Annotated[float, Meta(gt=0, le=0.5)] | None,
        Meta(
            description="fraction of the training set held out for validation, stratified; none: 0.2, or the "
            "validation set that the data bring"
        ),
    ] = None
    limit: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="use only this many rows of the training set")
    ] = None
    resize: Annotated[
        Annotated[int, Meta(ge=4, le=1024)] | None, Meta(description="bring images to this many pixels a side")
    ] = None
    resize_how: Annotated[
        Fit,
        Meta(
            description="pad: the whole image, its border's colour around it; crop: its middle square; fit: the whole "
            "image, its proportions lost"
        ),
    ] = "pad"
    stretch: Annotated[bool, Meta(description="spread the grey values that the training images use over 0 to 255")] = (
        False
    )
    invert: Annotated[bool, Meta(description="exchange dark and bright")] = False

    @property
    def preparation(self) -> Preparation:
        """What is to be done to the images."""
        return Preparation(self.resize, self.resize_how, self.stretch, self.invert)


class TrainingConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How a network is trained."""

    epochs: Annotated[int, Meta(ge=1, description="passes over the training rows, at most")] = 24
    batch_size: Annotated[int, Meta(ge=1, description="rows per step")] = 256
    early_stopping: Annotated[
        bool,
        Meta(description="keep the epoch of lowest validation loss, end by patience; without it keep the last"),
        Regularizer(off=False),
    ] = True
    patience: Annotated[int, Meta(ge=1, description="stop after this many epochs without a lower validation loss")] = 8
    learning_rate: Annotated[float, Meta(gt=0, description="AdamW's step size, at its highest")] = 0.002
    schedule: Annotated[
        Literal["constant", "cosine"], Meta(description="learning rate over the epochs; cosine falls to 0")
    ] = "cosine"
    warmup: Annotated[float, Meta(ge=0, description="epochs over which the learning rate first rises from 0")] = 0.0
    weight_decay: Annotated[
        float,
        Meta(ge=0, description="AdamW's decoupled decay of kernels per step, times the learning rate"),
        Regularizer(off=0),
    ] = 0.004
    label_smoothing: Annotated[
        Share, Meta(description="share of the target spread evenly over all classes"), Regularizer(off=0)
    ] = 0.0
    shift: Annotated[
        int,
        Meta(ge=0, le=8, description="augmentation: move images by up to this many pixels each way"),
        Regularizer(off=0),
    ] = 0
    flip: Annotated[
        float, Meta(ge=0, le=1, description="augmentation: share of images mirrored left to right"), Regularizer(off=0)
    ] = 0.0
    mixup: Annotated[
        float,
        Meta(ge=0, le=10, description="augmentation: alpha of Beta(alpha, alpha) that blends pairs; 0 is off"),
        Regularizer(off=0),
    ] = 0.0
    cutout: Annotated[
        int,
        Meta(ge=0, le=64, description="augmentation: side in pixels of a square painted black; 0 is off"),
        Regularizer(off=0),
    ] = 0


class ModelConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A name of the registry, or `file.py:function`, with all of its options; lists among their values are tuples."""

    name: str = "mlp"
    options: dict[str, OptionValue] = {}

    def __post_init__(self) -> None:
        # Read back, the options must equal what was written.
        msgspec.structs.force_setattr(self, "options", {name: as_tuples(value) for name, value in self.options.items()})


SEED = Option(
    "seed",
    Annotated[int, Meta(ge=0, le=2**32 - 1)],
    0,
    "decides split, initial weights, order, dropout and augmentation",
)


def common_options(kind: ModelKind = NETWORK) -> dict[str, Option]:
    """The options of every recipe for a kind of model: those of data, of training in epochs if there are any, the
    seed."""
    return {**options_of(DataConfig), **(options_of(TrainingConfig) if kind.epochs else {}), "seed": SEED}


def check_names(architecture: Architecture) -> None:
    """Raise UsageError if a model's option has a name that the recipe uses already."""
    taken = [name for name in architecture.options if name in common_options()]
    if taken:
        raise UsageError(f"model {architecture.name!r} has an option {taken[0]!r}, which every recipe has; rename it")


def as_tuples(value: OptionValue) -> OptionValue:
    """An option's value as it was before it was written: JSON knows lists alone."""
    return tuple(map(as_tuples, value)) if isinstance(value, (list, tuple)) else value
