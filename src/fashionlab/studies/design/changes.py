"""A change to a recipe: how people write it, what it makes of the baseline, and the ones that take away."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fashionlab.errors import UsageError
from fashionlab.models import find_architecture
from fashionlab.recipe.recipe import Recipe, common_settings

Changes = dict[str, list[Any]]
"""By field: what it is in the baseline, and what it is in the arm."""

FIXED = ("dataset", "validation", "limit", "seed")
"""Fields that an arm shares with its baseline, or the two would not be judged on the same pictures."""

SYNTAX = 'expected settings as NAME=VALUE, several in one change apart by spaces: "widths=512,256 dropout=0.2"'

OFF: dict[str, Any] = {
    "dropout": 0,
    "batch_norm": False,
    "weight_decay": 0,
    "label_smoothing": 0,
    "shift": 0,
    "flip": 0,
    "mixup": 0,
    "cutout": 0,
    "early_stopping": False,
}
"""The regularizers that a recipe may have, and the value that turns each off."""


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
        raise UsageError(f"--change: given {text!r}, a quotation mark is not closed ({error}); {SYNTAX}") from None
    settings: dict[str, Any] = {}
    for word in words:
        field, equals, value = word.partition("=")
        field = field.replace("-", "_").strip("_")
        if not equals or not field:
            raise UsageError(f"--change: given {text!r}, {SYNTAX}")
        if field in settings:
            raise UsageError(f"--change: given {field} twice in {text!r}; make two changes of it, one --change each")
        settings[field] = value
    if not settings:
        raise UsageError(f"--change: given {text!r}, {SYNTAX}")
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


def apply_change(baseline: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """The baseline's recipe with some settings changed, `model` among them.

    Another model keeps the baseline's data and fit, and has its own options at their defaults; a recipe file as the
    model keeps the baseline's data alone. Raises UsageError for a setting that does not exist, is out of range or
    that an arm shares with its baseline.
    """
    fixed = [name for name in settings if name in FIXED]
    if fixed:
        raise UsageError(
            f"--change: given {fixed[0]}, which baseline and change share, so that both are judged on the same "
            f"pictures; set it for the whole study: --{'first-seed' if fixed[0] == 'seed' else fixed[0]}"
        )
    given = dict(settings)
    model = str(given.pop("model", baseline.model.name))
    data = asdict(baseline.data)
    if model.endswith(".toml"):
        return Recipe.make(model, {**given, **data})
    common = {**data, **(asdict(baseline.fit) if baseline.fit else {})}
    if model != baseline.model.name:
        common = {name: value for name, value in common.items() if name in common_settings(is_classic(model))}
        return Recipe.make(model, {**common, **given})
    return Recipe.make(model, {**common, **baseline.model.options, **given})


def is_classic(model: str) -> bool:
    """Whether a model, by its name, is one that has no epochs."""
    return find_architecture(model).classic


def settings_of_recipe(recipe: Recipe) -> dict[str, Any]:
    """A recipe's settings by their flat names, the model's options last, without the seed."""
    return {**asdict(recipe.data), **(asdict(recipe.fit) if recipe.fit else {}), **recipe.model.options}


def difference(baseline: Recipe, arm: Recipe) -> Changes:
    """By field: [value in the baseline, value in the arm], where they differ.

    Of another model: its name, the fit's fields that differ, and those of its options that are not at their default
    (all of them where it is a user's own).
    """
    before, after = settings_of_recipe(baseline), settings_of_recipe(arm)
    if baseline.model.name == arm.model.name:
        return {name: [before.get(name), value] for name, value in after.items() if value != before.get(name)}
    changes: Changes = {"model": [baseline.model.name, arm.model.name]}
    if baseline.fit and arm.fit:
        old, new = asdict(baseline.fit), asdict(arm.fit)
        changes |= {name: [old[name], value] for name, value in new.items() if value != old[name]}
    architecture = find_architecture(arm.model.name)
    # The defaults of a user's own file are known to who executes it alone: all of its options are named.
    defaults = architecture.fill({}) if architecture.source is None else {}
    for name, value in arm.model.options.items():
        if name not in defaults or shown(value) != shown(defaults[name]):
            changes[name] = [None, value]
    return changes


def take_away(recipe: Recipe) -> list[tuple[str, dict[str, Any]]]:
    """For each regularizer that is on in the recipe, a change that turns it off: (name, settings).

    Raises UsageError if there is nothing to take away.
    """
    settings = settings_of_recipe(recipe)
    arms = [
        (f"without {name.replace('_', ' ')}", {name: off})
        for name, off in OFF.items()
        if name in settings and _is_on(settings[name])
    ]
    if not arms:
        raise UsageError(
            f"--take-away: the recipe of {recipe.model.name} has no regularizer that is on; switch some on for the "
            f"baseline ({', '.join(OFF)}), or name changes with --change"
        )
    return arms


def shown(value: Any) -> str:
    """A setting's value as one would type it: 0.3, 512,256, true, none."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(shown, value))
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _is_on(value: Any) -> bool:
    return any(value) if isinstance(value, (list, tuple)) else bool(value)
