"""`summary.json` of a search: all that a reader of it wants to know, facts alone."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from fashionlab.machine import MachineDescription
from fashionlab.recipe.config import OptionValue
from fashionlab.search.plan import FORMAT, Objective, SearchPlan
from fashionlab.search.space import Field, Value
from fashionlab.store.results import Amount, Count, Fraction
from fashionlab.studies.design.plan import AtLeastOne, Margin, Seed
from fashionlab.studies.stats.describe import Description, describe
from fashionlab.studies.stats.verdict import Points, Verdict
from fashionlab.studies.summary import StudySummary

State = Literal["running", "trials", "minutes", "stopped"]
"""Where the trials stand: under way; ended because all are made or the time was up; or stopped on the way."""

TrialState = Literal["under way", "finished", "pruned", "failed"]


class Trial(Struct, frozen=True, kw_only=True):
    """One trial. values: by field, those that apply; default: they are the recipe's own.

    accuracy (fraction), loss (nats): of a finished one, on the judging set; epochs: trained, also of a pruned one;
    seconds: of its run; same_as: the earlier trial with equal values whose run it shares; reason: of a failed one.
    """

    number: Count
    state: TrialState
    values: dict[str, Value]
    default: bool = False
    accuracy: Fraction | None = None
    loss: Amount | None = None
    epochs: Count | None = None
    seconds: Amount | None = None
    same_as: Count | None = None
    reason: str | None = None


class Confirmed(Struct, frozen=True, kw_only=True):
    """The best trial's recipe against the default one, on seeds that no trial has used: an ordinary study.

    study: its folder's name; trial: whose recipe; seeds: of the pairs that count; best, default: accuracy in percent on
    the judging sets of these seeds; verdict: on the best one's recipe. claimed: percentage points by which the best
    trial was better than the default's trial, None if that was not among them; flattery: points by which the best
    trial's accuracy is above its recipe's mean on the fresh seeds; default_flattery: the same of the default's trial,
    which nothing selected: what it shows is the seed's own effect.
    """

    study: str
    trial: Count
    seeds: tuple[Seed, ...]
    best: Description
    default: Description
    verdict: Verdict
    claimed: Points | None
    flattery: Points | None
    default_flattery: Points | None


class SearchSummary(Struct, frozen=True, kw_only=True):
    """All of a search.

    seconds: wall time of the trials, all sessions; importance: by field, the share of the differences among finished
    trials that it explains (PED-ANOVA), empty while there are too few; best: number of the best trial, None while none
    is finished; settings: of its recipe; confirmed: None before the confirmation.
    """

    format: int = FORMAT
    name: str
    title: str
    created: str
    state: State
    model: str
    seed: Seed
    fields: tuple[Field, ...]
    objective: Objective
    margin: Margin
    judge_rows: AtLeastOne
    planned: Annotated[int, Meta(ge=1)] | None
    trials: tuple[Trial, ...]
    best: Count | None
    settings: dict[str, OptionValue]
    importance: dict[str, Amount]
    seconds: Amount
    workers: Count
    machine: MachineDescription
    confirmed: Confirmed | None


def best_of(trials: Sequence[Trial], objective: Objective) -> Trial | None:
    """The best finished trial: of equally accurate ones that with the lower loss, of equal ones the first."""
    finished = [trial for trial in trials if trial.state == "finished"]

    def worse(trial: Trial) -> tuple[float, float]:
        accuracy, loss = trial.accuracy or 0.0, trial.loss or 0.0
        return (-accuracy, loss) if objective == "accuracy" else (loss, -accuracy)

    return min(finished, key=worse, default=None)


def confirmed_by(study: StudySummary, best: Trial, default: Trial | None) -> Confirmed:
    """What a confirmation says, with what the search had claimed."""
    (arm,) = study.arms
    pairs = arm.pairs
    means = [describe([100 * value for value in values]) for values in (
        [pair.arm for pair in pairs], [pair.baseline for pair in pairs]
    )]  # fmt: skip
    found = [None if trial is None or trial.accuracy is None else 100 * trial.accuracy for trial in (best, default)]
    claimed = None if found[0] is None or found[1] is None else found[0] - found[1]
    flattery = [
        None if was is None or mean.mean is None else was - mean.mean for was, mean in zip(found, means, strict=True)
    ]
    return Confirmed(
        study=study.name, trial=best.number, seeds=tuple(pair.seed for pair in pairs), best=means[0],
        default=means[1], verdict=arm.verdict, claimed=claimed, flattery=flattery[0], default_flattery=flattery[1],
    )  # fmt: skip


def check_summary(summary: SearchSummary, plan: SearchPlan) -> None:
    """Raise ValueError unless the summary is of this plan."""
    if (summary.fields, summary.seed, summary.model) != (plan.fields, plan.seed, plan.recipe.model.name):
        raise ValueError("its fields or its recipe are not those of the search")
    numbers = [trial.number for trial in summary.trials]
    if numbers != sorted(set(numbers)) or (summary.best is not None and summary.best not in numbers):
        raise ValueError(f"its trials are {numbers}, the best of them {summary.best}")
    names = {field.name for field in plan.fields}
    if not all({*trial.values} <= names for trial in summary.trials) or not {*summary.importance} <= names:
        raise ValueError("its trials have fields that the search does not vary")
