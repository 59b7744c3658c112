"""How long a study will take, from earlier studies in the same folder of runs; nothing where there are none like it."""

import statistics
from pathlib import Path

from msgspec import Struct

from fashionlab.errors import StoreError
from fashionlab.studies.design.plan import Arm, Plan
from fashionlab.studies.folder import StudyFolder, list_studies

MOST = 10
"""Studies looked at, the newest first."""


class Kind(Struct, frozen=True):
    """What a run's time depends on. epochs: at most, None for an estimator; limit: rows of the training set."""

    model: str
    epochs: int | None
    limit: int | None
    data_sha256: str
    trainer: str
    precision: str


def estimate(plan: Plan, runs: Path, workers: int) -> float | None:
    """Seconds, at most, if every seed is needed: from runs of the same model, data and epochs. None if there are none.

    Runs of studies are made on one core each, so the time of an ordinary run would mislead. Runs of this study that are
    finished already need no time.
    """
    known, done = _seconds(runs), count_done(plan, runs)
    lacking = {arm.name: plan.seeds - done[arm.name] for arm in plan.arms}
    seconds = {arm.name: known.get(_kind(arm)) for arm in plan.arms if lacking[arm.name]}
    if None in seconds.values():
        return None
    return sum(lacking[name] * (each or 0.0) for name, each in seconds.items()) / workers


def count_done(plan: Plan, runs: Path) -> dict[str, int]:
    """By arm, how many of the study's runs are finished; none of a study that is not on disk yet."""
    folder = StudyFolder(runs / plan.name) if plan.name else None
    seeds = plan.all_seed_numbers
    return {arm.name: sum(folder.run_of(arm, seed).complete for seed in seeds) if folder else 0 for arm in plan.arms}


def _seconds(runs: Path) -> dict[Kind, float]:
    """By kind of run: the median of a whole run's seconds, in the newest studies."""
    found: dict[Kind, list[float]] = {}
    for folder in list_studies(runs)[::-1][:MOST]:
        try:
            for arm in folder.plan.arms:
                made = [folder.finished(arm, seed) for seed in folder.plan.all_seed_numbers]
                values = [run.metrics.seconds.total for run in made if run]
                found.setdefault(_kind(arm), []).extend(values)
        except StoreError:
            # A damaged study is no reason not to begin another one.
            continue
    return {kind: statistics.median(values) for kind, values in found.items() if values}


def _kind(arm: Arm) -> Kind:
    recipe = arm.recipe
    epochs = recipe.training.epochs if recipe.training else None
    spec = arm.spec
    return Kind(recipe.model.name, epochs, recipe.data.limit, spec.data.sha256, spec.trainer, spec.precision)
