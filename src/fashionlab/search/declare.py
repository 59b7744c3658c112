"""Declaring a search, and the study that confirms its best: checked before anything runs."""

import time
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from fashionlab.errors import UsageError
from fashionlab.options import as_typed, command, options_of
from fashionlab.recipe.config import DataConfig, TrainingConfig
from fashionlab.recipe.recipe import Recipe
from fashionlab.search.plan import TRIALS, SearchPlan, SearchTerms
from fashionlab.search.space import Vary, read_fields, recipe_of
from fashionlab.search.summary import Trial
from fashionlab.studies.declare import check_models, declare_study
from fashionlab.studies.design.file import Terms
from fashionlab.studies.design.plan import FIRST_SEED, Plan, StudyContext, StudyData
from fashionlab.studies.folder import StudyFolder


def declare_search(recipe: Recipe, vary: Vary, context: StudyContext, terms: SearchTerms) -> SearchPlan:
    """The plan of a search. recipe: the default one, whose seed all trials have. Raises UsageError."""
    base = context.make_arm("baseline", recipe)
    if base.model_source is not None:
        raise UsageError(
            f"given the model {recipe.model.name!r}, expected one of the lab's own: a search executes no files yet; "
            f"vary it in a study: {command('study', 'FILE.py:function', changes=['NAME=VALUE'])}"
        )
    fields = read_fields(base.recipe, vary)
    check_models([base])
    dataset = context.dataset
    names = [field.name.replace("_", " ") for field in fields]
    return SearchPlan(
        title=terms.title or f"{_asked(names)} {base.model}?",
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        base=base.spec.with_seed(recipe.seed),
        fields=fields,
        trials=terms.trials or (TRIALS if terms.minutes is None else None),
        minutes=terms.minutes,
        objective=terms.objective,
        prune=terms.prune,
        seeds=terms.seeds,
        margin=terms.margin,
        judge_rows=context.judge_rows(base.recipe),
        data=StudyData(dataset.name, dataset.sha256, dataset.class_names, dataset.given_validation),
    )


def declare_confirmation(plan: SearchPlan, best: Trial, context: StudyContext, earlier: Sequence[StudyFolder]) -> Plan:
    """The study of the best trial's recipe against the default one, on seeds that no trial and no earlier confirmation
    has used, from FIRST_SEED on. The test set stays out of it: a search sees validation alone."""
    first = max([FIRST_SEED - 1, plan.seed, *(folder.plan.all_seed_numbers[-1] for folder in earlier)]) + 1
    terms = Terms(
        title=f"Is the best of the trials of {plan.name} really better than the default?", seeds=plan.seeds,
        first_seed=first, margin=plan.margin,
    )  # fmt: skip
    change = {"name": f"trial {best.number}", **best.values}
    fresh = StudyContext(context.dataset, context.trainer, context.backend, first, context.bfloat16)
    return declare_study(replace(plan.recipe, seed=0), [change], fresh, terms, test=False)


def confirms(study: StudyFolder, plan: SearchPlan, best: Trial) -> bool:
    """Whether a confirmation is of this trial's recipe."""
    arm = study.plan.arms[-1]
    return replace(arm.recipe, seed=plan.seed) == recipe_of(plan.recipe, best.values)


def recipe_toml(recipe: Recipe, remark: Sequence[str]) -> bytes:
    """A recipe as a file that `train`, `study` and `search` read. remark: lines on top, as comments.

    What is None has no value to write, and is None again when the file is read.
    """
    lines = [f"# {line}" for line in remark] + [f"seed = {recipe.seed}", ""]
    tables = {
        "data": {name: getattr(recipe.data, name) for name in options_of(DataConfig)},
        "model": {"name": recipe.model.name, **recipe.model.options},
        "training": {name: getattr(recipe.training, name) for name in options_of(TrainingConfig)}
        if recipe.training
        else {},
    }
    for title, table in tables.items():
        lines.append(f"[{title}]")
        # JSON's texts, numbers, lists, true and false are TOML's too.
        known = {name: value for name, value in table.items() if value is not None}
        lines += [f"{name} = {msgspec.json.encode(value).decode()}" for name, value in known.items()] + [""]
    return "\n".join(lines).encode()


def describe_values(trial: Trial) -> str:
    """A trial's values as one types them: "learning_rate=0.0021 dropout=0.17"."""
    return " ".join(f"{name}={as_typed(value)}" for name, value in trial.values.items())


def _asked(names: list[str]) -> str:
    if len(names) == 1:
        return f"Which {names[0]} suits"
    return f"Which {' and '.join(names) if len(names) == 2 else 'settings'} suit"
