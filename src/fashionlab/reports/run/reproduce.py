"""The command that makes a run again, and its recipe in a line."""

import shlex
from collections.abc import Mapping
from typing import Any

from fashionlab.errors import UsageError
from fashionlab.models import find_architecture
from fashionlab.options import settings_of
from fashionlab.recipe.recipe import Data, Fit


def recipe_line(recipe: Mapping[str, Any]) -> str:
    """The recipe for people, in one line: the model's options that are not off, then how it was fitted."""
    fit, options = recipe["fit"], recipe["model"]["options"]
    words = [str(recipe["model"]["name"])]
    words += [
        f"{setting_text(name)} {value_text(value)}" for name, value in options.items() if value not in (None, False)
    ]
    if fit:
        words += [f"at most {fit['epochs']} epochs" if not recipe["refit"] else f"{recipe['refit']} epochs (refit)"]
        words += [f"batch {fit['batch_size']}", f"AdamW at {fit['learning_rate']:g}, {fit['schedule']}"]
        shown = ("epochs", "batch_size", "learning_rate", "schedule", "patience")
        words += [
            f"{setting_text(name)} {value_text(value)}" for name, value in fit.items() if name not in shown and value
        ]
    elif recipe["refit"]:
        words.append("refit")
    if recipe["data"]["limit"]:
        words.append(f"only {recipe['data']['limit']:,} rows")
    return ", ".join(words)


def commands(request: Mapping[str, Any]) -> dict[str, str]:
    """`short`, with what differs from today's defaults, and `full`, with every setting spelled out."""
    recipe = request["recipe"]
    return {"short": _command(request, recipe, True), "full": _command(request, recipe, False)}


def _command(request: Mapping[str, Any], recipe: Mapping[str, Any], short: bool) -> str:
    defaults: dict[str, Any] = {name: s.default for kind in (Data, Fit) for name, s in settings_of(kind).items()}
    name = recipe["model"]["name"]
    try:
        # Asking a user's own file for its defaults would execute it.
        architecture = find_architecture(name) if request.get("model_sha256") is None else None
        defaults |= {n: s.default for n, s in architecture.settings.items()} if architecture else {}
    except UsageError:  # a model of a later catalogue: everything is spelled out
        pass
    settings = {**recipe["data"], **recipe["model"]["options"], **(recipe["fit"] or {})}
    words = ["fashionlab", "train", name]
    for setting, value in settings.items():
        if not (short and setting in defaults and _plain(defaults[setting]) == _plain(value)):
            words += ["--" + setting.replace("_", "-"), _plain(value)]
    words += ["--seed", str(recipe["seed"])]
    if not short and recipe["fit"]:
        words += ["--trainer", request["trainer"], "--backend", request.get("backend", "jax")]
    words += ["--refit"] if recipe["refit"] else []
    words += [] if request.get("test", True) else ["--no-test"]
    return shlex.join(words)


def _plain(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(_plain(each) for each in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else repr(value) if isinstance(value, float) else str(value)


def setting_text(setting: str) -> str:
    """A setting's name for people: "batch norm"."""
    return setting.replace("_", " ")


def value_text(value: Any) -> str:
    """A setting's value for people: "256-128", "on", "none"."""
    if isinstance(value, (list, tuple)):
        return "-".join(value_text(each) for each in value) or "none"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
