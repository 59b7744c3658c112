"""`metrics.json`: what a run is worth, from its predictions and its history, as plain data."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fashionlab.evaluation.metrics import evaluate


def summarise(
    request: Mapping[str, Any],
    history: Mapping[str, Sequence[float]],
    predictions: Mapping[str, np.ndarray],
    ended: Mapping[str, Any],
    seconds: float,
) -> dict[str, Any]:
    """Compose `metrics.json`.

    ended: how training ended, {"best_epoch", "stopped"}, and of a classic model {"seconds"}, its fit's; seconds: the
    whole job's time in this process. A part that was not predicted (validation in a refit, test in a study) is null.
    `pace` is there only for a classic model, whose
    epochs are rounds.
    """
    names = request["data"]["class_names"]

    def part(name: str) -> dict[str, Any] | None:
        if f"{name}_logits" not in predictions:
            return None
        return evaluate(predictions[f"{name}_logits"], predictions[f"{name}_labels"], names)

    best = int(ended["best_epoch"])
    row = {column: values[best - 1] for column, values in history.items()} if best else {}
    has_validation = bool(row) and not math.isnan(row["val_loss"])
    return {
        "validation": part("validation"),
        "test": part("test"),
        "best_epoch": best,
        "epochs": len(history["epoch"]),
        "stopped": ended["stopped"],
        **({"pace": ended["pace"]} if "pace" in ended else {}),
        "generalization_gap": {
            "loss": row["val_loss"] - row["loss"],
            "accuracy": row["accuracy"] - row["val_accuracy"],
        }
        if has_validation
        else None,
        "seconds": {"training": ended.get("seconds", sum(history["seconds"])), "total": seconds},
    }
