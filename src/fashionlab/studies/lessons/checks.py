"""What the runs of a lesson show: its checks, measured and held against what is expected."""

import statistics
from collections.abc import Mapping, Sequence

from msgspec import Struct

from fashionlab.store import Run
from fashionlab.studies.design.lesson import MEASURES, Check, Lesson, Measure
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.lessons.robustness import RobustnessTable, read_robustness


class CheckResult(Struct, frozen=True):
    """check: as the lesson has it; seeds: of the runs that were measured; values: by seed, in the unit of the measure;
    value: their mean, None where no run is finished; holds: None then."""

    check: Check
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    value: float | None
    holds: bool | None


class LessonResult(Struct, frozen=True):
    """A lesson as it was carried out. predicted: a choice from 1, or None; checks: in the order of the lesson;
    robustness: of the runs that were measured, None where the lesson asks for none."""

    lesson: Lesson
    predicted: int | None
    checks: tuple[CheckResult, ...]
    robustness: RobustnessTable | None = None

    @property
    def holds(self) -> bool | None:
        """Whether all checks hold; None while one is not measured."""
        found = [check.holds for check in self.checks]
        return None if None in found else all(found)


Measured = Mapping[str, Mapping[int, Mapping[str, float]]]
"""By arm and seed, what was measured, by its `_key`."""


def lesson_of(folder: StudyFolder) -> LessonResult | None:
    """The lesson that a study is, its checks made with the runs that are finished; None of any other study.

    Raises RunCorrupt.
    """
    started = folder.lesson
    if started is None:
        return None
    plan = folder.plan
    lesson = started.lesson
    measured: dict[str, dict[int, dict[str, float]]] = {}
    for name in lesson.arms:
        runs = {seed: folder.finished(plan.arm(name), seed) for seed in plan.all_seed_numbers}
        measured[name] = {seed: measure(run) for seed, run in runs.items() if run}
    table = read_robustness(folder, lesson.robustness) if lesson.robustness else None
    for robust in table.runs if table else ():
        names = [_key("accuracy lost", name) for name in table.asked.names] if table else []
        lost = [100 * (robust.accuracy - changed) for changed in robust.changed]
        measured.get(robust.arm, {}).get(robust.seed, {}).update(zip(names, lost, strict=True))
    return LessonResult(lesson, started.predicted, check_all(lesson.checks, measured), table)


def check_all(checks: Sequence[Check], measured: Measured) -> tuple[CheckResult, ...]:
    """Each check on what was measured. A seed counts that has all the runs the check needs, and what it measures."""
    return tuple(_check(check, measured) for check in checks)


def measure(run: Run) -> dict[str, float]:
    """What a finished run comes to, by the names of `MEASURES` and in their units; without what it has not."""
    metrics, history = run.metrics, run.history
    found: dict[str, float] = {}
    if metrics.validation is not None:
        found |= {"accuracy": 100 * metrics.validation.accuracy, "loss": metrics.validation.loss}
    if run.environment.parameters is not None:
        found["parameters"] = run.environment.parameters
    if history["epoch"]:
        found |= {
            "epochs": len(history["epoch"]),
            "training loss": history["loss"][-1],
            "training accuracy": 100 * history["accuracy"][-1],
        }
        losses, accuracies = history["val_loss"], history["val_accuracy"]
        if None not in losses:
            found |= {
                "validation loss": losses[-1],
                "validation accuracy": 100 * accuracies[-1],
                "loss gap": losses[-1] - history["loss"][-1],
                "accuracy gap": 100 * (history["accuracy"][-1] - accuracies[-1]),
                "rise": 100 * (losses[-1] / min(losses) - 1) if min(losses) else 0.0,
                "best epoch": 1 + losses.index(min(losses)),
            }
    assert found.keys() <= MEASURES.keys()
    return found


def _key(measure: Measure, under: str | None) -> str:
    return measure if under is None else f"{measure}, {under}"


def _check(check: Check, measured: Measured) -> CheckResult:
    def values_of(arm: str) -> dict[int, float]:
        key = _key(check.measure, check.under)
        return {seed: found[key] for seed, found in measured.get(arm, {}).items() if key in found}

    values = values_of(check.arm)
    if check.than is not None:
        other = values_of(check.than)
        values = {seed: value - other[seed] for seed, value in values.items() if seed in other}
    if not values:
        return CheckResult(check, (), (), None, None)
    value = statistics.fmean(values.values())
    low, high = check.at_least, check.at_most
    holds = (low is None or value >= low) and (high is None or value <= high)
    return CheckResult(check, tuple(values), tuple(values.values()), value, holds)
