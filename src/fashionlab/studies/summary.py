"""`summary.json`: all that a reader of a study wants to know, as plain data; the page and `--json` show the same.

    {"format": 1, "name", "kind": "study" | "compare", "title", "created",
     "state": "running" | "decided" | "seeds" | "minutes" | "stopped",
     "baseline": {"name", "model", "settings": {flat name: value}, "parameters", "seconds": DESCRIPTION},
     "margin", "alpha", "declared",
     "part": {"name": "judge half of validation", "n"},
     "seeds": {"planned", "first", "complete": [seeds whose every arm finished], "last": the seed with which every arm
        was decided, or null; later ones do not count},
     "runs": {"done", "failed", "planned", "retried": attempts that failed and were made again},
     "seconds": wall time of all sessions, "workers", "machine": {"processor", "cores", "python", "platform", ...},
     "dataset": {"name", "sha256", "class_names"},
     "arms": [{"name", "subject", "changes": {field: [from, to]}, "model", "level", "added_later", "withdrawn": reason
        or null, "verdict": Verdict.to_json(), "trajectory": {"seed", "mean", "low", "high": lists, null where there is
        no bound},
        "pairs": [{"seed", "baseline", "arm": accuracies on the judge half, fractions, "difference": points}],
        "left_out": [{"seed", "reason"}],
        "secondary": {"loss" | "calibration_error" | "gap" | "epochs_to_best" | "seconds": DESCRIPTION of the paired
            differences, with "unit" and "label"},
        "failures": [{"seed", "reason", "attempts"}]}, ...],
     "failures": the same for the baseline,
     "accuracy": {arm's or baseline's name: DESCRIPTION of the accuracy on the judge half, percent},
     "test": null, or see `final`;  "compare": null, or see `compare`}

DESCRIPTION is `Description.to_json()`. In a comparison without a named baseline, the best model so far is the baseline.
"""

import math
from collections.abc import Sequence
from typing import Any

from fashionlab.studies.design.plan import Arm, Plan
from fashionlab.studies.outcomes import Ledgers, Outcome, Pairs, counted_seeds, flat, judge_arm, last_seed
from fashionlab.studies.stats.describe import describe
from fashionlab.studies.stats.sequential import trajectory

SECONDARY = {
    "loss": ("log-loss on the judge half", "nats", 1.0),
    "calibration_error": ("expected calibration error on the judge half", "points", 100.0),
    "gap": ("generalization gap: accuracy in training, dropout on, minus accuracy on the stop half", "points", 100.0),
    "best_epoch": ("epochs to the best one", "epochs", 1.0),
    "seconds": ("training time on one core", "s", 1.0),
}
"""Field of `Outcome` -> what it is, its unit, and the factor that gives this unit."""

KEYS = {"best_epoch": "epochs_to_best"}


def summarise_study(
    plan: Plan,
    known: Ledgers,
    *,
    state: str,
    seconds: float,
    workers: int,
    machine: dict[str, Any],
    test: dict[str, Any] | None = None,
    compare: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Compose the summary; the module's docstring says what is in it."""
    base = plan.arm(plan.baseline or known.best(plan))
    last, counted = last_seed(plan, known), counted_seeds(plan, known)
    others = [arm for arm in plan.arms if arm is not base]
    failed = [key for key in known.failures if known.given_up(*key) is not None]
    retried = sum(len(attempts) for attempts in known.failures.values()) - len(failed)
    values = {arm.name: [known.outcomes[arm.name, seed] for seed in counted[arm.name]] for arm in plan.arms}
    return {
        "format": 1,
        "name": plan.name,
        "kind": plan.kind,
        "title": plan.title,
        "created": plan.created,
        "state": state,
        "baseline": {
            "name": base.name,
            "model": base.model,
            "settings": flat(base.request),
            "parameters": next((outcome.parameters for outcome in values[base.name]), None),
            "seconds": describe([outcome.seconds for outcome in values[base.name]]).to_json(),
        },
        "margin": plan.margin,
        "alpha": plan.alpha,
        "declared": plan.declared,
        "part": {"name": "judge half of validation", "n": plan.judge_rows},
        "seeds": {
            "planned": plan.seeds,
            "first": plan.first_seed,
            "complete": [seed for seed in plan.all_seed_numbers if all(seed in counted[arm.name] for arm in plan.arms)],
            "last": last,
        },
        "runs": {
            "done": len(known.outcomes),
            "failed": len(failed),
            "planned": plan.seeds * len(plan.arms),
            "retried": retried,
        },
        "seconds": seconds,
        "workers": workers,
        "machine": machine,
        "dataset": plan.data,
        "arms": [_arm(plan, known, base, arm, last) for arm in others],
        "failures": _failures(known, base),
        "accuracy": {name: describe([100 * o.accuracy for o in found]).to_json() for name, found in values.items()},
        "test": test,
        "compare": compare,
    }


def _arm(plan: Plan, known: Ledgers, base: Arm, arm: Arm, last: int | None) -> dict[str, Any]:
    pairs = known.pairs(plan, base.name, arm.name, last)
    found = [(known.outcomes[base.name, seed], known.outcomes[arm.name, seed]) for seed in pairs.seeds]
    return {
        "name": arm.name,
        "subject": arm.subject,
        "changes": arm.changes or {"model": [base.model, arm.model]},
        "model": arm.model,
        "level": plan.level_of(arm),
        "added_later": arm.added_later,
        "withdrawn": known.withdrawn(plan, arm.name),
        "verdict": judge_arm(plan, arm, pairs).to_json(),
        "trajectory": _trajectory(plan, arm, pairs),
        "pairs": [
            {"seed": seed, "baseline": before.accuracy, "arm": after.accuracy, "difference": difference}
            for seed, difference, (before, after) in zip(pairs.seeds, pairs.differences, found, strict=True)
        ],
        "left_out": [{"seed": seed, "reason": reason} for seed, reason in pairs.left_out],
        "secondary": {KEYS.get(name, name): _secondary(name, found) for name in SECONDARY},
        "failures": _failures(known, arm),
    }


def _trajectory(plan: Plan, arm: Arm, pairs: Pairs) -> dict[str, list[Any]]:
    known = trajectory(pairs.differences, level=plan.level_of(arm), resolution=100 / plan.judge_rows)  # type: ignore[arg-type]

    def bounded(values: Any) -> list[float | None]:
        return [float(value) if math.isfinite(value) else None for value in values]

    return {
        "seed": pairs.seeds,
        "mean": bounded(known.mean),
        "low": bounded(known.low),
        "high": bounded(known.high),
    }


def _secondary(name: str, found: Sequence[tuple[Outcome, Outcome]]) -> dict[str, Any]:
    label, unit, factor = SECONDARY[name]
    both = [(getattr(before, name), getattr(after, name)) for before, after in found]
    differences = [factor * (after - before) for before, after in both if before is not None and after is not None]
    return {**describe(differences).to_json(), "unit": unit, "label": label}


def _failures(known: Ledgers, arm: Arm) -> list[dict[str, Any]]:
    return [
        {"seed": seed, "reason": reason, "attempts": len(attempts)}
        for (name, seed), attempts in sorted(known.failures.items())
        if name == arm.name and (reason := known.given_up(name, seed)) is not None
    ]
