"""How it learned: curves, gap, norms, and what they show."""

import math
from collections.abc import Mapping
from typing import Any

from fashionlab.evaluation import diagnose
from fashionlab.store import Run
from fashionlab.training.engines import CLASSIC

NO_EPOCHS = "this model has no epochs, so there is no curve to show"


def pace_of(request: Mapping[str, Any]) -> str:
    """What a row of a run's history is, in words: "epoch", or "round" of a classic model that is made in rounds."""
    return "round" if request["trainer"] == CLASSIC.trainer else "epoch"


def learning(run: Run) -> dict[str, Any]:
    """Keys: pace, "epoch" or "round"; findings, sentences; best_epoch; gap (loss, accuracy) or None; history by column;
    norms by layer and epoch (none for rounds)."""
    history, metrics = run.history, run.metrics
    if not history["epoch"]:
        how = run.environment.get("fit")
        return {"missing": f"{NO_EPOCHS}." + (f" About its fit: {how}." if how else "")}
    norms = run.norms
    layers = list(dict.fromkeys(norms["layer"]))
    epochs = sorted(set(norms["epoch"]))

    def by_layer(column: str) -> dict[str, list[float | None]]:
        keys = zip(norms["layer"], norms["epoch"], strict=True)
        given = dict(zip(keys, norms[column], strict=True))
        return {layer: [_finite(given.get((layer, epoch), math.nan)) for epoch in epochs] for layer in layers}

    pace = pace_of(run.request)
    diagnosis = diagnose(history, metrics["stopped"], metrics["best_epoch"])
    findings = diagnosis["findings"]
    if pace == "round":
        findings = [{**finding, "sentence": _in_rounds(finding["sentence"])} for finding in findings]
    return {
        "pace": pace,
        "findings": findings,
        "sentences": [finding["sentence"] for finding in findings],
        "best_epoch": metrics["best_epoch"],
        "gap": metrics["generalization_gap"],
        "history": {column: [_finite(v) for v in values] for column, values in history.items()},
        "norms": {"epoch": epochs, "weight_norm": by_layer("weight_norm"), "update_norm": by_layer("update_norm")},
    }


def _in_rounds(sentence: str) -> str:
    """A finding about a network's epochs, said of a boosted model's rounds, which are judged by the same figures."""
    words = (("the weights of epoch", "the trees up to round"), ("epoch", "round"), ("network", "model"))
    for of_network, of_boosting in words:
        sentence = sentence.replace(of_network, of_boosting)
    return sentence


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
