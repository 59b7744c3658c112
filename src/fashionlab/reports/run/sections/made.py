"""How it was made: recipe, data, environment, and the commands that reproduce it."""

import shlex
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from fashionlab.images import AS_FOUND
from fashionlab.options import as_typed
from fashionlab.recipe.choices import own_settings
from fashionlab.recipe.class_weights import EQUAL
from fashionlab.recipe.config import DataConfig
from fashionlab.recipe.difference import from_default
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import RunSpec
from fashionlab.reports.wording import counted, setting_text, value_text
from fashionlab.store import Environment, Run

FASHION = "fashion-mnist"


class Commands(Struct, frozen=True):
    """The command that makes an equal run: `short`, with what differs from today's defaults, and `full`, with every
    setting spelled out."""

    short: str
    full: str


def recipe_line(spec: RunSpec) -> str:
    """The recipe for people, in one line: the model's options that are not off, then how it was trained."""
    recipe = spec.recipe
    training, options = recipe.training, recipe.model.options
    words = [recipe.model.name]
    words += [
        f"{setting_text(name)} {value_text(value)}" for name, value in options.items() if value not in (None, False)
    ]
    if training:
        epochs = f"{counted(recipe.refit, 'epoch')} (refit)" if recipe.refit else f"up to {training.epochs} epochs"
        rate = f"{training.optimizer} at {training.learning_rate:g}, {training.schedule}"
        words += [epochs, f"batch {training.batch_size}", rate]
        shown = ("epochs", "batch_size", "optimizer", "learning_rate", "schedule", "patience")
        usual = own_settings(training.settings) | {"weight_decay": None, "class_weights": EQUAL, "precision": "float32"}
        words += [
            f"{setting_text(name)} {value_text(value)}"
            for name, value in (training.settings | {"precision": _precision(spec)}).items()
            if name not in shown and value and value != usual.get(name)
        ]
    elif recipe.refit:
        words.append("refit")
    if recipe.data.limit:
        words.append(f"only {recipe.data.limit:,} rows")
    return ", ".join(words)


def subset_text(dataset: str, limit: int | None) -> str | None:
    """How much of a data set was used, in words; None for all of it."""
    whole = 60_000 if dataset == FASHION else None
    if limit is None or (whole is not None and limit >= whole):
        return None
    # How many rows other data have is not kept with a run.
    return f"at most {limit:,} training-set images" if whole is None else f"{limit:,} of {whole:,} training-set images"


def refit_line(recipe: Recipe) -> str:
    """What a refit does, in words: for how long, where that was chosen, and on what."""
    unit = "epoch" if recipe.training else "round" if "rounds" in recipe.model.options else None
    return " ".join(filter(None, [unit and counted(recipe.refit, unit), "on training and validation rows"]))


def trainer_line(spec: RunSpec) -> str:
    """What ran the epochs, in words."""
    only = ", the one backend on which the model runs" if spec.found and spec.found.only else ""
    return f"{spec.trainer} on {spec.backend}{only}"


def origin_line(spec: RunSpec) -> str:
    """From which run's weights a run starts, in words; empty for one that has no origin."""
    if not spec.origins:
        return ""
    *before, origin = spec.origins
    chain = f", which went on from {' and '.join(each.run for each in reversed(before))}" if before else ""
    return (
        f"starts from the weights of run {origin.run} after {counted(origin.epochs, 'epoch')} "
        f"(SHA-256 {origin.weights_sha256[:12]}…){chain}; the split is its split, of seed {spec.split_seed}"
    )


def commands(spec: RunSpec) -> Commands:
    """The commands that make a run of an equal spec."""
    return Commands(_command(spec, short=True), _command(spec, short=False))


def _command(spec: RunSpec, short: bool) -> str:
    recipe = spec.recipe
    shown = from_default(recipe) if short else recipe.settings
    words = ["fashionlab", "train", recipe.model.name, *(["--from", spec.origins[-1].run] if spec.origins else [])]
    for setting in shown:
        words += ["--" + setting.replace("_", "-"), as_typed(recipe.settings[setting])]
    words += ["--seed", str(recipe.seed)]
    if not short and recipe.training:
        words += ["--trainer", spec.trainer, "--backend", spec.backend]
    words += ["--refit"] if recipe.refit else []
    words += [] if spec.test else ["--no-test"]
    return shlex.join(words)


Fields = tuple[tuple[str, str], ...]
"""Names and values in words."""


class MadeSection(Struct, frozen=True, kw_only=True):
    """recipe, data, machine: what is worth reading of the spec and the environment, in words."""

    commands: Commands
    recipe: Fields
    data: Fields
    machine: Fields
    spec: RunSpec
    environment: Environment


def made(run: Run) -> MadeSection:
    """How a finished run was made."""
    spec, environment = run.spec, run.environment
    recipe = spec.recipe
    fields = {
        "model": recipe.model.name,
        **recipe.model.options,
        **training_fields(spec),
        "seed": recipe.seed,
    }
    if recipe.refit:
        fields["refit"] = refit_line(recipe)
    if spec.origins:
        fields["origin"] = origin_line(spec)
    data = {**data_fields(recipe.data), "SHA-256": spec.data.sha256, "classes": len(spec.data.class_names)}
    if spec.model_sha256:
        data["model file's SHA-256"] = spec.model_sha256
    machine = {name: value for name, value in asdict(environment).items() if name != "packages" and value is not None}
    return MadeSection(
        commands=commands(spec),
        recipe=_fields(fields),
        data=_fields(data),
        machine=_fields({**machine, **environment.packages}),
        spec=spec,
        environment=environment,
    )


def training_fields(spec: RunSpec) -> dict[str, Any]:
    """The settings of the training by name, and what it ran on; nothing for an estimator."""
    training = spec.recipe.training
    if training is None:
        return {}
    return {**training.settings, "precision": _precision(spec), "trainer": trainer_line(spec)}


def _precision(spec: RunSpec) -> str:
    lacking = spec.recipe.training is not None and spec.recipe.training.precision != spec.precision
    return spec.precision + (", as the processor lacks bfloat16" if lacking else "")


def data_fields(data: DataConfig) -> dict[str, Any]:
    """The data's settings by name; of what is done to the images only what was asked for."""
    fields = asdict(data)
    if data.validation is None:
        fields["validation"] = "the set that the data bring"
    asked = {name: value for name, value in asdict(data.preparation).items() if value != getattr(AS_FOUND, name)}
    if data.resize is not None:
        asked["resize_how"] = data.resize_how
    return {name: value for name, value in fields.items() if not hasattr(AS_FOUND, name)} | asked


def _fields(values: Mapping[str, Any]) -> Fields:
    return tuple((setting_text(name), value_text(value)) for name, value in values.items())
