"""What the runs of a study came to, and which of it counts: always in the order of the seeds, never of arrival."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from msgspec import Struct

from fashionlab.errors import RunCorrupt
from fashionlab.evaluation.calibration import reliability
from fashionlab.store import History, Run
from fashionlab.studies.design.imported import ImportedPlan
from fashionlab.studies.design.plan import Design, JudgedArm
from fashionlab.studies.folder import Failure, StudyFolder
from fashionlab.studies.stats.verdict import Verdict, judge
from fashionlab.studies.summary import LeftOut
from fashionlab.training.softmax import softmax

ATTEMPTS = 3
"""How often a run is tried before it counts as failed."""

WITHDRAWN_AFTER = 3
"""An arm that failed with each of its first seeds, so many, is not tried with the others."""


class Outcome(Struct, frozen=True, kw_only=True):
    """One finished run, in numbers.

    accuracy, loss (nats), calibration_error (ECE), calibration_floor (see `Reliability`): on the judging set,
    fractions. gap: accuracy in training (as the epochs went, dropout on) minus accuracy on the stopping set, at the
    best epoch; None for a model without epochs.
    best_epoch, epochs: None for such a model. seconds: of training, on one core; job_seconds: of the whole run. Of an
    imported run the accuracy alone is known. answers: a hash of what it answered, and to which images.
    """

    accuracy: float
    loss: float | None = None
    calibration_error: float | None = None
    calibration_floor: float | None = None
    gap: float | None = None
    best_epoch: int | None = None
    epochs: int | None = None
    seconds: float | None = None
    job_seconds: float | None = None
    peak_memory_mb: float | None = None
    parameters: int | None = None
    answers: str = ""

    @staticmethod
    def of(run: Run) -> "Outcome":
        """Read a finished run. Raises RunCorrupt if it is damaged, or is not one of a study."""
        metrics, predictions = run.metrics, run.predictions.validation
        if predictions is None or metrics.validation is None or metrics.peak_memory_mb is None:
            raise RunCorrupt(f"{run.path} is not a run of a study; delete it")
        calibrated = reliability(softmax(predictions.logits), predictions.labels)
        gap, epochs = metrics.generalization_gap, metrics.epochs or None
        return Outcome(
            accuracy=metrics.validation.accuracy,
            loss=metrics.validation.loss,
            calibration_error=calibrated.ece,
            calibration_floor=calibrated.floor,
            gap=gap.accuracy if gap else None,
            best_epoch=metrics.best_epoch if epochs else None,
            epochs=epochs,
            seconds=metrics.seconds.training,
            job_seconds=metrics.seconds.total,
            peak_memory_mb=metrics.peak_memory_mb,
            parameters=run.environment.parameters,
            answers=hashlib.sha256(predictions.logits.tobytes() + np.asarray(predictions.rows).tobytes()).hexdigest(),
        )


@dataclass(frozen=True)
class Pairs:
    """What an arm's comparison with the baseline counts so far.

    seeds: of the pairs, ascending; differences: percentage points, arm minus baseline, in that order; left_out: seeds
    whose pair lacks a half that failed.
    """

    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    left_out: tuple[LeftOut, ...]


@dataclass
class RunResults:
    """All that is known of a study's runs: (arm, seed) -> outcome, or -> the attempts that failed, or -> why there is
    none and never was an attempt (`absent`, of imported runs)."""

    outcomes: dict[tuple[str, int], Outcome] = field(default_factory=dict)
    failures: dict[tuple[str, int], list[Failure]] = field(default_factory=dict)
    absent: dict[tuple[str, int], str] = field(default_factory=dict)

    @staticmethod
    def read(folder: StudyFolder) -> "RunResults":
        """What the folder holds. Raises RunCorrupt."""
        results = RunResults()
        for arm in folder.plan.arms:
            for seed in folder.plan.all_seed_numbers:
                if run := folder.finished(arm, seed):
                    results.outcomes[arm.name, seed] = Outcome.of(run)
        for failure in folder.failures():
            results.add_failure(failure)
        return results

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

    def withdrawn(self, plan: Design, arm: str) -> str | None:
        """Why an arm is not tried any more: each of its first seeds failed. None if it is."""
        reasons = [self.given_up(arm, seed) for seed in plan.all_seed_numbers[:WITHDRAWN_AFTER]]
        return reasons[0] if len(reasons) == WITHDRAWN_AFTER and all(reasons) else None

    def pairs(self, plan: Design, baseline: str, arm: str, last: int | None = None) -> Pairs:
        """The pairs that count: in order of the seeds up to the first one still to come, or to the seed `last`."""
        seeds: list[int] = []
        left_out: list[LeftOut] = []
        for seed in plan.all_seed_numbers:
            if last is not None and seed > last:
                break
            lacking = [(name, self.given_up(name, seed) or self.absent.get((name, seed))) for name in (baseline, arm)]
            reasons = [f"{name}: {reason}" for name, reason in lacking if reason]
            if reasons:
                left_out.append(LeftOut(seed, "; ".join(reasons)))
                continue
            if not self.settled(baseline, seed) or not self.settled(arm, seed):
                break
            seeds.append(seed)
        both = [(self.outcomes[baseline, seed].accuracy, self.outcomes[arm, seed].accuracy) for seed in seeds]
        return Pairs(tuple(seeds), tuple(100 * (after - before) for before, after in both), tuple(left_out))

    def best(self, plan: Design) -> str:
        """The model with the highest mean accuracy over the seeds that every model finished (else over its own)."""
        names = [arm.name for arm in plan.arms]
        common = [s for s in plan.all_seed_numbers if all((n, s) in self.outcomes for n in names)]

        def mean(name: str) -> float:
            seeds = common or [s for s in plan.all_seed_numbers if (name, s) in self.outcomes]
            return float(np.mean([self.outcomes[name, s].accuracy for s in seeds])) if seeds else -1.0

        return max(names, key=mean)


def judge_arm(plan: Design, arm: JudgedArm, pairs: Pairs) -> Verdict:
    """The verdict on an arm from its pairs."""
    return judge(
        pairs.differences, alpha=plan.alpha_of(arm), resolution=plan.resolution, margin=plan.margin,
        declared_seeds=arm.declared_seeds,
    )  # fmt: skip


def last_seed(plan: Design, results: RunResults) -> int | None:
    """The seed with which every arm was decided for the first time; None while one is not, or if all are wanted.

    It depends on the runs' results alone, not on which came first: runs of later seeds that were finished already do
    not count, so a study that was killed and continued says what the calm one says.
    """
    if plan.all_seeds or plan.baseline is None:
        return None
    last = plan.first_seed
    for arm in plan.arms:
        if arm.name == plan.baseline or results.withdrawn(plan, arm.name):
            continue
        pairs = results.pairs(plan, plan.baseline, arm.name)
        settled_at = judge_arm(plan, arm, pairs).settled_at
        if settled_at is None:
            return None
        last = max(last, pairs.seeds[settled_at - 1])
    return last


def read_histories(folder: StudyFolder, last: int | None) -> dict[str, list[tuple[str, History]]]:
    """By arm, of each of its finished runs that count: what a row of its history is, and the history by column.

    last: the seed after which runs do not count, or None. Runs of models without epochs have none. Nothing of an
    imported study. Raises RunCorrupt.
    """
    if isinstance(folder.design, ImportedPlan):
        return {}
    seeds = [seed for seed in folder.plan.all_seed_numbers if last is None or seed <= last]
    runs = {arm.name: [folder.finished(arm, seed) for seed in seeds] for arm in folder.plan.arms}
    found = {name: [(run.metrics.unit, run.history) for run in arm if run] for name, arm in runs.items()}
    return {name: [each for each in arm if each[1]["epoch"]] for name, arm in found.items()}


def counted_seeds(plan: Design, results: RunResults) -> Mapping[str, list[int]]:
    """By arm, the seeds of its finished runs that count."""
    last = last_seed(plan, results)
    return {
        arm.name: [
            seed
            for seed in plan.all_seed_numbers
            if (arm.name, seed) in results.outcomes and (last is None or seed <= last)
        ]
        for arm in plan.arms
    }
