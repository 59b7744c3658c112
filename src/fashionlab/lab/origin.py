"""A run that goes on from a finished one, its origin: what it takes over, and what it may not change.

It starts from the origin's weights, so no row that these have been trained on may be among its validation rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.data import Dataset
from fashionlab.errors import RunCorrupt, UntrustedModel, UsageError
from fashionlab.lab.results import TrainedModel
from fashionlab.models import Architecture
from fashionlab.models.digest import digest
from fashionlab.options import as_typed, command, spelled, unknown_name
from fashionlab.recipe.choices import replace_settings
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import DataFacts, Origin, RunSpec
from fashionlab.recipe.toml import read_recipe_file
from fashionlab.reports.wording import ranges
from fashionlab.store import Run, find_run
from fashionlab.studies.design.origins import StudyOrigins
from fashionlab.studies.design.plan import Arm
from fashionlab.studies.folder import StudyFolder, find_study
from fashionlab.training.architectures import is_vouched_for, require_same_model, require_same_options
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
    _require_network(recipe, f"run {run.name}")
    if recipe.refit:
        raise UsageError(
            f"{spelled('origin')}: run {run.name} is a refit, trained on its validation rows too, so nothing could "
            "validate what goes on from it; go on from the run that it repeats, and refit at the end"
        )
    return run


@dataclass(frozen=True)
class ArmOrigin:
    """An arm of an earlier study: the runs of a new one with a seed go on from its run with that seed.

    runs: the finished ones, by seed; at least one.
    """

    study: StudyFolder
    arm: Arm
    runs: Mapping[int, Run]

    def __str__(self) -> str:
        return f"arm {self.arm.name!r} of study {self.study.name}"

    @property
    def undivided(self) -> bool:
        """Whether nothing was chosen on any of its validation rows."""
        return bool(self.arm.spec.undivided)

    @property
    def architecture(self) -> Architecture | None:
        """A user's own model, of the file that the study keeps; None for a model of the registry.

        Raises UntrustedModel for a file that this user has not executed yet.
        """
        if self.arm.spec.model_sha256 and not is_vouched_for(self.arm.spec, ()):
            number = self.study.plan.arms.index(self.arm)
            raise UntrustedModel(
                f"{spelled('origin')}: {self} would execute its own model file models/{number:02}.py; read it, and if "
                "you trust it, copy it to a place of yours and name that as the model of the new study"
            )
        return self.arm.own_architecture

    def seeds_from(self, first: int | None) -> dict[str, int]:
        """The terms `first_seed` and `seeds` of a study that has all of its seeds, without a gap, from `first` on."""
        begin = min(self.runs) if first is None else first
        count = 0
        while begin + count in self.runs:
            count += 1
        # A study has one seed at least; `of` refuses it, if it has no origin.
        return {"first_seed": begin, "seeds": max(1, count)}

    def of(self, seeds: Sequence[int]) -> StudyOrigins:
        """The origins of a study with these seeds. Raises UsageError if one of them has none."""
        if missing := [seed for seed in seeds if seed not in self.runs]:
            raise UsageError(
                f"{spelled('origin')}: seed {missing[0]} has no origin: {self} has finished runs with the "
                f"seeds {ranges(sorted(self.runs))}; choose among them with {spelled('first_seed')} and "
                f"{spelled('seeds')}, or have more made with {command('resume_study', self.study.name)}"
            )
        chains = tuple(origins_of(self.runs[seed]) for seed in seeds)
        return StudyOrigins(self.study.name, self.arm.name, chains)


def find_arm_origin(given: str, runs: Path) -> ArmOrigin:
    """The arm whose runs a study goes on from: `STUDY`, which means its baseline, or `STUDY:ARM`.

    STUDY: as `find_study` takes it. Raises UsageError for one that cannot be gone on from, StoreError for one that is
    damaged.
    """
    name, _, arm_name = given.partition(":")
    try:
        study = find_study(runs, name)
    except UsageError:
        _refuse_single_run(name, runs)
        raise
    plan = study.plan
    names = [arm.name for arm in plan.arms]
    arm_name = arm_name.strip() or plan.baseline or ""
    if not arm_name:
        raise UsageError(
            f"{spelled('origin')}: study {study.name} compares models without a baseline; say from which one to go on: "
            f"{spelled('origin', f'{name}:{names[0]}')}"
        )
    if arm_name not in names:
        raise UsageError(f"{spelled('origin')}: {unknown_name('arm', arm_name, names, f'study {study.name}')}")
    arm = plan.arm(arm_name)
    _require_network(arm.recipe, f"arm {arm_name!r} of study {study.name}")
    finished = {seed: run for seed in plan.all_seed_numbers if (run := study.finished(arm, seed))}
    if not finished:
        raise UsageError(
            f"{spelled('origin')}: arm {arm_name!r} of study {study.name} has no finished run to go on from; have some "
            f"made with {command('resume_study', study.name)}"
        )
    return ArmOrigin(study, arm, finished)


def _refuse_single_run(name: str, runs: Path) -> None:
    try:
        run = find_run(runs, name)
    except UsageError:
        return
    raise UsageError(
        f"{spelled('origin')}: {run.name} is a single run, and all seeds of a study that starts from it would share "
        "its split and its weights: they would be no repetitions; expected an earlier study, in which each seed has a "
        f"run of its own, or go on from this run alone with {command('train', origin=name)}"
    )


def _require_network(recipe: Recipe, what: str) -> None:
    if recipe.training is None:
        raise UsageError(
            f"{spelled('origin')}: {what} is a {recipe.model.name} model, which has no epochs to go on with; expected "
            "that of a network"
        )


def take_over(theirs: Recipe, whose: str, model: str | None, settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The model and the settings of a run that goes on from one of the recipe `theirs`: those, where none are given.

    whose: the recipe is, in words; model: as `Recipe.make` takes it, or None. Raises UsageError for another model.
    """
    given = dict(settings)
    if model is not None and model.endswith(".toml"):
        from_file, model = read_recipe_file(Path(model))
        given = replace_settings(from_file, given)
    # A file of settings alone says no model.
    name = model or theirs.model.name
    require_same_model(name, theirs.model.name, whose)
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
    # Runs of a study are called alike in all studies.
    study = origin.path.absolute().parents[1]
    name = f"{study.name}/runs/{origin.name}" if spec.in_study and (study / "study.json").is_file() else origin.name
    itself = Origin(name, spec.identity, sha256, spec.recipe.seed, origin.metrics.best_epoch)
    return (*(spec.origins or ()), itself)


def require_same(spec: RunSpec, origin: Run, dataset: Dataset) -> None:
    """Raise UsageError unless a run of this spec, which goes on from `origin`, has the origin's architecture and split.

    dataset: the spec's, whole. Of a user's own model the worker finds out whether the weights fit it.
    """
    theirs = origin.spec
    _require_same_data(spec, origin)
    require_same_options(spec.recipe.model, theirs.recipe.model, f"run {origin.name}")
    limit = spec.recipe.data.limit
    drawn_now = partition(theirs, dataset.limited(limit) if limit else dataset).judging
    predicted = origin.predictions.validation
    if predicted is None or predicted.rows is None or not np.array_equal(predicted.rows, drawn_now):
        raise UsageError(
            f"{spelled('origin')}: the validation rows of run {origin.name} are not those that its recipe gives "
            "now, as if another version had drawn its split; train it again with "
            f"{spelled('again', True)}, and go on from that"
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
            f"that run {origin.name} was trained on ({origin.spec.data.sha256[:12]}…), and {SPLIT_IS_FIXED}; give it "
            f"the same data, or train without {spelled('origin')}"
        )


def _content(data: DataFacts) -> tuple[Any, ...]:
    return data.sha256, data.class_names, data.side, data.pixels
