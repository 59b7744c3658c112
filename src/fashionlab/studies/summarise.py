"""From a study's runs to its summary."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from fashionlab.machine import MachineDescription
from fashionlab.recipe.difference import Changed
from fashionlab.studies.design.imported import Imported
from fashionlab.studies.design.plan import Design, JudgedArm
from fashionlab.studies.outcomes import Outcome, Pairs, RunResults, counted_seeds, judge_arm, last_seed
from fashionlab.studies.stats.describe import Description, describe
from fashionlab.studies.summary import (
    ArmSummary,
    BaselineSummary,
    CalibrationError,
    Comparison,
    Confirmation,
    FailedRun,
    Pair,
    RunCounts,
    Secondary,
    Seeds,
    State,
    StudySummary,
)

Both = Sequence[tuple[Outcome, Outcome]]
"""The outcomes of baseline and arm, a pair a seed."""


def summarise_study(
    plan: Design,
    results: RunResults,
    *,
    state: State,
    seconds: float,
    workers: int,
    machine: MachineDescription,
    test: Confirmation | None = None,
    compare: Comparison | None = None,
    imported: Imported | None = None,
) -> StudySummary:
    """Compose the summary."""
    reference = plan.baseline or results.best(plan)
    base = next(arm for arm in plan.arms if arm.name == reference)
    last, counted = last_seed(plan, results), counted_seeds(plan, results)
    given_up = [key for key in results.failures if results.given_up(*key) is not None]
    found = {arm.name: [results.outcomes[arm.name, seed] for seed in counted[arm.name]] for arm in plan.arms}
    return StudySummary(
        name=plan.name,
        kind=plan.kind,
        title=plan.title,
        created=plan.created,
        state=state,
        baseline=BaselineSummary(
            name=base.name,
            model=base.model,
            settings=base.settings,
            parameters=next((outcome.parameters for outcome in found[base.name]), None),
            seconds=describe_seconds(found[base.name]),
            accuracy=describe_accuracy(found[base.name]),
            failures=_failures(results, base),
            calibration=_calibration(found[base.name]),
            alike=_alike(found[base.name]),
            chosen=plan.baseline is None,
        ),
        arms=tuple(_arm(plan, results, base, arm, last, found[arm.name]) for arm in plan.arms if arm is not base),
        margin=plan.margin,
        alpha=plan.alpha,
        declared=plan.declared,
        judge_rows=plan.judge_rows,
        seeds=Seeds(
            planned=plan.seeds,
            first=plan.first_seed,
            complete=tuple(s for s in plan.all_seed_numbers if all(s in counted[arm.name] for arm in plan.arms)),
            last=last,
        ),
        runs=RunCounts(
            done=len(results.outcomes),
            failed=len(given_up),
            planned=plan.seeds * len(plan.arms),
            retried=sum(len(attempts) for attempts in results.failures.values()) - len(given_up),
        ),
        seconds=seconds,
        workers=workers,
        machine=machine,
        data=plan.data,
        test=test,
        compare=compare,
        imported=imported,
        origins=plan.origins,
    )


def describe_accuracy(outcomes: Sequence[Outcome]) -> Description:
    """Of some runs, in percent."""
    return describe([100 * outcome.accuracy for outcome in outcomes])


def describe_seconds(outcomes: Sequence[Outcome]) -> Description:
    """Of training, of the runs of which it is known."""
    return describe([outcome.seconds for outcome in outcomes if outcome.seconds is not None])


def _arm(
    plan: Design, results: RunResults, base: JudgedArm, arm: JudgedArm, last: int | None, finished: Sequence[Outcome]
) -> ArmSummary:
    pairs = results.pairs(plan, base.name, arm.name, last)
    both = [(results.outcomes[base.name, seed], results.outcomes[arm.name, seed]) for seed in pairs.seeds]
    return ArmSummary(
        name=arm.name,
        model=arm.model,
        changes=arm.changes or ({"model": Changed(base.model, arm.model)} if plan.kind == "compare" else {}),
        added_later=arm.added_later,
        withdrawn=results.withdrawn(plan, arm.name),
        verdict=judge_arm(plan, arm, pairs),
        pairs=_pairs(plan, arm, pairs, both),
        left_out=pairs.left_out,
        secondary=Secondary(
            loss=_secondary(both, lambda outcome: outcome.loss),
            calibration_error=_secondary(both, lambda outcome: outcome.calibration_error, 100),
            gap=_secondary(both, lambda outcome: outcome.gap, 100),
            epochs_to_best=_secondary(both, lambda outcome: outcome.best_epoch),
            seconds=_secondary(both, lambda outcome: outcome.seconds),
        ),
        accuracy=describe_accuracy(finished),
        failures=_failures(results, arm),
        calibration=_calibration(finished),
        alike=_alike(finished),
    )


def _calibration(outcomes: Sequence[Outcome]) -> CalibrationError | None:
    errors = [each.calibration_error for each in outcomes if each.calibration_error is not None]
    floors = [each.calibration_floor for each in outcomes if each.calibration_floor is not None]
    return CalibrationError(100 * float(np.mean(errors)), 100 * float(np.mean(floors))) if errors and floors else None


def _alike(finished: Sequence[Outcome]) -> bool:
    """Whether all seeds, two or more, gave the same answers to the same images."""
    answers = {outcome.answers for outcome in finished}
    return len(finished) > 1 and len(answers) == 1 and "" not in answers


def _pairs(plan: Design, arm: JudgedArm, pairs: Pairs, both: Both) -> tuple[Pair, ...]:
    differences = np.asarray(pairs.differences, np.float64)
    known = plan.boundary_of(arm).trajectory(differences, resolution=plan.resolution)
    return tuple(
        Pair(
            seed=seed,
            baseline=before.accuracy,
            arm=after.accuracy,
            difference=pairs.differences[i],
            mean=float(known.mean[i]),
            low=_bound(known.low[i]),
            high=_bound(known.high[i]),
        )
        for i, (seed, (before, after)) in enumerate(zip(pairs.seeds, both, strict=True))
    )


def _bound(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _secondary(both: Both, figure: Callable[[Outcome], float | None], factor: float = 1) -> Description:
    values = [(figure(before), figure(after)) for before, after in both]
    return describe([factor * (b - a) for a, b in values if a is not None and b is not None])


def _failures(results: RunResults, arm: JudgedArm) -> tuple[FailedRun, ...]:
    return tuple(
        FailedRun(seed, reason, len(attempts))
        for (name, seed), attempts in sorted(results.failures.items())
        if name == arm.name and (reason := results.given_up(name, seed)) is not None
    )
