"""What the runs of a study came to, and which of it counts: always in the order of the seeds, never of arrival."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fashionlab.evaluation.calibration import reliability
from fashionlab.store import Run
from fashionlab.studies.design.plan import Arm, Plan
from fashionlab.studies.folder import Failure, StudyFolder
from fashionlab.studies.stats.verdict import Verdict, judge
from fashionlab.training.softmax import softmax

ATTEMPTS = 3
"""How often a run is tried before it counts as failed."""

WITHDRAWN_AFTER = 3
"""An arm that failed with each of its first seeds, so many, is not tried with the others."""


@dataclass(frozen=True)
class Outcome:
    """One finished run, in numbers.

    accuracy, loss (nats), calibration_error (ECE): on the judge half, fractions. gap: accuracy in training (as the
    epochs went, dropout on) minus accuracy on the stop half, at the best epoch; None for a model without epochs.
    best_epoch, epochs: None for such a model. seconds: of training, on one core; job_seconds: of the whole run.
    """

    accuracy: float
    loss: float
    calibration_error: float
    gap: float | None
    best_epoch: int | None
    epochs: int | None
    seconds: float
    job_seconds: float
    peak_memory_mb: float
    parameters: int | None

    @staticmethod
    def of(run: Run) -> "Outcome":
        """Read a finished run. Raises RunCorrupt if it is damaged."""
        metrics, predictions = run.metrics, run.predictions
        gap, epochs = metrics["generalization_gap"], metrics["epochs"] or None
        probabilities = softmax(predictions["validation_logits"])
        return Outcome(
            accuracy=metrics["validation"]["accuracy"],
            loss=metrics["validation"]["loss"],
            calibration_error=reliability(probabilities, predictions["validation_labels"])["ece"],
            gap=gap and gap["accuracy"],
            best_epoch=metrics["best_epoch"] if epochs else None,
            epochs=epochs,
            seconds=metrics["seconds"]["training"],
            job_seconds=metrics["seconds"]["total"],
            peak_memory_mb=metrics["peak_memory_mb"],
            parameters=run.environment.get("parameters"),
        )


@dataclass(frozen=True)
class Pairs:
    """What an arm's comparison with the baseline counts so far.

    seeds: of the pairs, ascending; differences: percentage points, arm minus baseline, in that order; left_out: seeds
    whose pair lacks a half that failed, with the reason.
    """

    seeds: list[int] = field(default_factory=list)
    differences: list[float] = field(default_factory=list)
    left_out: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Ledgers:
    """All that is known of a study's runs: (arm, seed) -> outcome, or -> the attempts that failed."""

    outcomes: dict[tuple[str, int], Outcome] = field(default_factory=dict)
    failures: dict[tuple[str, int], list[Failure]] = field(default_factory=dict)

    @staticmethod
    def read(folder: StudyFolder) -> "Ledgers":
        """What the folder holds. Raises RunCorrupt."""
        known = Ledgers()
        for arm in folder.plan.arms:
            for seed in folder.plan.all_seed_numbers:
                if run := folder.finished(arm, seed):
                    known.outcomes[arm.name, seed] = Outcome.of(run)
        for failure in folder.failures():
            known.add_failure(failure)
        return known

    def add_failure(self, failure: Failure) -> None:
        """Note an attempt that failed."""
        self.failures.setdefault((failure.arm, failure.seed), []).append(failure)

    def given_up(self, arm: str, seed: int) -> str | None:
        """Why a run will not be made any more, or None. A run that failed stays failed, also when the study goes on:
        made later after all, it would change verdicts that were given."""
        if (arm, seed) in self.outcomes:
            return None
        attempts = self.failures.get((arm, seed), [])
        return next((failure.reason for failure in attempts if failure.final), None)

    def attempts(self, arm: str, seed: int) -> int:
        """How often a run has failed so far."""
        return len(self.failures.get((arm, seed), []))

    def settled(self, arm: str, seed: int) -> bool:
        """Whether nothing more will become of a run: it is finished, or given up."""
        return (arm, seed) in self.outcomes or self.given_up(arm, seed) is not None

    def withdrawn(self, plan: Plan, arm: str) -> str | None:
        """Why an arm is not tried any more: each of its first seeds failed. None if it is."""
        reasons = [self.given_up(arm, seed) for seed in list(plan.all_seed_numbers)[:WITHDRAWN_AFTER]]
        return reasons[0] if len(reasons) == WITHDRAWN_AFTER and all(reasons) else None

    def pairs(self, plan: Plan, baseline: str, arm: str, last: int | None = None) -> Pairs:
        """The pairs that count: in order of the seeds up to the first one still to come, or to the seed `last`."""
        pairs = Pairs()
        for seed in plan.all_seed_numbers:
            if last is not None and seed > last:
                break
            failed = [(name, self.given_up(name, seed)) for name in (baseline, arm)]
            reasons = [f"{name}: {reason}" for name, reason in failed if reason]
            if reasons:
                pairs.left_out.append((seed, "; ".join(reasons)))
                continue
            if not self.settled(baseline, seed) or not self.settled(arm, seed):
                break
            better, base = self.outcomes[arm, seed].accuracy, self.outcomes[baseline, seed].accuracy
            pairs.seeds.append(seed)
            pairs.differences.append(100 * (better - base))
        return pairs

    def best(self, plan: Plan) -> str:
        """The model with the highest mean accuracy over the seeds that every model finished (else over its own)."""
        names = [arm.name for arm in plan.arms]
        common = [s for s in plan.all_seed_numbers if all((n, s) in self.outcomes for n in names)]

        def mean(name: str) -> float:
            seeds = common or [s for s in plan.all_seed_numbers if (name, s) in self.outcomes]
            return float(np.mean([self.outcomes[name, s].accuracy for s in seeds])) if seeds else -1.0

        return max(names, key=mean)


def judge_arm(plan: Plan, arm: Arm, pairs: Pairs) -> Verdict:
    """The verdict on an arm from its pairs."""
    return judge(
        pairs.differences,
        level=plan.level_of(arm),
        resolution=100 / plan.judge_rows,
        margin=plan.margin,
        subject=arm.subject,
    )


def last_seed(plan: Plan, known: Ledgers) -> int | None:
    """The seed with which every arm was decided for the first time; None while one is not, or if all are wanted.

    It depends on the runs' results alone, not on which came first: runs of later seeds that were finished already do
    not count, so a study that was killed and continued says what the calm one says.
    """
    if plan.all_seeds or plan.baseline is None:
        return None
    last = plan.first_seed
    for arm in plan.arms:
        if arm.name == plan.baseline or known.withdrawn(plan, arm.name):
            continue
        pairs = known.pairs(plan, plan.baseline, arm.name)
        settled_at = judge_arm(plan, arm, pairs).settled_at
        if settled_at is None:
            return None
        last = max(last, pairs.seeds[settled_at - 1])
    return last


def counted_seeds(plan: Plan, known: Ledgers) -> Mapping[str, list[int]]:
    """By arm, the seeds of its finished runs that count."""
    last = last_seed(plan, known)
    return {
        arm.name: [
            seed
            for seed in plan.all_seed_numbers
            if (arm.name, seed) in known.outcomes and (last is None or seed <= last)
        ]
        for arm in plan.arms
    }


def flat(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request's settings by flat names, for people."""
    recipe = request["recipe"]
    return {**recipe["data"], **(recipe["fit"] or {}), **recipe["model"]["options"]}
