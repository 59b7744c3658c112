"""How it learned: curves, gap, norms, and what they show."""

import math
from typing import Any

from fashionlab.evaluation import diagnose
from fashionlab.store import Run


def learning(run: Run) -> dict[str, Any]:
    """Keys: sentences; best_epoch; gap (loss, accuracy) or None; history by column; norms by layer and epoch."""
    history, metrics = run.history, run.metrics
    if not history["epoch"]:
        return {"missing": "this model has no epochs, so there is no curve to show."}
    norms = run.norms
    layers = list(dict.fromkeys(norms["layer"]))
    epochs = sorted(set(norms["epoch"]))

    def by_layer(column: str) -> dict[str, list[float | None]]:
        keys = zip(norms["layer"], norms["epoch"], strict=True)
        given = dict(zip(keys, norms[column], strict=True))
        return {layer: [_finite(given.get((layer, epoch), math.nan)) for epoch in epochs] for layer in layers}

    diagnosis = diagnose(history, metrics["stopped"], metrics["best_epoch"])
    return {
        "findings": diagnosis["findings"],
        "sentences": [finding["sentence"] for finding in diagnosis["findings"]],
        "best_epoch": metrics["best_epoch"],
        "gap": metrics["generalization_gap"],
        "history": {column: [_finite(v) for v in values] for column, values in history.items()},
        "norms": {"epoch": epochs, "weight_norm": by_layer("weight_norm"), "update_norm": by_layer("update_norm")},
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
