"""How long a study will take, from earlier studies in the same folder of runs; nothing where there are none like it."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from fashionlab.errors import StoreError
from fashionlab.studies.design.imported import ImportedPlan
from fashionlab.studies.design.plan import Arm, Plan
from fashionlab.studies.folder import StudyFolder, list_studies

MOST = 10
"""Studies looked at, the newest first."""

LEAST_PAIRS = 4
"""A pilot: of fewer pairs a deviation is little more than a guess."""


class Kind(Struct, frozen=True):
    """What a run's time depends on. epochs: at most, None for an estimator; limit: rows of the training set."""

    model: str
    epochs: int | None
    limit: int | None
    data_sha256: str
    trainer: str
    precision: str


def estimate(plan: Plan, runs: Path, workers: int) -> float | None:
    """Seconds, about, if every seed is needed: from runs of the same model, data and epochs. None if there are none.

    Runs of studies are made on one core each, so the time of an ordinary run would mislead. Runs of this study that are
    finished already need no time.
    """
    known, done = _seconds(runs), count_done(plan, runs)
    lacking = {arm.name: plan.seeds - done[arm.name] for arm in plan.arms}
    seconds = {arm.name: known.get(_kind(arm)) for arm in plan.arms if lacking[arm.name]}
    if None in seconds.values():
        return None
    return sum(lacking[name] * (each or 0.0) for name, each in seconds.items()) / workers


def seconds_left(
    waiting: Sequence[str],
    under_way: Sequence[tuple[str, float]],
    durations: Mapping[str, Sequence[float]],
    workers: int | None,
) -> float | None:
    """Seconds, about, that the runs left will take: arm by arm, as models may differ a hundredfold.

    waiting: the arm of each run that nobody makes yet; under_way: the arm of each run that is being made, with the
    fraction of it that is left; durations: seconds of the finished runs by arm. None until there is one of every arm.
    """
    shares = [*((arm, 1.0) for arm in waiting), *under_way]
    if any(not durations.get(arm) for arm, _ in shares):
        return None
    # The median: an arm's first run may also have waited for a worker's imports.
    usual = {arm: statistics.median(durations[arm]) for arm, _ in shares}
    # However many workers there are, a run is made by one.
    longest = max((share * usual[arm] for arm, share in shares), default=0.0)
    return max(longest, sum(share * usual[arm] for arm, share in shares) / max(1, workers or 1))


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
            if isinstance(folder.design, ImportedPlan):
                continue
            for arm in folder.plan.arms:
                made = [folder.finished(arm, seed) for seed in folder.plan.all_seed_numbers]
                values = [run.metrics.seconds.total for run in made if run]
                found.setdefault(_kind(arm), []).extend(values)
        except StoreError:
            # A damaged study is no reason not to begin another one.
            continue
    return {kind: statistics.median(values) for kind, values in found.items() if values}


def seconds_of_a_seed(plan: Plan, runs: Path, workers: int) -> float | None:
    """Seconds, about, that all arms of one more seed take; None where no earlier study tells."""
    known = _seconds(runs)
    seconds = [known.get(_kind(arm)) for arm in plan.arms]
    return None if None in seconds else sum(each or 0.0 for each in seconds) / workers


def deviations_before(plan: Plan, runs: Path) -> list[float]:
    """Standard deviations of paired differences, percentage points, in the newest studies with the same baseline model,
    epochs, data and judging images, this one included: of every arm with at least LEAST_PAIRS pairs."""
    found, kind = list[float](), _kind(plan.arms[0])
    for folder in list_studies(runs)[::-1][:MOST]:
        try:
            if isinstance(folder.design, ImportedPlan) or (summary := folder.summary) is None:
                continue
            if folder.plan.judge_rows == plan.judge_rows and _kind(folder.plan.arms[0]) == kind:
                verdicts = [arm.verdict for arm in summary.arms]
                found += [each.deviation for each in verdicts if each.deviation and each.n >= LEAST_PAIRS]
        except StoreError:
            continue
    return found


def _kind(arm: Arm) -> Kind:
    recipe = arm.recipe
    epochs = recipe.training.epochs if recipe.training else None
    spec = arm.spec
    return Kind(recipe.model.name, epochs, recipe.data.limit, spec.data.sha256, spec.trainer, spec.precision)
