"""How it was made: recipe, data, environment, and the command that reproduces it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from fashionlab.recipe.spec import RunSpec
from fashionlab.reports.run.reproduce import Commands, commands, refit_line
from fashionlab.reports.wording import setting_text, value_text
from fashionlab.store import Environment, Run

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
        **(asdict(recipe.training) if recipe.training else {}),
        "seed": recipe.seed,
    }
    if recipe.refit:
        fields["refit"] = refit_line(recipe)
    if recipe.training:
        fields["trainer"] = f"{spec.trainer} on {spec.backend}"
    data = {**asdict(recipe.data), "SHA-256": spec.data.sha256, "classes": len(spec.data.class_names)}
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


def _fields(values: Mapping[str, Any]) -> Fields:
    return tuple((setting_text(name), value_text(value)) for name, value in values.items())
