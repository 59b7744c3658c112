"""A recipe: what to train, as small frozen structs.

A recipe is filled in completely before anything runs, so a later change of a default does not change what a saved
recipe means. `Recipe.make` takes settings by their flat names, as the command line and Python give them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from fashionlab.errors import UsageError
from fashionlab.models import ESTIMATOR, REGISTRY, Architecture, ModelKind, find_architecture, kind_of
from fashionlab.models.registry import ESTIMATORS, STOPPED_EARLY
from fashionlab.options import fill, options_of, unknown_setting
from fashionlab.recipe.choices import own_settings, replace_settings
from fashionlab.recipe.config import DataConfig, ModelConfig, TrainingConfig, check_training, common_options, renamed
from fashionlab.recipe.toml import DEFAULT_MODEL, read_recipe_file


class Recipe(Struct, frozen=True, forbid_unknown_fields=True):
    """What to train: the same recipe, data and code give the same numbers.

    `training` is None for an estimator, which has no epochs. `refit` is 0, or the number of epochs (1 for an estimator)
    for which to train on training and validation rows together, as validation chose in an earlier run; such a run has
    no validation figures.
    """

    data: DataConfig
    model: ModelConfig
    training: TrainingConfig | None
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 0
    refit: Annotated[int, Meta(ge=0)] = 0

    def __post_init__(self) -> None:
        # A model that this version does not have any more gets a sentence of its own where it is looked for; what a
        # user's own is, its name does not say.
        if self.model.name in REGISTRY and (self.training is not None) != self.kind.epochs:
            raise ValueError(f"the model {self.model.name!r} and the settings of training do not go together")

    @property
    def chooses_on_validation(self) -> bool:
        """Whether a run may depend on its validation set: on when it stops, or on a schedule that follows the loss. Of
        an estimator that is not known here it is to be feared."""
        if self.training is not None:
            return self.training.early_stopping or self.training.schedule == "plateau"
        return self.model.name not in ESTIMATORS or self.model.name in STOPPED_EARLY

    @staticmethod
    def make(
        model: str = DEFAULT_MODEL, settings: Mapping[str, Any] | None = None, architecture: Architecture | None = None
    ) -> "Recipe":
        """The recipe for a model's name (or a recipe file, `*.toml`) and settings by their flat names.

        Values may be text. architecture: the model's, where it is not to be looked for by its name. Raises UsageError
        for a name nobody knows or a value out of range. The options of a user's own model file stay as given: only a
        worker process may execute that file.
        """
        given = dict(settings or {})
        if model.endswith(".toml"):
            from_file, named = read_recipe_file(Path(model))
            model = named or DEFAULT_MODEL
            given = replace_settings(from_file, given)
        architecture = architecture or find_architecture(model)
        shared = common_options(architecture.kind)
        own = {name: given.pop(name) for name in list(given) if name not in shared}
        if architecture.source is None:
            own = renamed(model, own)
            known = {**architecture.options, **shared}
            unknown = [name for name in own if name not in known]
            if unknown:
                raise UsageError(unknown_setting(unknown[0], known, f"model {model!r}"))
            own = architecture.fill(own)
        if architecture.kind.epochs:
            given = own_settings(given) | given
        common = fill(shared, given, "the recipe")
        if architecture.kind.epochs:
            check_training(common)
        return Recipe(
            data=DataConfig(**{name: common[name] for name in options_of(DataConfig)}),
            model=ModelConfig(model, own),
            training=TrainingConfig(**{name: common[name] for name in options_of(TrainingConfig)})
            if architecture.kind.epochs
            else None,
            seed=common["seed"],
        )

    @property
    def kind(self) -> ModelKind:
        """The kind of its model; of a user's own, which has no settings of training if it is an estimator."""
        return ESTIMATOR if self.training is None else kind_of(self.model.name)

    @property
    def settings(self) -> dict[str, Any]:
        """All settings by their flat names, the model's options last, without the seed."""
        training = self.training.settings if self.training else {}
        return {**msgspec.structs.asdict(self.data), **training, **self.model.options}
