"""How it was made: recipe, data, environment, and the command that makes it again."""

from typing import Any

from fashionlab.reports.run.reproduce import commands
from fashionlab.reports.tables import refit_line
from fashionlab.store import Run


def made(run: Run) -> dict[str, Any]:
    """Keys: commands (short, full); recipe, data and machine as (name, text); the request and the environment whole."""
    request, environment = run.request, run.environment
    recipe = request["recipe"]
    fields = {
        "model": recipe["model"]["name"],
        **recipe["model"]["options"],
        **(recipe["fit"] or {}),
        "seed": recipe["seed"],
    }
    if recipe["refit"]:
        fields["refit"] = refit_line(recipe)
    data = {**recipe["data"], "SHA-256": request["data"]["sha256"], "classes": len(request["data"]["class_names"])}
    if request.get("model_sha256"):
        data["model file's SHA-256"] = request["model_sha256"]
    if recipe["fit"]:
        fields["trainer"] = f"{request['trainer']} on {request.get('backend', 'jax')}"
    machine = {key: value for key, value in environment.items() if not isinstance(value, dict)}
    return {
        "commands": commands(request),
        "recipe": [(name.replace("_", " "), _plain(value)) for name, value in fields.items()],
        "data": [(name, _plain(value)) for name, value in data.items()],
        "machine": [
            (name.replace("_", " "), _plain(value)) for name, value in {**machine, **environment["packages"]}.items()
        ],
        "environment": environment,
        "request": request,
        "results_version": request["results_version"],
    }


def _plain(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "none" if value is None else str(value)
