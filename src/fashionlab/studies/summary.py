"""`summary.json`: all that a reader of a study wants to know, facts alone; how to say them is for `reports` to know."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from fashionlab.machine import MachineDescription
from fashionlab.recipe.config import OptionValue
from fashionlab.recipe.difference import Changed
from fashionlab.store.results import Amount, Count, Fraction
from fashionlab.studies.design.imported import Imported
from fashionlab.studies.design.origins import StudyOrigins
from fashionlab.studies.design.plan import (
    FORMAT,
    AtLeastOne,
    Design,
    FirstSeed,
    Margin,
    Part,
    Seed,
    SeedCount,
    StudyData,
)
from fashionlab.studies.stats.describe import Description
from fashionlab.studies.stats.mcnemar import McNemar
from fashionlab.studies.stats.verdict import Points, Verdict

State = Literal["running", "decided", "seeds", "minutes", "stopped"]
"""Where a study stands: under way; ended because every arm is decided, because all seeds are done or the time was up;
or stopped on the way."""


class FailedRun(Struct, frozen=True):
    """A run that was given up. reason: of its last attempt."""

    seed: Seed
    reason: str
    attempts: Count


class LeftOut(Struct, frozen=True):
    """A seed whose pair does not count, because one of its runs was given up."""

    seed: Seed
    reason: str


class Pair(Struct, frozen=True):
    """The two runs of a seed, and what was known with it.

    baseline, arm: accuracies on the judging set, fractions; difference: percentage points. mean, low, high: of the
    differences up to this one, with the running interval, None where there is no bound yet.
    """

    seed: Seed
    baseline: Fraction
    arm: Fraction
    difference: Points
    mean: Points
    low: Points | None
    high: Points | None


class Secondary(Struct, frozen=True, kw_only=True):
    """Paired differences, arm minus baseline, of what decides nothing.

    loss: nats, on the judging set; calibration_error: points of ECE, on the judging set; gap: points, accuracy in
    training (dropout on) minus accuracy on the stopping set; epochs_to_best: epochs; seconds: of training on one core.
    """

    loss: Description
    calibration_error: Description
    gap: Description
    epochs_to_best: Description
    seconds: Description


class CalibrationError(Struct, frozen=True):
    """Of an arm's runs on the judging set, means, points. error: expected calibration error; floor: what a perfectly
    calibrated model would show on as many images."""

    error: float
    floor: float


class BaselineSummary(Struct, frozen=True, kw_only=True):
    """The baseline; in a comparison without a named one, the best model so far, which is then `chosen`.

    settings: of its recipe, by flat name; parameters: None where the word means nothing or no run is finished; seconds:
    of training on one core; accuracy: percent, on the judging set; calibration: None where nothing is known, as of
    imported runs; alike: its runs, two or more, gave the same predictions, so that they are one run repeated.
    """

    name: str
    model: str
    settings: dict[str, OptionValue]
    parameters: Count | None
    seconds: Description
    accuracy: Description
    failures: tuple[FailedRun, ...]
    calibration: CalibrationError | None = None
    alike: bool = False
    chosen: bool = False


class ArmSummary(Struct, frozen=True, kw_only=True):
    """An arm. withdrawn: why it is not tried any more, or None; pairs: those that count; accuracy, alike: as the
    baseline's, over its own runs."""

    name: str
    model: str
    changes: dict[str, Changed]
    added_later: bool
    withdrawn: str | None
    verdict: Verdict
    pairs: tuple[Pair, ...]
    left_out: tuple[LeftOut, ...]
    secondary: Secondary
    accuracy: Description
    failures: tuple[FailedRun, ...]
    calibration: CalibrationError | None = None
    alike: bool = False


class Seeds(Struct, frozen=True):
    """planned: at most, from `first` on; complete: whose every arm finished; last: with which every arm was decided, or
    None; later ones do not count."""

    planned: SeedCount
    first: FirstSeed
    complete: tuple[Seed, ...]
    last: Seed | None


class RunCounts(Struct, frozen=True):
    """done; failed: given up; planned: at most; retried: attempts that failed and were made again."""

    done: Count
    failed: Count
    planned: Count
    retried: Count


class OnSeed(McNemar, frozen=True, kw_only=True):
    """McNemar's test of the baseline (a) and an arm (b) under one seed."""

    seed: Seed


class ConfirmedArm(Struct, frozen=True):
    """An arm, or the baseline, on the test set. accuracy: percent; difference: paired, points; mcnemar: of its first
    pair. The last two are None for the baseline, and without a pair."""

    name: str
    accuracy: Description
    difference: Description | None
    mcnemar: OnSeed | None


class Confirmation(Struct, frozen=True, kw_only=True):
    """`test.json`: the test set, evaluated once for all finished runs; nothing is decided by it.

    n: test images; evaluations: lines of the ledger for these data, this one included; runs: (arm, seed) of those that
    were evaluated; arms: in the order of the plan, the baseline among them; shared: test images that are, pixel for
    pixel, in the training set too.
    """

    n: AtLeastOne
    evaluations: Count
    runs: tuple[tuple[str, Seed], ...]
    arms: tuple[ConfirmedArm, ...]
    shared: int = 0


class PredictionTimes(Struct, frozen=True):
    """Median milliseconds for a batch of 1 and of 1,000 images, on one core with nothing else running."""

    one: Amount
    thousand: Amount


