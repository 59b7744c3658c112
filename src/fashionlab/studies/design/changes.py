"""A change to a recipe: how people write it, what it makes of the baseline, and the ablations."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict

from fashionlab.errors import UsageError
from fashionlab.models import Architecture, kind_of
from fashionlab.models.registry import NETWORKS, is_own_file, registered
from fashionlab.options import as_typed, options_of, spelled
from fashionlab.recipe.choices import replace_settings
from fashionlab.recipe.config import DataConfig, OptionValue, TrainingConfig, common_options
from fashionlab.recipe.recipe import Recipe

FIXED = (*options_of(DataConfig), "seed")
"""Fields that an arm shares with its baseline, or the two would not be judged on the same images."""

SYNTAX = 'expected settings as NAME=VALUE, several in one change separated by spaces: "widths=512,256 dropout=0.2"'


def parse_change(text: str) -> tuple[str | None, dict[str, Any]]:
    """The name and the settings of a change as typed: `dropout=0`, `wide: widths=512,256 dropout=0.2`.

    The name, where there is one, ends with a colon and a space. A value with spaces is quoted as in a shell. Raises
    UsageError.
    """
    named = re.match(r"\s*([^=]+?)\s*:\s+(?=\S)", text)
    name, rest = (named[1], text[named.end() :]) if named else (None, text)
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise UsageError(
            f"{spelled('changes')}: given {text!r}, a quotation mark is not closed ({error}); {SYNTAX}"
        ) from None
    settings: dict[str, Any] = {}
    for word in words:
        field, equals, value = word.partition("=")
        field = field.replace("-", "_").strip("_")
        if not equals or not field:
            raise UsageError(f"{spelled('changes')}: given {text!r}, {SYNTAX}")
        if field in settings:
            raise UsageError(f"{spelled('changes')}: given {field} twice in {text!r}; make two changes of it")
        settings[field] = value
    if not settings:
        raise UsageError(f"{spelled('changes')}: given {text!r}, {SYNTAX}")
    return name, settings


def read_change(change: str | Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The name and the settings of a change as typed, or as a mapping of settings with, perhaps, a `name`."""
    if isinstance(change, str):
        return parse_change(change)
    settings = dict(change)
    name = settings.pop("name", None)
    if not settings:
        raise UsageError(f"given the change {dict(change)!r}, expected settings by name, such as dropout=0")
    return (None if name is None else str(name)), settings


def apply_change(baseline: Recipe, settings: Mapping[str, Any], own: Architecture | None = None) -> Recipe:
    """The baseline's recipe with some settings changed, `model` among them. own: the model that the arm then has, where
    that is a user's own whose file is not to be looked for.

    Another optimizer or schedule comes with its own settings (see `recipe.choices`). Another model keeps the baseline's
    data and training, and has its own options at their defaults; a recipe file as the model keeps the baseline's data
    alone. Raises UsageError for a setting that does not exist, is out of range or that an arm shares with its baseline.
    """
    fixed = [name for name in settings if name in FIXED]
    if fixed:
        option = "first_seed" if fixed[0] == "seed" else fixed[0]
        raise UsageError(
            f"{spelled('changes')}: given {fixed[0]}, which baseline and change share, so that both are judged on "
            "the same "
            f"images; set it for the whole study: {spelled(option)}"
        )
    given = dict(settings)
    model = str(given.pop("model", baseline.model.name))
    data = asdict(baseline.data)
    if model.endswith(".toml"):
        return Recipe.make(model, {**given, **data})
    common = {**data, **(baseline.training.settings if baseline.training else {})}
    if model != baseline.model.name:
        known = common_options(kind_of(model))
        kept = {name: value for name, value in common.items() if name in known}
        return Recipe.make(model, replace_settings(kept, given), own)
    return Recipe.make(model, replace_settings({**common, **baseline.model.options}, given), own)


def regularizers(model: str) -> dict[str, bool | float | str]:
    """The settings of a model's recipe that regularize, and the value that turns each off: the fields say so
    themselves.

    The options of a user's own file are known to who executes it alone: those that are called like one of the lab's own
    networks are taken for the same.
    """
    known = [registered(name) for name in (NETWORKS if is_own_file(model) else [model])]
    options = [option for each in known for option in each.options.values()]
    options += options_of(TrainingConfig).values()
    return {option.name: option.off for option in options if option.off is not None}


def ablate(recipe: Recipe) -> list[tuple[str, dict[str, OptionValue]]]:
    """For each regularizer that is on in the recipe, a change that turns it off: (name, settings).

    Raises UsageError if there is nothing to ablate.
    """
    off, settings = regularizers(recipe.model.name), recipe.settings
    arms = [
        (f"without {name.replace('_', ' ')}", {name: value})
        for name, value in off.items()
        if name in settings and _differs(settings[name], value)
    ]
    if not arms:
        raise UsageError(
            f"{spelled('ablate')}: the recipe of {recipe.model.name} has no regularizer that is on; switch some on "
            "for the "
            f"baseline ({', '.join(off)}), or name changes with {spelled('changes')}"
        )
    return arms


def describe_settings(settings: Mapping[str, OptionValue]) -> str:
    """Settings as one types them: the name of an arm that nobody gave one."""
    return " ".join(f"{name}={as_typed(value)}" for name, value in settings.items())


def _differs(value: OptionValue, off: bool | float | str) -> bool:
    return any(each != off for each in value) if isinstance(value, tuple) else value != off
