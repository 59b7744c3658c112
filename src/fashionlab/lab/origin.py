"""A run that goes on from a finished one, its origin: what it takes over, and what it may not change.

It starts from the origin's weights, so no row that these have been trained on may be among its validation rows.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from fashionlab.data import Dataset
from fashionlab.errors import RunCorrupt, UsageError
from fashionlab.lab.results import TrainedModel
from fashionlab.models import Architecture
from fashionlab.models.digest import digest
from fashionlab.models.registry import is_own_file
from fashionlab.options import as_typed, spelled
from fashionlab.recipe.choices import replace_settings
from fashionlab.recipe.spec import DataFacts, Origin, RunSpec
from fashionlab.recipe.toml import read_recipe_file
from fashionlab.store import Run, find_run
from fashionlab.training.networks import in_order
from fashionlab.training.partition import partition

SPLIT_IS_FIXED = "an origin fixes the split, as rows that it was trained on cannot validate what goes on from it"


def find_origin(origin: str | Path | TrainedModel, runs: Path) -> Run:
    """The run to go on from: its path, its name in `runs`, "last", or as the verbs give it.

    Raises UsageError for one that cannot be gone on from, StoreError for one that is not finished or is damaged.
    """
    run = find_run(runs, str(origin.path if isinstance(origin, TrainedModel) else origin))
    run.require_complete()
    recipe = run.spec.recipe
    if recipe.training is None:
        raise UsageError(
            f"{spelled('origin')}: run {run.name} is a {recipe.model.name} model, which has no epochs to go on "
            "with; expected the "
            "run of a network"
        )
    if recipe.refit:
        raise UsageError(
            f"{spelled('origin')}: run {run.name} is a refit, trained on its validation rows too, so nothing could "
            "validate what "
            "goes on from it; go on from the run that it repeats, and refit at the end"
        )
    return run


def take_over(origin: Run, model: str | None, settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The model and the settings of a run that goes on from `origin`: the origin's, where none are given.

    model: as `Recipe.make` takes it, or None. Raises UsageError for another model than the origin's.
    """
    theirs = origin.spec.recipe
    given = dict(settings)
    if model is not None and model.endswith(".toml"):
        from_file, model = read_recipe_file(Path(model))
        given = replace_settings(from_file, given)
    name = model or theirs.model.name
    if name != theirs.model.name and not (is_own_file(name) and is_own_file(theirs.model.name)):
        raise UsageError(
            f"{spelled('origin')}: given the model {name!r}, but run {origin.name} is of {theirs.model.name!r}, and "
            "weights go on "
            "in the architecture that they were trained in; leave the model out"
        )
    return name, replace_settings({**theirs.settings, "seed": theirs.seed}, given)


def origins_of(origin: Run | None) -> tuple[Origin, ...]:
    """The origins of a run that goes on from `origin`: the chain that leads to it, and itself; none for None."""
    if origin is None:
        return ()
    spec = origin.spec
    arrays = in_order(origin.weights)
    if arrays is None:
        raise RunCorrupt(f"{origin.path / 'weights.safetensors'} does not hold the weights of a network; train again")
    sha256 = digest(arrays) or ""
    itself = Origin(origin.name, spec.identity, sha256, spec.recipe.seed, origin.metrics.best_epoch)
    return (*(spec.origins or ()), itself)


def require_same(spec: RunSpec, architecture: Architecture, origin: Run, dataset: Dataset) -> None:
    """Raise UsageError unless a run of this spec, which goes on from `origin`, has the origin's architecture and split.

    dataset: the spec's, whole. Of a user's own model the worker finds out whether the weights fit it.
    """
    _require_same_data(spec, origin)
    if architecture.source is None:
        _require_same_options(spec, architecture, origin)
    limit = spec.recipe.data.limit
    held_out = partition(
        structs.replace(spec, recipe=structs.replace(spec.recipe, refit=0)),
        dataset.limited(limit) if limit else dataset,
    ).judging
    predicted = origin.predictions.validation
    # A run of a study predicts half of its validation rows.
    known = np.empty(0) if predicted is None or predicted.rows is None else predicted.rows
    if (
        not len(known)
        or len(np.setdiff1d(known, held_out))
        or not (origin.spec.in_study or len(known) == len(held_out))
    ):
        raise UsageError(
            f"{spelled('origin')}: the validation rows of run {origin.name} are not those that its recipe gives "
            "now, as if another "
            f"version had drawn its split; train it again with {spelled('again', True)}, and go on from that"
        )


def _require_same_data(spec: RunSpec, origin: Run) -> None:
    ours, theirs = spec.recipe.data, origin.spec.recipe.data
    for name in type(ours).__struct_fields__:
        given, expected = getattr(ours, name), getattr(theirs, name)
        # The same data may lie elsewhere by now.
        if name != "dataset" and given != expected:
            raise UsageError(
                f"{spelled(name)}: given {as_typed(given)}, but run {origin.name} has {as_typed(expected)}, "
                f"and {SPLIT_IS_FIXED}; leave the option out, or train without {spelled('origin')}"
            )
    if _content(spec.data) != _content(origin.spec.data):
        raise UsageError(
            f"{spelled('origin')}: the data set {ours.dataset!r} (SHA-256 {spec.data.sha256[:12]}…) is not the one "
            "that run "
            f"{origin.name} was trained on ({origin.spec.data.sha256[:12]}…), and {SPLIT_IS_FIXED}; give it the same "
            f"data, or train without {spelled('origin')}"
        )


def _content(data: DataFacts) -> tuple[Any, ...]:
    return data.sha256, data.class_names, data.side, data.pixels


def _require_same_options(spec: RunSpec, architecture: Architecture, origin: Run) -> None:
    """Of a model of the registry; what only regularizes may change, as far as the weights still fit."""
    ours, theirs = spec.recipe.model.options, origin.spec.recipe.model.options
    for name, option in architecture.options.items():
        if option.off is None and ours.get(name) != theirs.get(name):
            raise UsageError(
                f"{spelled(name)}: given {as_typed(ours.get(name))}, but run {origin.name} has "
                f"{as_typed(theirs.get(name))}, and weights go on in the architecture that they were trained in; leave "
                "the option out"
            )