class ModelSummary(Struct, frozen=True, kw_only=True):
    """What a model costs. parameters: None where the word means nothing; bytes: of its weights on disk; seconds: of
    training on one core; peak_memory_mb: the most of any run; accuracy: percent, on the judging set. None where no run
    is finished."""

    name: str
    parameters: Count | None
    bytes: Count | None
    seconds: Description
    peak_memory_mb: Amount | None
    prediction: PredictionTimes | None
    accuracy: Description


class WrongImage(Struct, frozen=True):
    """An image that all models get wrong. row: of the training set; label: its class; predicted: class by model."""

    row: Count
    label: Count
    predicted: dict[str, Count]


class Answers(Struct, frozen=True, kw_only=True):
    """What the models' runs of one seed say about the same images, those of the judging set.

    models: those that have finished runs; agreement: [i][j], the fraction of images that models i and j give the same
    class; all_wrong: the first of those that all get wrong, all_wrong_total: how many there are.
    """

    seed: Seed
    models: tuple[str, ...]
    agreement: tuple[tuple[Fraction, ...], ...]
    all_wrong: tuple[WrongImage, ...]
    all_wrong_total: Count


class Comparison(Struct, frozen=True):
    """What a comparison of models shows besides the verdicts. answers: of the first seed that every model finished,
    None if there is none."""

    models: tuple[ModelSummary, ...]
    answers: Answers | None


class StudySummary(Struct, frozen=True, kw_only=True):
    """All of a study.

    created: ISO time; margin: percentage points; alpha: of the whole study; declared: comparisons among which it was
    divided; judge_rows: images of the judging set, None where not known; seconds: wall time of all sessions; workers:
    of the last one; test: None while the test set is not evaluated; compare: of a comparison of models, otherwise None;
    imported: of runs made elsewhere, otherwise None. Of these, machine is the one that imported them; origins: see
    `Plan`.
    """

    format: int = FORMAT
    name: str
    kind: Literal["study", "compare"]
    title: str
    created: str
    state: State
    baseline: BaselineSummary
    arms: tuple[ArmSummary, ...]
    margin: Margin
    alpha: Part
    declared: AtLeastOne
    judge_rows: AtLeastOne | None
    seeds: Seeds
    runs: RunCounts
    seconds: Amount
    workers: Count
    machine: MachineDescription
    data: StudyData
    test: Confirmation | None
    compare: Comparison | None
    imported: Imported | None = None
    origins: StudyOrigins | None = None


def check_summary(summary: StudySummary, plan: Design) -> None:
    """Raise ValueError unless the summary is of this plan, or of what it was before arms or seeds were added: see
    `store.checks`, which does so for the documents of a run."""
    names = [summary.baseline.name, *(arm.name for arm in summary.arms)]
    planned = [arm.name for arm in plan.arms][: len(names)]
    if sorted(names) != sorted(planned) or summary.baseline.name != (plan.baseline or summary.baseline.name):
        raise ValueError(f"its arms are {names}, those of the plan {planned}")
    if (summary.kind, summary.data, summary.judge_rows) != (plan.kind, plan.data, plan.judge_rows):
        raise ValueError("its kind or its data are not those of the plan")
    if summary.seeds.first != plan.first_seed or summary.seeds.planned > plan.seeds:
        raise ValueError("its seeds are not those of the plan")
    for arm in summary.arms:
        seeds = [pair.seed for pair in arm.pairs]
        _require_seeds(seeds, plan, f"the pairs of {arm.name!r}")
        if len(seeds) != arm.verdict.n:
            raise ValueError(f"the verdict on {arm.name!r} counts {arm.verdict.n} pairs, and there are {len(seeds)}")
    _require_seeds(summary.seeds.complete, plan, "the complete seeds")
    if summary.test:
        check_test(summary.test, plan)
    if summary.compare:
        if [model.name for model in summary.compare.models] != planned:
            raise ValueError("the models that it compares are not those of the plan")
        if summary.compare.answers:
            _check_answers(summary.compare.answers, planned, len(plan.data.class_names))


def check_test(test: Confirmation, plan: Design) -> None:
    """Raise ValueError unless what the test set said is about arms of this plan."""
    planned = [arm.name for arm in plan.arms]
    if [arm.name for arm in test.arms] != planned[: len(test.arms)] or not {arm for arm, _ in test.runs} <= {*planned}:
        raise ValueError("its arms are not those of the plan")


def _check_answers(answers: Answers, planned: list[str], classes: int) -> None:
    count = len(answers.models)
    if not {*answers.models} <= {*planned}:
        raise ValueError("the models whose answers it compares are not those of the plan")
    if len(answers.agreement) != count or any(len(row) != count for row in answers.agreement):
        raise ValueError(f"the agreement of its {count} models is not {count} by {count}")
    for image in answers.all_wrong:
        if {*image.predicted} != {*answers.models} or max([image.label, *image.predicted.values()]) >= classes:
            raise ValueError(f"what its models say about row {image.row} is not a class of the data for each of them")


def _require_seeds(seeds: Iterable[int], plan: Design, whose: str) -> None:
    found = list(seeds)
    if sorted({*found}) != found or not {*found} <= {*plan.all_seed_numbers}:
        raise ValueError(f"{whose} are of the seeds {found}, planned are {plan.seeds} from {plan.first_seed} on")
