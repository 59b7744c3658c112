"""`summary.json`: all that a reader of a study wants to know, facts alone; how to say them is for `reports` to know."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from fashionlab.machine import MachineDescription
from fashionlab.recipe.config import OptionValue
from fashionlab.studies.design.changes import Changed
from fashionlab.studies.design.plan import FORMAT, StudyData
from fashionlab.studies.stats.describe import Description
from fashionlab.studies.stats.mcnemar import McNemar
from fashionlab.studies.stats.verdict import Verdict

State = Literal["running", "decided", "seeds", "minutes", "stopped"]
"""Where a study stands: under way; ended because every arm is decided, because all seeds are done or the time was up;
or stopped on the way."""


class FailedRun(Struct, frozen=True):
    """A run that was given up. reason: of its last attempt."""

    seed: int
    reason: str
    attempts: int


class LeftOut(Struct, frozen=True):
    """A seed whose pair does not count, because one of its runs was given up."""

    seed: int
    reason: str


Fraction = Annotated[float, Meta(ge=0, le=1)]

Points = Annotated[float, Meta(ge=-1e6, le=1e6)]
"""Percentage points: an interval of few seeds may be wider than accuracy is, but nothing that a figure cannot show."""


class Pair(Struct, frozen=True):
    """The two runs of a seed, and what was known with it.

    baseline, arm: accuracies on the judging set, fractions; difference: percentage points. mean, low, high: of the
    differences up to this one, with the running interval, None where there is no bound yet.
    """

    seed: int
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


class BaselineSummary(Struct, frozen=True, kw_only=True):
    """The baseline; in a comparison without a named one, the best model so far.

    settings: of its recipe, by flat name; parameters: None where the word means nothing or no run is finished; seconds:
    of training on one core; accuracy: percent, on the judging set.
    """

    name: str
    model: str
    settings: dict[str, OptionValue]
    parameters: int | None
    seconds: Description
    accuracy: Description
    failures: tuple[FailedRun, ...]


class ArmSummary(Struct, frozen=True, kw_only=True):
    """An arm. withdrawn: why it is not tried any more, or None; pairs: those that count; accuracy: as the baseline's,
    over its own runs."""

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


class Seeds(Struct, frozen=True):
    """planned: at most, from `first` on; complete: whose every arm finished; last: with which every arm was decided, or
    None; later ones do not count."""

    planned: int
    first: int
    complete: tuple[int, ...]
    last: int | None


class RunCounts(Struct, frozen=True):
    """done; failed: given up; planned: at most; retried: attempts that failed and were made again."""

    done: int
    failed: int
    planned: int
    retried: int


class OnSeed(McNemar, frozen=True, kw_only=True):
    """McNemar's test of the baseline (a) and an arm (b) under one seed."""

    seed: int


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

    n: int
    evaluations: int
    runs: tuple[tuple[str, int], ...]
    arms: tuple[ConfirmedArm, ...]
    shared: int = 0


class PredictionTimes(Struct, frozen=True):
    """Median milliseconds for a batch of 1 and of 1,000 images, on one core with nothing else running."""

    one: float
    thousand: float


class ModelSummary(Struct, frozen=True, kw_only=True):
    """What a model costs. parameters: None where the word means nothing; bytes: of its weights on disk; seconds: of
    training on one core; peak_memory_mb: the most of any run; accuracy: percent, on the judging set. None where no run
    is finished."""

    name: str
    parameters: int | None
    bytes: int | None
    seconds: Description
    peak_memory_mb: float | None
    prediction: PredictionTimes | None
    accuracy: Description


class WrongImage(Struct, frozen=True):
    """An image that all models get wrong. row: of the training set; label: its class; predicted: class by model."""

    row: int
    label: int
    predicted: dict[str, int]


class Answers(Struct, frozen=True, kw_only=True):
    """What the models' runs of one seed say about the same images, those of the judging set.

    models: those that have finished runs; agreement: [i][j], the fraction of images that models i and j give the same
    class; all_wrong: the first of those that all get wrong, all_wrong_total: how many there are.
    """

    seed: int
    models: tuple[str, ...]
    agreement: tuple[tuple[float, ...], ...]
    all_wrong: tuple[WrongImage, ...]
    all_wrong_total: int


class Comparison(Struct, frozen=True):
    """What a comparison of models shows besides the verdicts. answers: of the first seed that every model finished,
    None if there is none."""

    models: tuple[ModelSummary, ...]
    answers: Answers | None


class StudySummary(Struct, frozen=True, kw_only=True):
    """All of a study.

    created: ISO time; margin: percentage points; alpha: of the whole study; declared: comparisons among which it was
    divided; judge_rows: images of the judging set; seconds: wall time of all sessions; workers: of the last one; test:
    None while the test set is not evaluated; compare: of a comparison of models, otherwise None.
    """

    format: int = FORMAT
    name: str
    kind: Literal["study", "compare"]
    title: str
    created: str
    state: State
    baseline: BaselineSummary
    arms: tuple[ArmSummary, ...]
    margin: float
    alpha: float
    declared: int
    judge_rows: int
    seeds: Seeds
    runs: RunCounts
    seconds: float
    workers: int
    machine: MachineDescription
    data: StudyData
    test: Confirmation | None
    compare: Comparison | None
