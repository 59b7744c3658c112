"""The parts of a recipe, as small frozen structs: data, model and training, each field with its range and default."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fashionlab.errors import UsageError
from fashionlab.images import Fit, Preparation
from fashionlab.models import NETWORK, Architecture, ModelKind
from fashionlab.options import Option, Regularizer, options_of
from fashionlab.recipe.choices import DEFAULT, OPTIMIZERS, check_choices, owners
from fashionlab.recipe.class_weights import EQUAL, parse_class_weights

Share = Annotated[float, Meta(ge=0, lt=1)]

Precision = Literal["float32", "bfloat16"]
"""In which a training step computes; everything else is float32."""

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


ADAMW = OPTIMIZERS[DEFAULT["optimizer"]]


class TrainingConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How a network is trained.

    A setting that belongs to another optimizer or schedule is None, or 0 where a number is needed; `choices` knows
    which has what.
    """

    epochs: Annotated[int, Meta(ge=1, description="passes over the training rows, at most")] = 24
    batch_size: Annotated[int, Meta(ge=1, description="rows per step")] = 256
    precision: Annotated[
        Precision,
        Meta(
            description="in which training steps compute; bfloat16 is faster for convolutions on TensorFlow, where the "
            "processor has it"
        ),
    ] = "float32"
    early_stopping: Annotated[
        bool,
        Meta(description="keep the epoch of lowest validation loss, end by patience; without it keep the last"),
        Regularizer(off=False),
    ] = True
    patience: Annotated[int, Meta(ge=1, description="stop after this many epochs without a lower validation loss")] = 8
    optimizer: Annotated[
        Literal["adamw", "adam", "sgd", "rmsprop", "lion", "muon"],
        Meta(description="how gradients become steps, as in Keras; each has its own learning rate and settings"),
    ] = "adamw"
    learning_rate: Annotated[
        float, Meta(gt=0, description=f"the optimizer's step size, at its highest ({owners('learning_rate')})")
    ] = ADAMW["learning_rate"]
    momentum: Annotated[
        Share | None, Meta(description=f"share of the last step that goes on into the next ({owners('momentum')})")
    ] = None
    nesterov: Annotated[
        bool | None,
        Meta(description=f"Nesterov's momentum: the gradient as if after the next step ({owners('nesterov')})"),
    ] = None
    beta_1: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description=f"decay of the mean of the gradients ({owners('beta_1')})"),
    ] = ADAMW["beta_1"]
    beta_2: Annotated[
        Share | None,
        Meta(description=f"decay of the mean of their squares, for lion of the mean kept ({owners('beta_2')})"),
    ] = ADAMW["beta_2"]
    rho: Annotated[Share | None, Meta(description=f"decay of the mean of the squares ({owners('rho')})")] = None
    clip_norm: Annotated[
        float,
        Meta(ge=0, description="gradients whose norm, of all weights together, is above this are cut to it; 0 is off"),
    ] = 0.0
    schedule: Annotated[
        Literal["constant", "cosine", "one-cycle", "step", "plateau"],
        Meta(
            description="learning rate over the epochs; cosine falls to 0, one-cycle rises and falls, step drops at "
            "fixed epochs, plateau where the validation loss no longer falls"
        ),
    ] = "cosine"
    warmup: Annotated[
        float,
        Meta(ge=0, description="epochs over which the learning rate first rises from 0; not with one-cycle or plateau"),
    ] = 0.0
    rise: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description=f"share of all epochs in which the rate rises from a 25th of its highest ({owners('rise')})"),
    ] = None
    drop_factor: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description=f"what the learning rate is multiplied by where it drops ({owners('drop_factor')})"),
    ] = None
    drop_every: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description=f"epochs from one drop to the next ({owners('drop_every')})"),
    ] = None
    plateau_patience: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description=f"epochs without a lower validation loss before a drop ({owners('plateau_patience')})"),
    ] = None
    weight_decay: Annotated[
        float,
        Meta(
            ge=0,
            description="decoupled decay of kernels per step, times the learning rate "
            f"({owners('weight_decay')}; adam has none)",
        ),
        Regularizer(off=0),
    ] = ADAMW["weight_decay"]
    l1: Annotated[
        float,
        Meta(ge=0, description="penalty in the loss: this times the sum of the kernels' sizes"),
        Regularizer(off=0),
    ] = 0.0
    l2: Annotated[
        float, Meta(ge=0, description="penalty in the loss: this times the sum of their squares"), Regularizer(off=0)
    ] = 0.0
    average: Annotated[
        float,
        Meta(
            ge=0,
            description="epochs over which weights are averaged: the average is validated and kept, training goes on "
            "from the weights themselves; 0 is off",
        ),
        Regularizer(off=0),
    ] = 0.0
    class_weights: Annotated[
        str,
        Meta(
            description="how much each class counts in the loss: equal, balanced (the rarer the more), or by name, "
            '"Shirt=2,Coat=1.5"'
        ),
    ] = EQUAL
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

    def __post_init__(self) -> None:
        try:
            check_training(msgspec.structs.asdict(self))
        except UsageError as error:
            raise ValueError(str(error)) from None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name, but for those that belong to another optimizer or schedule."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}


def check_training(settings: Mapping[str, Any]) -> None:
    """Raise UsageError for settings of a training that are each in range and do not go together."""
    check_choices(settings)
    parse_class_weights(settings["class_weights"])


class ModelConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A name of the registry, or `file.py:function`, with all of its options; lists among their values are tuples."""

    name: str = "mlp"
    options: dict[str, OptionValue] = {}

    def __post_init__(self) -> None:
        # Read back, the options must equal what was written.
        options = {name: as_tuples(value) for name, value in renamed(self.name, self.options).items()}
        msgspec.structs.force_setattr(self, "options", options)


def renamed(model: str, options: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """A model's options by their present names: runs and recipes of earlier versions say `batch_norm` of the `mlp`, and
    people remember it."""
    found = dict(options)
    if model == "mlp" and "batch_norm" in found:
        on = Option("batch_norm", bool, True, "").convert(found.pop("batch_norm"))
        found["norm"] = "batch" if on else "none"
    return found


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
