"""Which figures a study's page shows, and what they are drawn from."""

from collections.abc import Mapping, Sequence

from fashionlab.reports.figures import Display
from fashionlab.reports.figures.study.cost import Cost, Mean, accuracy_against_time
from fashionlab.reports.figures.study.effects import Effect, forest, reach_of, strip
from fashionlab.reports.figures.study.histories import Learned
from fashionlab.reports.figures.study.histories import histories as draw_histories
from fashionlab.reports.figures.study.seeds import estimate_after_each_seed, pairs
from fashionlab.reports.study import verdicts
from fashionlab.reports.study.report import JUDGING_SET, ArmReport, StudyReport
from fashionlab.store import History
from fashionlab.studies.stats.describe import Description
from fashionlab.studies.summary import ModelSummary


def page_figures(report: StudyReport) -> dict[str, Display]:
    """By name: the forest plot, of arm number i strip-i, and where there are pairs trajectory-i and pairs-i; for a
    comparison of models also what their accuracy costs."""
    effects = [_effect(arm) for arm in report.arms]
    reach = reach_of(effects, report.margin)
    found = [forest(effects, report.margin)]
    for i, (arm, effect) in enumerate(zip(report.arms, effects, strict=True)):
        found.append(strip(effect, reach, f"strip-{i}"))
        if arm.pairs:
            found += _seed_by_seed(arm, report, i)
    if report.compare is not None:
        found.append(_costs(report.compare.models))
    return {display.name: display for display in found}


def curve_figures(report: StudyReport, histories: Mapping[str, Sequence[tuple[str, History]]]) -> dict[str, Display]:
    """The curves of all arms in one picture, by the picture's name: one for epochs, one for rounds, where there are
    any. histories: by arm (`studies.outcomes.read_histories`)."""
    units = dict.fromkeys(unit for runs in histories.values() for unit, _ in runs)
    found = []
    for unit in units:
        arms = [
            Learned(each.title, [history for own, history in histories.get(each.name, ()) if own == unit], each.name)
            for each in report.everyone
        ]
        found.append(draw_histories([arm for arm in arms if arm.histories], unit, f"curves-{unit}"))
    return {display.name: display for display in found}


def without_curves(report: StudyReport, histories: Mapping[str, Sequence[tuple[str, History]]]) -> list[str]:
    """The titles of the arms that have finished runs and no curves, because their models have no epochs."""
    return [each.title for each in report.everyone if each.accuracy.n and not histories.get(each.name)]


def _effect(arm: ArmReport) -> Effect:
    verdict = arm.verdict
    text = "no pair yet" if verdict.effect is None else verdicts.effect(verdict)
    if verdict.low is not None and verdict.high is not None:
        text += f" ({verdicts.interval(verdict)})"
    return Effect(arm.title, verdict.word, verdict.said, verdict.effect, verdict.low, verdict.high, text)


def _seed_by_seed(arm: ArmReport, report: StudyReport, i: int) -> list[Display]:
    verdict, both = arm.verdict, arm.pairs
    settled = (verdict.settled_at, verdict.said) if verdict.settled_at else None
    return [
        estimate_after_each_seed(
            [pair.mean for pair in both], [pair.low for pair in both], [pair.high for pair in both],
            verdict.margin, settled, f"trajectory-{i}",
        ),
        pairs(
            [pair.seed for pair in both], [pair.baseline for pair in both], [pair.arm for pair in both],
            (report.baseline.name, arm.name), f"pairs-{i}",
            "accuracy" if report.imported is not None else f"accuracy on the {JUDGING_SET}",
        ),
    ]  # fmt: skip


def _costs(models: Sequence[ModelSummary]) -> Display:
    return accuracy_against_time(
        [
            Cost(model.name, seconds, accuracy)
            for model in models
            if (seconds := _mean(model.seconds)) and (accuracy := _mean(model.accuracy))
        ]
    )


def _mean(description: Description) -> Mean | None:
    if description.mean is None:
        return None
    return Mean(description.mean, description.low, description.high)
