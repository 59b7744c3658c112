"""A recipe: everything that determines a run's numbers, as small frozen dataclasses.

A recipe is filled in completely before anything runs, so a later change of a default does not change what a saved
recipe means. `Recipe.make` takes settings by their flat names, as the command line and Python give them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from fashionlab.errors import UsageError
from fashionlab.models import Architecture, find_architecture
from fashionlab.models.registry import CLASSICS
from fashionlab.options import Setting, fill, settings_of, unknown_name

Share = Annotated[float, Meta(ge=0, lt=1)]


@dataclass(frozen=True)
class Data:
    """Which pictures, and how they are divided."""

    dataset: Annotated[
        str,
        Meta(description="fashion-mnist, digits, or the path of your own: IDX files, .npz, folder of image folders"),
    ] = "fashion-mnist"
    validation: Annotated[
        float,
        Meta(gt=0, le=0.5, description="share of the training part set aside, stratified, to choose by"),
    ] = 0.2
    limit: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="use only this many rows of the training part")
    ] = None


@dataclass(frozen=True)
class Fit:
    """How an iterative model is trained."""

    epochs: Annotated[int, Meta(ge=1, description="passes over the training rows, at most")] = 24
    batch_size: Annotated[int, Meta(ge=1, description="rows a step")] = 256
    early_stopping: Annotated[
        bool,
        Meta(description="keep the epoch of lowest validation loss, end by patience; without it keep the last"),
    ] = True
    patience: Annotated[int, Meta(ge=1, description="stop after this many epochs without a lower validation loss")] = 8
    learning_rate: Annotated[float, Meta(gt=0, description="AdamW's step size, at its highest")] = 0.002
    schedule: Annotated[
        Literal["constant", "cosine"], Meta(description="learning rate over the epochs; cosine falls to 0")
    ] = "cosine"
    warmup: Annotated[float, Meta(ge=0, description="epochs over which the learning rate first rises from 0")] = 0.0
    weight_decay: Annotated[
        float, Meta(ge=0, description="AdamW's decoupled decay of kernels a step, times the learning rate")
    ] = 0.004
    label_smoothing: Annotated[Share, Meta(description="share of the target spread evenly over all classes")] = 0.0
    shift: Annotated[
        int, Meta(ge=0, le=8, description="augmentation: move pictures by up to this many pixels each way")
    ] = 0
    flip: Annotated[float, Meta(ge=0, le=1, description="augmentation: share of pictures mirrored left to right")] = 0.0
    mixup: Annotated[
        float,
        Meta(ge=0, le=10, description="augmentation: alpha of Beta(alpha, alpha) that blends pairs; 0 is off"),
    ] = 0.0
    cutout: Annotated[
        int, Meta(ge=0, le=64, description="augmentation: side in pixels of a square painted black; 0 is off")
    ] = 0


@dataclass(frozen=True)
class Model:
    """A name of the catalogue, or `file.py:function`, with all of its options."""

    name: str = "mlp"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """What to train: the same recipe, data and code give the same numbers.

    `fit` is None for a classic model, which has no epochs. `refit` is 0, or the number of epochs (1 for a classic
    model) for which to train on training and validation rows together, as validation chose in an earlier run; such a
    run has no validation figures.
    """

    data: Data
    model: Model
    fit: Fit | None
    seed: int = 0
    refit: int = 0

    @staticmethod
    def make(model: str = "mlp", settings: Mapping[str, Any] | None = None) -> "Recipe":
        """The recipe for a model's name (or a recipe file, `*.toml`) and settings by their flat names.

        Values may be text. Raises UsageError for a name nobody knows or a value out of range. The options of a user's
        own model file stay as given: only a worker process may execute that file.
        """
        given = dict(settings or {})
        if model.endswith(".toml"):
            from_file, model = read_recipe_file(Path(model))
            given = {**from_file, **given}
        architecture = find_architecture(model)
        shared = common_settings(architecture.classic)
        own = {name: given.pop(name) for name in list(given) if name not in shared}
        if architecture.source is None:
            known = {**architecture.settings, **shared}
            unknown = [name for name in own if name not in known]
            if unknown:
                raise UsageError(unknown_name("setting", unknown[0], known, f"model {model!r}"))
            own = architecture.fill(own)
        common = fill(shared, given, "the recipe")
        return Recipe(
            data=Data(**{name: common[name] for name in settings_of(Data)}),
            model=Model(model, own),
            fit=None if architecture.classic else Fit(**{name: common[name] for name in settings_of(Fit)}),
            seed=common["seed"],
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data, the inverse of `from_json`."""
        return asdict(self)

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "Recipe":
        """The recipe of a run's `recipe.json`. Raises UsageError if a field is unknown or out of range."""
        try:
            fit = document["fit"]
            return Recipe(
                data=Data(**fill(settings_of(Data), document["data"], "the recipe's data")),
                model=Model(document["model"]["name"], dict(document["model"]["options"])),
                fit=None if fit is None else Fit(**fill(settings_of(Fit), fit, "the recipe's fit")),
                seed=int(document["seed"]),
                refit=int(document["refit"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"not a recipe: {error}") from None


SEED = Setting(
    "seed",
    Annotated[int, Meta(ge=0, le=2**32 - 1)],
    0,
    "decides split, initial weights, order, dropout and augmentation",
)


def common_settings(classic: bool = False) -> dict[str, Setting]:
    """The settings of every recipe for a network: those of data and fit, and the seed. A classic model has no fit."""
    return {**settings_of(Data), **({} if classic else settings_of(Fit)), "seed": SEED}


def read_recipe_file(path: Path) -> tuple[dict[str, Any], str]:
    """A TOML recipe's settings by flat name, and its model's name.

    The file has `seed` and the tables [data], [fit] and [model], the latter with `name` and the model's own options.
    Raises UsageError if it cannot be read, or a setting stands in the wrong table.
    """
    return flatten(read_toml(path), path)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file. Raises UsageError if it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the recipe file {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from None


def flatten(document: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], str]:
    """What `read_recipe_file` gives, from the file's content; `path` is for messages."""
    flat: dict[str, Any] = {}
    tables = {"data": settings_of(Data), "fit": settings_of(Fit), "model": None}
    for name, value in document.items():
        if name == "seed":
            flat["seed"] = value
        elif name not in tables or not isinstance(value, dict):
            raise UsageError(unknown_name("entry", name, ["seed", *(f"[{t}]" for t in tables)], str(path)))
        else:
            known = tables[name]
            wrong = [key for key in value if known is not None and key not in known]
            if wrong:
                raise UsageError(unknown_name("setting", wrong[0], known or {}, f"[{name}] of {path}"))
            # A classic model has options of its own that a network finds in [fit].
            shared = common_settings(classic=value.get("name") in CLASSICS) if known is None else {}
            misplaced = [key for key in value if key in shared]
            if misplaced:
                raise UsageError(
                    f"{path} sets {misplaced[0]!r} in [model], expected it in [data] or [fit], seed on top"
                )
            flat.update(value)
    model = flat.pop("name", "mlp")
    return flat, str(model)


def check_names(architecture: Architecture) -> None:
    """Raise UsageError if a model's option has a name that the recipe uses already."""
    taken = [name for name in architecture.settings if name in common_settings()]
    if taken:
        raise UsageError(f"model {architecture.name!r} has an option {taken[0]!r}, which every recipe has; rename it")
