"""Beside the verdicts: accuracies, secondary effects, and the runs that failed or were left out."""

from collections.abc import Callable
from typing import Any

from fashionlab.reports.study.report import JUDGING_SET, StudyReport
from fashionlab.reports.wording import brief, counted, duration, plain
from fashionlab.studies.stats.describe import Description

SECONDARY = {
    "loss": ("log-loss", "nats", f"log-loss on the {JUDGING_SET}"),
    "calibration_error": ("calibration error", "points", f"expected calibration error on the {JUDGING_SET}"),
    "gap": (
        "generalization gap",
        "points",
        "generalization gap: accuracy in training, dropout on, minus accuracy on the stopping set",
    ),
    "epochs_to_best": ("epochs to the best", "epochs", "epochs to the best one"),
    "seconds": ("training time", "s", "training time on one core"),
}
"""Field of `studies.summary.Secondary` -> its title, its unit, and what it is, in the page's order."""


def accuracies(report: StudyReport) -> list[dict[str, Any]]:
    """A line for the baseline and every arm: name, own (the baseline), mean, interval, deviation, n."""
    return [
        {
            "name": each.title,
            "own": each is report.baseline,
            "n": each.accuracy.n,
            "mean": plain(each.accuracy.mean),
            "interval": bounds(each.accuracy, plain),
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
        "columns": [{"name": SECONDARY[name][0], "unit": SECONDARY[name][1]} for name in shown],
        "rows": [
            {"name": arm.title, "cells": [_cell(cells[name][row]) for name in shown]}
            for row, arm in enumerate(report.arms)
        ],
    }


def _cell(description: Description) -> dict[str, str]:
    return {"mean": brief(description.mean), "interval": bounds(description, brief)}


def bounds(description: Description, write: Callable[[float | None], str]) -> str:
    """An interval as "low to high", nothing where there is none."""
    return "" if description.low is None else f"{write(description.low)} to {write(description.high)}"


def troubles(report: StudyReport) -> dict[str, Any]:
    """Runs that failed and pairs that were left out: sentence, and a line for each."""
    runs = report.runs
    failures = [(each.title, failed) for each in report.everyone for failed in each.failures]
    left_out = [(arm.title, seed) for arm in report.arms for seed in arm.left_out]
    parts = [f"{runs.done:,} of {runs.planned:,} planned runs are done, {runs.failed:,} failed"]
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
    return [
        ("Baseline", baseline.model if known else f"{baseline.name} ({baseline.model})"),
        ("Seeds complete", f"{len(seeds.complete):,} of {seeds.planned:,} planned"),
        ("Runs", f"{runs.done:,} done, {runs.failed:,} failed"),
        ("Time", f"{duration(report.seconds)} on {counted(report.workers, 'worker')}"),
        ("Judged on", f"{report.judge_rows:,} images, the {JUDGING_SET}"),
        ("Too small to matter", f"within ±{report.margin:g} points (the margin)"),
    ]
