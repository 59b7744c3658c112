"""Beside the verdicts: accuracies, secondary effects, failed runs, the test set, and what each model costs."""

from collections.abc import Callable
from typing import Any

from fashionlab.reports.run.sections.made import subset_text
from fashionlab.reports.study import verdicts
from fashionlab.reports.study.guarantee import import_sentences, not_tested, origin_sentences
from fashionlab.reports.study.report import JUDGING_SET, BaselineReport, StudyReport
from fashionlab.reports.wording import (
    NONE,
    SPACE,
    brief,
    counted,
    duration,
    milliseconds,
    p_value,
    plain,
    signed,
    size,
)
from fashionlab.studies.stats.describe import Description
from fashionlab.studies.stats.mcnemar import McNemar
from fashionlab.studies.summary import Answers, ModelSummary

SECONDARY = {
    "loss": ("log-loss", "nats", f"log-loss on the {JUDGING_SET}"),
    "calibration_error": ("calibration error", "points", f"expected calibration error on the {JUDGING_SET}"),
    "gap": (
        "generalization gap",
        "points",
        "generalization gap: accuracy in training, dropout on, minus accuracy on the stopping set, or without early "
        "stopping on the judging set",
    ),
    "epochs_to_best": ("epochs to the best", "epochs", "epochs to the best one"),
    "seconds": ("training time", "s", "training time on one core"),
}
"""Field of `studies.summary.Secondary` -> its title, its unit, and what it is, in the page's order."""

MOST_IMAGES = 120
"""Images shown that all models get wrong."""


def accuracies(report: StudyReport) -> list[dict[str, Any]]:
    """A line for the baseline and every arm: name, own (the baseline), mean, interval, deviation, n."""
    return [
        {
            "name": each.title,
            "own": each is report.baseline,
            "n": each.accuracy.n,
            "mean": plain(each.accuracy.mean),
            "interval": percent_bounds(each.accuracy),
            "deviation": plain(each.accuracy.deviation),
        }
        for each in report.everyone
    ]


def secondary(report: StudyReport) -> dict[str, Any]:
    """columns (title with unit) and rows (what changed, and a mean with its interval for every column); those that no
    arm has are left out."""
    cells: dict[str, list[Description]] = {
        name: [getattr(arm.secondary, name) for arm in report.arms] for name in SECONDARY
    }
    shown = [name for name, found in cells.items() if any(each.n for each in found)]
    return {
        "labels": "; ".join(SECONDARY[name][2] for name in shown),
        "calibration": _calibration(report),
        "columns": [{"name": SECONDARY[name][0], "unit": SECONDARY[name][1]} for name in shown],
        "rows": [
            {"name": arm.title, "cells": [_cell(cells[name][row]) for name in shown]}
            for row, arm in enumerate(report.arms)
        ],
    }


def _calibration(report: StudyReport) -> str:
    """The calibration errors themselves, beside what chance alone would show."""
    said = [
        f"{each.title} {plain(each.calibration.error)} (a perfectly calibrated model: {plain(each.calibration.floor)})"
        for each in report.everyone
        if each.calibration is not None
    ]
    if not said:
        return ""
    return (
        f"Expected calibration error in points, mean over the runs: {'; '.join(said)}. The second figure is what so "
        "many images show by chance alone; an error near it is no sign of bad calibration, and a difference between "
        "two such errors none of better."
    )


def _cell(description: Description) -> dict[str, str]:
    return {"mean": brief(description.mean), "interval": bounds(description, brief)}


def bounds(description: Description, write: Callable[[float | None], str]) -> str:
    """An interval as "low to high"; nothing where there is none, but for equal values, which have none, in words."""
    deviation, mean = description.deviation, description.mean
    # Summaries that were written before equal values lost their interval have one without width.
    if deviation is not None and mean is not None and deviation <= 1e-9 * abs(mean):
        return f"{description.n:,} equal values: no interval"
    if description.low is None:
        return ""
    return f"{write(description.low)} to {write(description.high)}"


def percent_bounds(description: Description) -> str:
    """As `bounds`, of accuracies in per cent: what lies beyond 0 and 100 is cut off."""
    return bounds(description, lambda value: plain(None if value is None else min(max(value, 0.0), 100.0)))


def troubles(report: StudyReport) -> dict[str, Any]:
    """Runs that failed and pairs that were left out: sentence, and a line for each."""
    runs, imported = report.runs, report.imported
    failures = [(each.title, failed) for each in report.everyone for failed in each.failures]
    left_out = [(arm.title, seed) for arm in report.arms for seed in arm.left_out]
    parts = [f"{runs.done:,} of {runs.planned:,} planned runs are done, {runs.failed:,} failed"]
    if imported is not None:
        parts = [f"The file has {counted(runs.done, 'result')}, {runs.planned:,} would be a whole table"]
    if runs.retried:
        parts.append(f"{runs.retried:,} were tried again")
    parts.append(f"{counted(len(left_out), 'pair')} {'were' if len(left_out) > 1 else 'was'} left out of the verdicts")
    return {
        "sentence": ", ".join(parts) + ".",
        "failures": failures,
        "left_out": left_out,
    }


