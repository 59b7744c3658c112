"""Studies at a glance: a line for a list, and a plan before it runs."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from fashionlab.errors import StoreError
from fashionlab.recipe.difference import Changed
from fashionlab.studies.design.origins import StudyOrigins
from fashionlab.studies.design.plan import Plan
from fashionlab.studies.execution.estimate import count_done, deviations_before, estimate, seconds_of_a_seed
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.stats.forecast import seeds_for, smallest_effect
from fashionlab.studies.stats.verdict import Word
from fashionlab.studies.summary import RunCounts, State


class StudyLine(Struct, frozen=True, kw_only=True):
    """A study in a list. path: its folder; kind to created are None where it is damaged, of which `damaged` is the
    reason; runs and seconds (wall time) before its first run; verdicts: by arm; size: bytes on disk."""

    study: str
    path: str
    kind: Literal["study", "compare"] | None = None
    title: str | None = None
    created: str | None = None
    state: State | None = None
    damaged: str | None = None
    runs: RunCounts | None = None
    seconds: float | None = None
    size: int
    verdicts: dict[str, Word] = {}


class PlannedArm(Struct, frozen=True):
    """An arm of a plan. alpha: its share of the study's, None for the baseline."""

    name: str
    model: str
    changes: dict[str, Changed]
    alpha: float | None
    added_later: bool


EFFECTS = (0.2, 0.5, 1.0)
"""Percentage points, of which a plan says what it takes to find them."""


class Needed(Struct, frozen=True):
    """What it takes to find an effect of so many points with a probability of 80 %. seeds: to declare, MOST of
    `stats.forecast` for "or more"; seconds: of so many seeds, None where no earlier study tells."""

    effect: float
    seeds: int
    seconds: float | None


class Power(Struct, frozen=True, kw_only=True):
    """What a study can find. deviation: of a paired difference, points, the median of `comparisons` earlier ones;
    smallest: the smallest effect that the planned seeds find, None if they are too few for any interval; declared: how
    many seeds were declared beforehand, of which `needed` speaks; None: none, as in older plans."""

    deviation: float
    comparisons: int
    needed: tuple[Needed, ...]
    smallest: float | None
    declared: int | None = None


class PlanOverview(Struct, frozen=True, kw_only=True):
    """A plan as a person wants to see it before it runs.

    runs: at most; done: of them; workers: runs at once, None where a cluster has the say; minutes: no run begins after
    so many; seconds: estimated, None where no earlier study says how long such runs take; power: None
    where none says how much such runs differ. The others: see `Plan`.
    """

    title: str
    kind: Literal["study", "compare"]
    baseline: str | None
    arms: tuple[PlannedArm, ...]
    seeds: int
    first_seed: int
    runs: int
    done: int
    margin: float
    judge_rows: int
    workers: int | None
    minutes: float | None
    test: bool
    seconds: float | None
    power: Power | None = None
    origins: StudyOrigins | None = None


def line_of(folder: StudyFolder) -> StudyLine:
    """The study's line; a damaged study is a line that says so, not the end of the list."""
    try:
        plan, summary = folder.design, folder.summary
    except StoreError as error:
        return StudyLine(study=folder.name, path=str(folder.path), damaged=str(error), size=folder.size)
    return StudyLine(
        study=folder.name,
        path=str(folder.path),
        kind=plan.kind,
        title=plan.title,
        created=plan.created,
        state=summary.state if summary else "stopped",
        runs=summary.runs if summary else None,
        seconds=summary.seconds if summary else None,
        size=folder.size,
        verdicts={arm.name: arm.verdict.word for arm in summary.arms} if summary else {},
    )


def overview_of(plan: Plan, runs: Path, workers: int | None, minutes: float | None) -> PlanOverview:
    """The plan before it runs. runs: the folder of runs, whose earlier studies say how long it will take."""
    return PlanOverview(
        title=plan.title,
        kind=plan.kind,
        baseline=plan.baseline,
        arms=tuple(
            PlannedArm(
                arm.name,
                arm.model,
                arm.changes,
                None if arm.name == plan.baseline else plan.alpha_of(arm),
                arm.added_later,
            )
            for arm in plan.arms
        ),
        seeds=plan.seeds,
        first_seed=plan.first_seed,
        runs=plan.seeds * len(plan.arms),
        done=sum(count_done(plan, runs).values()),
        margin=plan.margin,
        judge_rows=plan.judge_rows,
        workers=workers,
        minutes=minutes,
        test=plan.test,
        seconds=estimate(plan, runs, workers) if workers else None,
        origins=plan.origins,
        power=_power(plan, deviations_before(plan, runs), seconds_of_a_seed(plan, runs, workers) if workers else None),
    )


def _power(plan: Plan, deviations: Sequence[float], seconds: float | None) -> Power | None:
    if not deviations:
        return None
    deviation = max(statistics.median(deviations), plan.resolution)
    # The strictest arm's: what holds for it holds for all.
    boundary = min((plan.boundary_of(arm) for arm in plan.arms if arm.name != plan.baseline), key=lambda it: it.alpha)
    alpha, declared = boundary.alpha, boundary.seeds is not None
    needed = [(effect, seeds_for(effect, deviation=deviation, alpha=alpha, declared=declared)) for effect in EFFECTS]
    return Power(
        deviation=deviation,
        comparisons=len(deviations),
        needed=tuple(Needed(effect, seeds, None if seconds is None else seeds * seconds) for effect, seeds in needed),
        smallest=smallest_effect(plan.seeds, deviation=deviation, boundary=boundary),
        declared=boundary.seeds,
    )
