"""Beside the verdicts: accuracies, secondary effects, and the runs that failed or were left out."""

from collections.abc import Mapping
from typing import Any

from fashionlab.reports.run.render import duration
from fashionlab.reports.study import words

SECONDARY = {
    "loss": "log-loss",
    "calibration_error": "calibration error",
    "gap": "generalization gap",
    "epochs_to_best": "epochs to the best",
    "seconds": "training time",
}
"""Descriptive figures by key, in the page's order; others follow under their own names."""


def accuracies(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A line for the baseline and every arm: name, own (the baseline), mean, interval, deviation, n."""
    baseline = summary["baseline"]["name"]
    names = {arm["name"]: arm["title"] for arm in [*summary["arms"], summary["baseline"]]}
    return [
        {"name": names.get(name, name), "own": name == baseline,
         "n": d["n"], "mean": words.plain(d["mean"]), "interval": bounds(d, words.plain),
         "deviation": words.plain(d["deviation"])}
        for name, d in summary["accuracy"].items()
    ]  # fmt: skip


def secondary(summary: Mapping[str, Any]) -> dict[str, Any]:
    """columns (title with unit) and rows (what changed, and a mean with its interval for every column)."""
    keys = list(SECONDARY) + sorted({k for arm in summary["arms"] for k in arm["secondary"]} - set(SECONDARY))
    found = {k: next((arm["secondary"][k] for arm in summary["arms"] if arm["secondary"].get(k)), None) for k in keys}
    shown = [key for key in keys if found[key]]
    labels = [(found[key] or {}).get("label") for key in shown]
    return {
        "labels": "; ".join(label for label in labels if label),
        "columns": [
            {"name": SECONDARY.get(key, key.replace("_", " ")), "unit": (found[key] or {}).get("unit", "")}
            for key in shown
        ],
        "rows": [
            {"name": arm["title"], "cells": [_cell(arm["secondary"].get(key)) for key in shown]}
            for arm in summary["arms"]
        ],
    }


def _cell(description: Mapping[str, Any] | None) -> dict[str, str]:
    if not description or description["mean"] is None:
        return {"mean": "–", "interval": ""}
    return {"mean": words.brief(description["mean"]), "interval": bounds(description, words.brief)}


def bounds(description: Mapping[str, Any], write: Any) -> str:
    """An interval as "low to high", nothing where there is none."""
    if description["low"] is None:
        return ""
    return f"{write(description['low'])} to {write(description['high'])}"


def troubles(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Runs that failed and pairs that were left out: sentence, and a line for each."""
    runs = summary["runs"]
    arms = summary["arms"]
    own = [{"arm": summary["baseline"]["title"], **line} for line in summary.get("failures", [])]
    failures = own + [{"arm": arm["title"], **line} for arm in arms for line in arm["failures"]]
    left_out = [{"arm": arm["title"], **line} for arm in arms for line in arm["left_out"]]
    parts = [f"{runs['done']:,} of {runs['planned']:,} planned runs are done, {runs['failed']:,} failed"]
    if runs["retried"]:
        parts.append(f"{runs['retried']:,} were tried again")
    parts.append(
        f"{words.counted(len(left_out), 'pair')} {'were' if len(left_out) > 1 else 'was'} left out of the verdicts"
    )
    return {
        "sentence": ", ".join(parts) + ".",
        "failures": failures,
        "left_out": left_out,
        "any": bool(failures or left_out),
    }


def facts(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was compared, on how much, at what cost: a few names with their texts."""
    baseline, seeds, runs = summary["baseline"], summary["seeds"], summary["runs"]
    known = baseline["name"] in ("baseline", baseline["model"])
    model = baseline["model"] if known else f"{baseline['name']} ({baseline['model']})"
    planned = "" if seeds["planned"] is None else f" of {seeds['planned']:,} planned"
    workers = "" if summary["workers"] is None else f" on {words.counted(summary['workers'], 'worker')}"
    return [
        ("Baseline", model),
        ("Seeds complete", f"{len(seeds['complete']):,}{planned}"),
        ("Runs", f"{runs['done']:,} done, {runs['failed']:,} failed"),
        ("Time", f"{duration(summary['seconds'])}{workers}"),
        ("Judged on", f"{summary['part']['n']:,} pictures, {summary['part']['name']}"),
        ("Too small to matter", f"within ±{summary['margin']:g} points (the margin)"),
    ]
