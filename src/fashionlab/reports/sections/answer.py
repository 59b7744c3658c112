"""The answer first: how good the model is, how sure that is, beside whom, and at what cost."""

from typing import Any

from fashionlab.reports.references import reference_points
from fashionlab.reports.reproduce import recipe_line
from fashionlab.store import Ledger, Run

KEYS = ("n", "accuracy", "accuracy_low", "accuracy_high", "loss")


def answer(run: Run) -> dict[str, Any]:
    """Accuracy with its interval on the test part (on validation where the test part stayed closed), and the rest.

    Keys: part and KEYS (None if no part was predicted); other (the same of the validation part) or None, and then
    alone, why; references (name, low, high, what, source); recipe, a line; seconds; best_epoch, epochs, stopped;
    parameters; seed; test_openings.
    """
    metrics, request = run.metrics, run.request
    name = "test" if metrics["test"] else "validation"
    part, other = metrics[name], metrics["validation"] if name == "test" else None
    return {
        "part": name,
        **{key: part[key] if part else None for key in KEYS},
        "other": {"part": "validation", **{key: other[key] for key in KEYS}} if other else None,
        "alone": "the test part was left closed by this run"
        if name == "validation"
        else "trained on all rows, so there is no validation part",
        "references": reference_points(request["data"]["sha256"], part) if part else [],
        "recipe": recipe_line(request["recipe"]),
        "seconds": metrics["seconds"],
        "best_epoch": metrics["best_epoch"],
        "epochs": metrics["epochs"],
        "stopped": metrics["stopped"],
        "parameters": run.environment.get("parameters"),
        "seed": request["recipe"]["seed"],
        "test_openings": len(Ledger(run.path.parent).openings(request["data"]["sha256"])),
    }
