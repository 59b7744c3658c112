"""Declaring a study: from what a user asked for to a plan that is checked before anything runs."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import UNSET
from msgspec.structs import replace

from fashionlab.errors import UntrustedModel, UsageError
from fashionlab.options import spelled
from fashionlab.recipe.difference import Changed
from fashionlab.recipe.recipe import Recipe
from fashionlab.studies.design.file import Terms
from fashionlab.studies.design.origins import StudyOrigins
from fashionlab.studies.design.plan import (
    FORMAT,
    Arm,
    Change,
    Plan,
    StudyContext,
    StudyData,
    arms_of_changes,
    check_arms,
    judged_by_all,
    with_seeds,
)
from fashionlab.studies.design.quieter import quieter
from fashionlab.studies.execution.local import PRELOADED
from fashionlab.studies.execution.tasks import CHECK_MODELS, CheckArguments
from fashionlab.studies.folder import StudyFolder
from fashionlab.training.architectures import (
    TRUST_DIGITS,
    is_vouched_for,
    require_same_model,
    require_same_options,
)
from fashionlab.workers.pool import borrow


@dataclass(frozen=True)
class Start:
    """Where the runs of a study start. undivided: nothing was chosen on any validation row of the origins' runs."""

    origins: StudyOrigins
    undivided: bool


def declare_study(
    baseline: Recipe,
    changes: Sequence[Change],
    context: StudyContext,
    terms: Terms,
    test: bool = True,
    start: Start | None = None,
) -> Plan:
    """The plan of a study of changes to a recipe. test: evaluate the test set at the end; start: from which weights,
    None for weights drawn anew."""
    base = context.make_arm("baseline", baseline)
    arms = (base, *arms_of_changes(base, changes, terms.ablate, context))
    if start is not None:
        require_one_architecture(arms)
    title = (
        f"What does each regularizer of {base.model} do?" if terms.ablate else f"Do these changes help {base.model}?"
    )
    return _plan("study", title, arms, base.name, len(arms) - 1, context, terms, test, start)


def declare_comparison(
    models: Mapping[str, Recipe], baseline: str | None, context: StudyContext, terms: Terms, test: bool = True
) -> Plan:
    """The plan of a comparison of models: by name their recipes; `baseline`, one of the names, or None for the best."""
    names = sorted(models, key=lambda name: name != baseline)
    arms = tuple(context.make_arm(name, models[name], shared=True) for name in names)
    if baseline is not None:
        arms = (arms[0], *(replace(arm, changes={"model": Changed(baseline, arm.name)}) for arm in arms[1:]))
    pairs = len(arms) - 1 if baseline else len(arms) * (len(arms) - 1) // 2
    terms = replace(terms, all_seeds=True)
    return _plan("compare", " or ".join(names) + "?", arms, baseline, pairs, context, terms, test)


def _plan(
    kind: Literal["study", "compare"],
    title: str,
    arms: tuple[Arm, ...],
    baseline: str | None,
    declared: int,
    context: StudyContext,
    terms: Terms,
    test: bool,
    start: Start | None = None,
) -> Plan:
    check_arms(arms)
    # All arms of a study are judged by the same images, of which none has picked weights, those of an origin included.
    halved = any(arm.recipe.chooses_on_validation for arm in arms) or bool(start and not start.undivided)
    if not halved:
        arms = judged_by_all(arms)
    dataset = context.dataset
    plan = Plan(
        kind=kind,
        title=terms.title or title,
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        arms=with_seeds(arms, terms.seeds),
        baseline=baseline,
        declared=declared,
        seeds=terms.seeds,
        first_seed=terms.first_seed,
        all_seeds=terms.all_seeds,
        margin=terms.margin,
        judge_rows=context.judge_rows(arms[0].recipe, halved),
        data=StudyData(dataset.name, dataset.sha256, dataset.class_names, dataset.given_validation),
        test=test,
        origins=start.origins if start else None,
    )
    check_models(plan.arms)
    # Where an origin was stopped by one half, nothing that this study does makes the whole set judge.
    if halved and (start is None or start.undivided):
        recipes, whole = [arm.recipe for arm in arms], context.judge_rows(arms[0].recipe, halved=False)
        if advice := quieter(recipes, plan.judge_rows, whole):
            context.advice.append(advice)
    return plan


def require_one_architecture(arms: Sequence[Arm]) -> None:
    """Raise UsageError if the weights that all arms start from cannot fit each of them."""
    base = arms[0].recipe.model
    for arm in arms[1:]:
        ours = arm.recipe.model
        require_same_model(ours.name, base.name, "the baseline")
        require_same_options(ours, base, "the baseline")


def check_models(arms: Sequence[Arm]) -> None:
    """Build every network once, in a worker: options that do not fit are found before anything runs.

    A user's own has been examined when its arm was made.
    """
    arguments = CheckArguments(
        tuple(arm.spec for arm in arms if arm.model_source is None and arm.recipe.training is not None)
    )
    if not arguments.specs:
        return
    with borrow(preload=PRELOADED["jax"]) as worker:
        worker.call(CHECK_MODELS, arguments)


def extend(
    folder: StudyFolder,
    changes: Sequence[Change],
    context: StudyContext,
    *,
    seeds: int,
    all_seeds: bool | None,
    test: bool | None,
) -> None:
    """Add arms to a study, which spend from the reserve, and change its terms; None leaves one as it is.

    seeds: at most, from now on. The added arms declare them; the others keep what they declared.
    """
    plan = folder.plan
    base = plan.arms[0]
    plain = replace(base, spec=replace(base.spec, undivided=UNSET))
    added = arms_of_changes(plain, changes, False, context, later=True) if changes else []
    if plan.origins:
        require_one_architecture([base, *added])
    if base.spec.undivided:
        if stopped := [arm.name for arm in added if arm.recipe.chooses_on_validation]:
            raise UsageError(
                f"{spelled('changes')}: {stopped[0]!r} chooses on the validation set, all of which judges in this "
                "study, where "
                "nothing was stopped early; add a change that keeps all epochs, or begin a new study"
            )
        added = [*judged_by_all(added)]
    check_arms([*plan.arms, *added])
    if added:
        check_models(added)
    folder.save_plan(
        replace(
            plan,
            format=FORMAT,
            arms=(*plan.arms, *with_seeds(added, seeds)),
            seeds=seeds,
            all_seeds=plan.all_seeds if all_seeds is None else all_seeds,
            test=plan.test if test is None else test,
        )
    )


def require_trust(plan: Plan, trust: Sequence[str]) -> None:
    """Raise UntrustedModel unless every model file of the study is vouched for: going on executes it."""
    for number, arm in enumerate(plan.arms):
        digest = arm.spec.model_sha256
        if digest and not is_vouched_for(arm.spec, trust):
            beside = f", with models/{number:02} beside it" if arm.model_source and arm.model_source.files else ""
            raise UntrustedModel(
                f"study {plan.name} would execute its own model file models/{number:02}.py{beside}; read it, and if "
                f"you trust it say so with {spelled('trust', digest[:TRUST_DIGITS])}"
            )
