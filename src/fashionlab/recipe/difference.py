"""In which settings two recipes differ, or a recipe and what its model has by default."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from fashionlab.data.split import VALIDATION_SHARE
from fashionlab.errors import UsageError
from fashionlab.models.registry import is_own_file, registered
from fashionlab.options import as_typed, options_of
from fashionlab.recipe.choices import CHOICES, own_settings
from fashionlab.recipe.config import DataConfig, OptionValue, TrainingConfig, as_tuples
from fashionlab.recipe.recipe import Recipe


class Changed(Struct, frozen=True, array_like=True):
    """A setting that differs: its value before and after, None where it has none."""

    before: OptionValue
    after: OptionValue

    def __post_init__(self) -> None:
        for name in ("before", "after"):
            msgspec.structs.force_setattr(self, name, as_tuples(getattr(self, name)))


Changes = dict[str, Changed]
"""What differs between a baseline and an arm, or between the default and a run, by the setting's name."""


def difference(baseline: Recipe, arm: Recipe) -> Changes:
    """What differs between two recipes.

    What the baseline's optimizer or schedule has and the arm's has not is no difference of its own. Of another model:
    its name, the training's fields that differ, and those of its options that are not at their default (all of them
    where it is a user's own).
    """
    if baseline.model.name == arm.model.name:
        return _changed(baseline.settings, arm.settings)
    changes = {"model": Changed(baseline.model.name, arm.model.name)}
    if baseline.training and arm.training:
        changes |= _changed(baseline.training.settings, arm.training.settings)
    defaults = _option_defaults(arm.model.name)
    for name, value in arm.model.options.items():
        if name not in defaults or value != defaults[name]:
            changes[name] = Changed(None, value)
    return changes


def from_default(recipe: Recipe) -> Changes:
    """What differs from the recipe that `fashionlab train MODEL` has today, but for seed and refit.

    Another optimizer or schedule is one difference: the settings that come with it are not (`implied` has them). What
    has no known default, as an option of a user's own file, differs from None.
    """
    defaults = default_settings(recipe)
    return {
        name: Changed(defaults.get(name), value)
        for name, value in recipe.settings.items()
        if name not in defaults or as_typed(defaults[name]) != as_typed(value)
    }


def implied(changes: Changes) -> dict[str, dict[str, OptionValue]]:
    """The settings that come with another optimizer or schedule, by "optimizer" and "schedule": with their values,
    where these are not what the choice before it has. Those that `changes` names itself are left out.

    changes: all of them, as `from_default` gives them.
    """
    found = {}
    for choice in CHOICES.keys() & changes.keys():
        before, after = (own_settings({choice: value}) for value in (changes[choice].before, changes[choice].after))
        found[choice] = {
            name: value
            for name, value in after.items()
            if name not in changes and value != before[name] and value not in (None, False)
        }
    return found


def default_settings(recipe: Recipe) -> dict[str, Any]:
    """The defaults of the recipe's settings, as its optimizer and schedule have them; without those that nobody knows:
    of a user's own file, which only a worker executes, and of a model that this version does not have."""
    kinds = (DataConfig, TrainingConfig) if recipe.training else (DataConfig,)
    found = {name: option.default for kind in kinds for name, option in options_of(kind).items()}
    if recipe.training:
        found |= own_settings(recipe.settings)
    # Filled in where nothing was given, and left out where the data bring their own.
    found["validation"] = VALIDATION_SHARE if recipe.data.validation is not None else None
    try:
        return found | _option_defaults(recipe.model.name)
    except UsageError:
        return found


def _option_defaults(model: str) -> dict[str, Any]:
    return {} if is_own_file(model) else registered(model).fill({})


def _changed(before: Mapping[str, OptionValue], after: Mapping[str, OptionValue]) -> Changes:
    return {name: Changed(before.get(name), value) for name, value in after.items() if value != before.get(name)}
