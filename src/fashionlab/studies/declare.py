"""Declaring a study: from what a user asked for to a plan that is checked before anything runs."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fashionlab.errors import UntrustedModel
from fashionlab.recipe.recipe import Recipe
from fashionlab.studies.design.plan import Arm, Change, Plan, Setting, arms_of_changes, check_arms
from fashionlab.studies.execution.local import PRELOADED
from fashionlab.studies.folder import StudyFolder
from fashionlab.training.network import TRUST_DIGITS
from fashionlab.workers import Worker


def declare_study(
    baseline: Recipe,
    changes: Sequence[Change],
    taking_away: bool,
    setting: Setting,
    title: str | None,
    **terms: Any,
) -> Plan:
    """The plan of a study of changes to a recipe; terms: further fields of `Plan`."""
    base = setting.make_arm("baseline", "The baseline", baseline)
    arms = (base, *arms_of_changes(base, changes, taking_away, setting))
    return _plan("study", title or _title(base, taking_away), arms, base.name, len(arms) - 1, setting, **terms)


def declare_comparison(
    models: Mapping[str, Recipe], baseline: str | None, setting: Setting, title: str | None, **terms: Any
) -> Plan:
    """The plan of a comparison of models: by name their recipes; `baseline`, one of the names, or None for the best."""
    names = sorted(models, key=lambda name: name != baseline)
    arms = tuple(setting.make_arm(name, f"{name} in its place", models[name]) for name in names)
    if baseline is not None:
        arms = (arms[0], *(replace(arm, changes={"model": [baseline, arm.name]}) for arm in arms[1:]))
    pairs = len(arms) - 1 if baseline else len(arms) * (len(arms) - 1) // 2
    return _plan("compare", title or " or ".join(names) + "?", arms, baseline, pairs, setting, all_seeds=True, **terms)


def _plan(
    kind: str, title: str, arms: tuple[Arm, ...], baseline: str | None, declared: int, setting: Setting, **terms: Any
) -> Plan:
    check_arms(arms)
    dataset = setting.dataset
    data = {"name": dataset.name, "sha256": dataset.sha256, "class_names": list(dataset.class_names)}
    created = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    rows = setting.judge_rows(arms[0].recipe)
    plan = Plan("", kind, title, created, arms, baseline, declared, judge_rows=rows, data=data, **terms)
    check_models(plan.arms)
    return plan


def check_models(arms: Sequence[Arm]) -> None:
    """Build every network once, in a worker: options that do not fit are found before anything runs."""
    arguments = {
        "requests": [arm.request for arm in arms],
        "sources": [None if arm.model_source is None else arm.model_source.decode() for arm in arms],
    }
    with Worker(preload=PRELOADED["jax"]) as worker:
        worker.call("fashionlab.studies.execution.tasks:check_models", arguments)


def extend(folder: StudyFolder, changes: Sequence[Change], setting: Setting, **terms: Any) -> None:
    """Add arms to a study, which spend from the reserve, and change its terms (seeds, all_seeds, test)."""
    plan = folder.plan
    added = arms_of_changes(plan.arms[0], changes, False, setting, later=True) if changes else []
    check_arms([*plan.arms, *added])
    if added:
        check_models(added)
    folder.save_plan(replace(plan, arms=(*plan.arms, *added), **terms))


def require_trust(plan: Plan, trust: Sequence[str]) -> None:
    """Raise UntrustedModel unless every model file of the study is vouched for: going on executes it."""
    for number, arm in enumerate(plan.arms):
        digest = arm.request["model_sha256"]
        if digest and not any(len(given) >= TRUST_DIGITS and digest.startswith(given.lower()) for given in trust):
            raise UntrustedModel(
                f"study {plan.name} would execute its own model file models/{number:02}.py; read it, and if you trust "
                f"it say so with --trust {digest[:TRUST_DIGITS]}"
            )


def _title(base: Arm, taking_away: bool) -> str:
    return f"What does each regularizer of {base.model} do?" if taking_away else f"Do these changes help {base.model}?"