def facts(report: StudyReport) -> list[tuple[str, str]]:
    """What was compared, on how much, at what cost: a few names with their texts."""
    baseline, seeds, runs = report.baseline, report.seeds, report.runs
    known = baseline.name in ("baseline", baseline.model)
    margin = ("Too small to matter", f"within ±{report.margin:g} points (the margin)")
    if report.imported is not None:
        return [
            ("Baseline", baseline.name),
            ("Seeds complete", f"{len(seeds.complete):,} of {seeds.planned:,} in the file"),
            ("Results", f"{runs.done:,}, made elsewhere"),
            ("Judged", report.judged),
            margin,
        ]
    return [
        ("Baseline", baseline.model if known else f"{baseline.name} ({baseline.model})"),
        ("Seeds complete", f"{len(seeds.complete):,} of {seeds.planned:,} planned"),
        ("Runs", f"{runs.done:,} done, {runs.failed:,} failed"),
        ("Time", f"{duration(report.seconds)} on {counted(report.workers, 'worker')}"),
        ("Judged on", f"{report.judge_rows or 0:,} images, the {JUDGING_SET}"),
        *_subset(baseline),
        margin,
    ]


def _subset(baseline: BaselineReport) -> list[tuple[str, str]]:
    limit = baseline.settings.get("limit")
    used = subset_text(str(baseline.settings.get("dataset")), limit if isinstance(limit, int) else None)
    return [("Only a subset was used", f"{used} (the setting limit)")] if used else []


def confirmation(report: StudyReport) -> dict[str, Any] | None:
    """The test set, evaluated once at the end for the same runs: a check on other images that decided nothing.

    Rows of accuracies and differences, and of McNemar's test; None while the test set is not evaluated.
    """
    test = report.test
    if test is None:
        return None
    baseline, arms = report.baseline, {arm.name: arm for arm in report.arms}
    titles = {baseline.name: baseline.title, **{name: arm.title for name, arm in arms.items()}}
    rows = [
        {
            "name": titles[found.name],
            "own": found.name == baseline.name,
            "n": found.accuracy.n,
            "accuracy": plain(found.accuracy.mean),
            "interval": percent_bounds(found.accuracy),
            "difference": signed(found.difference.mean) if found.difference else "",
            "span": bounds(found.difference, signed) if found.difference else "",
            "judged": verdicts.effect(arms[found.name].verdict) if found.name in arms else "",
        }
        for found in test.arms
    ]
    pairs = [_mcnemar(titles[found.name], found.mcnemar.seed, found.mcnemar) for found in test.arms if found.mcnemar]
    return {
        "missing": not_tested(report),
        "n": test.n,
        "shared": test.shared,
        "evaluations": test.evaluations,
        "rows": rows,
        "mcnemar": pairs,
    }


def _mcnemar(title: str, seed: int, test: McNemar) -> dict[str, Any]:
    return {
        "name": title,
        "seed": seed,
        "only_a": test.only_a,
        "only_b": test.only_b,
        "p": p_value(test.p_value),
        "exact": p_value(test.exact_p_value),
    }


def imported(report: StudyReport) -> dict[str, Any] | None:
    """How imported results came in, in sentences, and rows of McNemar's test; None for a study of this lab."""
    if report.imported is None:
        return None
    titles = {arm.name: arm.title for arm in report.arms}
    return {
        "sentences": [*import_sentences(report.imported), *origin_sentences(report.imported)],
        "mcnemar": [_mcnemar(titles[test.arm], test.seed, test) for test in report.imported.mcnemar],
    }


def models(report: StudyReport) -> dict[str, Any] | None:
    """Rows of the table, and what the models answer; None for a study that is no comparison."""
    if report.compare is None:
        return None
    answers = report.compare.answers
    return {
        "rows": [_row(model, model.name == report.baseline.name) for model in report.compare.models],
        "answers": answers and _answers(answers, report.data.class_names),
    }


def _row(model: ModelSummary, own: bool) -> dict[str, Any]:
    return {
        "name": model.name,
        "own": own,
        "accuracy": plain(model.accuracy.mean),
        "interval": percent_bounds(model.accuracy),
        "parameters": NONE if model.parameters is None else f"{model.parameters:,}",
        "bytes": size(model.bytes),
        "seconds": duration(model.seconds.mean),
        "peak": NONE if model.peak_memory_mb is None else f"{model.peak_memory_mb:,.0f}{SPACE}MB",
        "one": milliseconds(model.prediction.one if model.prediction else None),
        "thousand": milliseconds(model.prediction.thousand if model.prediction else None),
    }


def _answers(answers: Answers, class_names: tuple[str, ...]) -> dict[str, Any]:
    least = min(share for row in answers.agreement for share in row)
    return {
        "seed": answers.seed,
        "names": answers.models,
        "agreement": [[{"share": share, "shade": _shade(share, least)} for share in row] for row in answers.agreement],
        "wrong": [
            {
                "label": class_names[each.label],
                "row": each.row,
                "predicted": [(name, class_names[found]) for name, found in each.predicted.items()],
            }
            for each in answers.all_wrong[:MOST_IMAGES]
        ],
        "wrong_total": answers.all_wrong_total,
    }


def _shade(share: float, least: float) -> str:
    """How strong a cell's colour is, from the least agreement to all."""
    return f"{(share - least) / (1 - least) if least < 1 else 1.0:.2f}"
