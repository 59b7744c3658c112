"""The answer first: how good the model is, how sure that is, beside whom, and at what cost."""

from typing import Any

from fashionlab.reports.run.references import reference_points
from fashionlab.reports.run.reproduce import recipe_line
from fashionlab.reports.run.sections.learning import pace_of
from fashionlab.store import Ledger, Run
from fashionlab.training.engines import CLASSIC

KEYS = ("n", "accuracy", "accuracy_low", "accuracy_high", "loss")


def answer(run: Run) -> dict[str, Any]:
    """Accuracy with its interval on the test part (on validation where the test part stayed closed), and the rest.

    Keys: part and KEYS (None if no part was predicted); other (the same of the validation part) or None, and then
    alone, why; references (name, low, high, what, source); recipe, a line; seconds; best_epoch, epochs, stopped;
    parameters (None where the word means nothing); classic, whether it is no network, and then size, what it is made
    of in words, else None; pace, what it counts, "epoch" or "round"; seed; test_openings.
    """
    metrics, request = run.metrics, run.request
    name = "test" if metrics["test"] else "validation"
    part, other = metrics[name], metrics["validation"] if name == "test" else None
    return {
        "part": name,
        **{key: part[key] if part else None for key in KEYS},
        "other": {"part": "validation", **{key: other[key] for key in KEYS}} if other else None,
        "alone": (
            "a run of a study, graded by half of the validation part alone; the other half stopped its training"
            if request.get("judge")
            else "the test part was left closed by this run"
        )
        if name == "validation"
        else "trained on all rows, so there is no validation part",
        "references": reference_points(request["data"]["sha256"], part) if part else [],
        "recipe": recipe_line(request["recipe"]),
        "seconds": metrics["seconds"],
        "best_epoch": metrics["best_epoch"],
        "epochs": metrics["epochs"],
        "stopped": metrics["stopped"],
        "parameters": run.environment.get("parameters"),
        "classic": request["trainer"] == CLASSIC.trainer,
        "pace": pace_of(request),
        "size": run.environment.get("size"),
        "seed": request["recipe"]["seed"],
        "test_openings": len(Ledger(run.path.parent).openings(request["data"]["sha256"])),
    }
