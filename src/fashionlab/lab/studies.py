"""The public verbs about studies: does a change help, which model is better, go on with that."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fashionlab.data import load as load_dataset
from fashionlab.errors import UsageError
from fashionlab.lab.execution import DEFAULT, ExecutionOptions, pop_log
from fashionlab.lab.origin import find_arm_origin, require_same, take_over
from fashionlab.lab.study_job import load_for_plan, make_page, run_study, workers_at_once
from fashionlab.lab.study_results import StudyResult
from fashionlab.models import Architecture, find_architecture
from fashionlab.models.registry import function_architecture
from fashionlab.options import command, spelled, wrong_choice
from fashionlab.recipe.config import common_options
from fashionlab.recipe.recipe import Recipe
from fashionlab.reports.study.guarantee import SHARED_JUDGES
from fashionlab.reports.wording import counted
from fashionlab.store import Run, to_json
from fashionlab.studies.declare import Start, declare_comparison, declare_study, extend, require_trust
from fashionlab.studies.design.file import StudyFile, Terms, fill_terms, read_study_file
from fashionlab.studies.design.lesson import StartedLesson
from fashionlab.studies.design.plan import COMPARE_SEEDS, Change, Plan, StudyContext
from fashionlab.studies.execution.address import check_executor
from fashionlab.studies.folder import StudyFolder, find_study
from fashionlab.studies.folder import list_studies as list_folders
from fashionlab.studies.overview import PlanOverview, StudyLine, line_of, overview_of
from fashionlab.text import tell
from fashionlab.training.prepare import refuse_training

Model = str | Path | Callable[..., Any]
"""A model as `train` takes it: a name, `file.py:function`, a recipe file, or a function."""


def study(
    model: Model | None = None,
    *,
    origin: str | Path | StudyResult | None = None,
    changes: Sequence[Change] = (),
    ablate: bool = False,
    seeds: int | None = None,
    first_seed: int | None = None,
    margin: float | None = None,
    title: str | None = None,
    all_seeds: bool = False,
    test: bool = True,
    runs: str | Path = "runs",
    execution: ExecutionOptions = DEFAULT,
    **settings: Any,
) -> StudyResult:
    """Find out whether changes to a recipe really help: each is trained next to the baseline, seed by seed.

    model: the baseline's, as `train` takes it, or the file of a study (`studies.design.file`); None is `mlp`, or the
    origin's; settings: of its recipe, as `train` takes them, and its trainer and backend. changes: an arm each,
    `"dropout=0"`, `"wide: widths=512,256 dropout=0.2"` or `{"name": "wide", "widths": (512, 256)}`; `model` may be
    changed like any setting (in a mapping also to a function), data and seed may not.
    ablate: also an arm for each regularizer that is on, with it turned off. seeds: how many at most, from
    `first_seed`; they are declared, and the intervals are made for them (`studies.stats.boundary`); the study ends
    earlier if every arm is decided, unless all_seeds. margin: percentage points that
    matter in practice. title: the question, for the page. test: False does not evaluate the test set.

    origin: an earlier study, from whose runs those of this one go on, each from the run with its seed: its path, its
    name in `runs`, "last", or what `study` gave; its baseline's runs, or those of another arm, "STUDY:ARM". What is not
    given is taken over from that arm's recipe, and the seeds are those that have an origin.

    Raises UsageError for a wrong setting, Interrupted (`resume_study` goes on), WorkerError if nothing can be
    compared, DataError, StoreError.
    """
    asked = {
        "origin": origin, "changes": changes, "ablate": ablate, "seeds": seeds, "first_seed": first_seed,
        "margin": margin, "title": title, "all_seeds": all_seeds, "test": test,
    }  # fmt: skip
    return run_declared(declare_from(model, {**asked, **settings}, execution, Path(runs)), runs)


def plan_study(
    model: Model | None = None, *, runs: str | Path = "runs", execution: ExecutionOptions = DEFAULT, **asked: Any
) -> PlanOverview:
    """What `study` would do with the same arguments, and its estimated time; nothing is run."""
    return _preview(declare_from(model, asked, execution, Path(runs)), runs)


def compare(
    *models: Model,
    baseline: Model | None = None,
    seeds: int | None = None,
    first_seed: int | None = None,
    margin: float | None = None,
    title: str | None = None,
    test: bool = True,
    runs: str | Path = "runs",
    execution: ExecutionOptions = DEFAULT,
    **settings: Any,
) -> StudyResult:
    """Compare models, seed by seed on the same images: a study whose arms are models, at a fixed number of seeds.

    models: two or more, each as `train` takes it. baseline: one of them, the reference for the others. Without it that
    is the best on the judging set, which costs a little precision, as every pair might have come into question.
    settings: of the recipe; each applies to the models that have it, and at least one must. The rest as for `study`.
    """
    asked = {
        "baseline": baseline, "seeds": seeds, "first_seed": first_seed, "margin": margin, "title": title,
        "test": test,
    }  # fmt: skip
    return run_declared(_declare_comparison(models, {**asked, **settings}, execution), runs)


def plan_comparison(
    *models: Model, runs: str | Path = "runs", execution: ExecutionOptions = DEFAULT, **asked: Any
) -> PlanOverview:
    """What `compare` would do with the same arguments, and its estimated time; nothing is run."""
    return _preview(_declare_comparison(models, asked, execution), runs)


def resume_study(
    study: str | Path = "last",
    *,
    changes: Sequence[Change] = (),
    seeds: int | None = None,
    all_seeds: bool | None = None,
    test: bool | None = None,
    trust: Sequence[str] = (),
    runs: str | Path = "runs",
    execution: ExecutionOptions = DEFAULT,
) -> StudyResult:
    """Go on with a study that was stopped or killed, or that one wants to know more of.

    study: its name in `runs`, its path, or "last". Finished runs count as they are, and what was declared stays:
    changes added now spend from the reserve. seeds: how many at most, from now on, also beyond those declared at the
    start, where the intervals shrink more slowly; all_seeds: go on to the last of them even if every arm is decided.
    trust: beginnings of the SHA-256 of the study's own model files, for a study that was begun elsewhere.
    """
    check_executor(execution.executor, execution.address)
    folder = find_study(Path(runs), str(study))
    plan = folder.plan
    require_trust(plan, trust)
    if changes and plan.kind != "study":
        raise UsageError(f"{folder.name} compares models, all of them named at its start; begin a new comparison")
    terms = fill_terms({"seeds": plan.seeds}, {"seeds": seeds, "minutes": execution.minutes})
    if terms.seeds < plan.seeds:
        raise UsageError(
            f"{spelled('seeds')}: given {terms.seeds}, expected {plan.seeds} or more, as many as were planned"
        )
    if plan.origins and terms.seeds > plan.seeds:
        raise UsageError(
            f"{spelled('seeds')}: given {terms.seeds}, but the runs of study {folder.name} start from those of study "
            f"{plan.origins.study}, of which it keeps {plan.seeds}, from seed {plan.first_seed} on; for more, begin a "
            f"new study with {spelled('origin')}"
        )
    declared = [arm.declared_seeds for arm in plan.arms if arm.declared_seeds]
    if declared and terms.seeds > max(plan.seeds, *declared):
        tell(
            f"the intervals of this study were made for the {counted(max(declared), 'seed')} that were declared; they "
            "hold beyond, with the fifth of the permitted error that was kept for it, and shrink more slowly there"
        )
    dataset = load_for_plan(plan, execution.data_dir)
    with folder.lock():
        spec = plan.arms[0].spec
        own: dict[str, Architecture] = {}
        changes = [_without_functions(change, own) for change in changes]
        # Of an estimator as the baseline there is no trainer to go on with.
        trainer, backend = (spec.trainer, spec.backend) if spec.recipe.training else ("auto", "auto")
        context = StudyContext(dataset, trainer, backend, plan.first_seed, own=own, bfloat16=plan.bfloat16)
        extend(folder, changes, context, seeds=terms.seeds, all_seeds=all_seeds, test=test)
    return run_study(folder, dataset, execution)


def list_studies(*, runs: str | Path = "runs") -> list[StudyLine]:
    """A line for each study, oldest first."""
    return [line_of(folder) for folder in list_folders(Path(runs))]


def open_study(study: str | Path = "last", *, runs: str | Path = "runs") -> StudyResult:
    """A study as it stands, finished or not: its name in `runs`, its path, or "last". Raises UsageError."""
    return StudyResult(find_study(Path(runs), str(study)))


def report_study(
    study: str | Path = "last", *, runs: str | Path = "runs", execution: ExecutionOptions = DEFAULT
) -> StudyResult:
    """Make a study's page anew, of what it has found so far. Never trains. Raises UsageError, StoreError, DataError."""
    folder = find_study(Path(runs), str(study))
    result = StudyResult(folder)
    if result.summary.compare:
        make_page(folder, load_for_plan(folder.plan, execution.data_dir))
    else:
        make_page(folder)
    return result


@dataclass(frozen=True)
class Declared:
    """A plan, and what it needs to be run. label: what its folder is called after; origins: by seed the run that its
    runs start from."""

    plan: Plan
    label: str
    context: StudyContext
    execution: ExecutionOptions
    origins: Mapping[int, Run] = field(default_factory=dict)


def declare_from(
    baseline: Model | None,
    asked: Mapping[str, Any],
    execution: ExecutionOptions,
    runs: Path,
    file: StudyFile | None = None,
) -> Declared:
    """What `study` runs when it is asked for this. runs: in which an origin is looked for; file: read already from the
    path `baseline`, or None."""
    settings = _without_seed(asked)
    execution = pop_log(settings, execution)
    check_executor(execution.executor, execution.address)
    own: dict[str, Architecture] = {}
    model = None if baseline is None else _without_function(baseline, own)
    changes: Sequence[Change] = [_without_functions(each, own) for each in settings.pop("changes", None) or ()]
    # A flag that was not given leaves the file its word.
    flags = {name: settings.pop(name, None) or None for name in ("ablate", "all_seeds")}
    file = file or _read_baseline(model)
    trainer, backend, test = _pop_training(settings)
    given = [file.terms, _pop_terms(settings), flags, {"minutes": execution.minutes}]
    terms, settings = fill_terms(*given), {**file.settings, **settings}
    before = find_arm_origin(terms.origin, runs) if terms.origin else None
    if before:
        first = next((each["first_seed"] for each in given[1::-1] if each.get("first_seed") is not None), None)
        terms = fill_terms(before.seeds_from(first), *given)
        if file.named is None and (architecture := before.architecture):
            own[architecture.name] = architecture
        name, settings = take_over(before.arm.recipe, str(before), file.named, settings)
        del settings["seed"]
        file = replace(file, named=name)
    recipe = Recipe.make(file.model, settings, own.get(file.model))
    changes = [*file.changes, *changes]
    if not changes and not terms.ablate:
        raise UsageError(
            f"a study needs something to study: {spelled('changes', ['dropout=0'])}, or {spelled('ablate', True)} "
            "for each "
            "regularizer"
        )
    context = _context(recipe, terms, trainer, backend, execution, own)
    what = ("-continued" if before else "") + ("-ablation" if terms.ablate and not changes else "-study")
    label = Path((model or recipe.model.name).partition(":")[0]).stem + what
    execution = replace(execution, minutes=terms.minutes)
    if before is None:
        return Declared(declare_study(recipe, changes, context, terms, test), label, context, execution)
    start = Start(before.of(range(terms.first_seed, terms.first_seed + terms.seeds)), before.undivided)
    plan = declare_study(recipe, changes, context, terms, test, start)
    origins = {seed: before.runs[seed] for seed in plan.all_seed_numbers}
    for seed, run in origins.items():
        require_same(plan.spec_for(plan.arms[0], seed), run, context.dataset)
    return Declared(plan, label, context, execution, origins)


def _declare_comparison(asked_for: Sequence[Model], asked: Mapping[str, Any], execution: ExecutionOptions) -> Declared:
    settings = _without_seed(asked)
    if "from" in asked or "origin" in asked:
        raise UsageError(
            f"given {spelled('origin')}, but models are compared from weights drawn anew, as one model's weights do "
            "not fit another; a study can go on from an earlier one"
        )
    execution = pop_log(settings, execution)
    check_executor(execution.executor, execution.address)
    own: dict[str, Architecture] = {}
    models = [_without_function(model, own) for model in asked_for]
    baseline: str | None = settings.pop("baseline", None)
    baseline = None if baseline is None else _without_function(baseline, own)
    if len(models) < 2:
        raise UsageError(
            f"given {counted(len(models), 'model')} to compare, expected two or more: "
            f"{command('compare', 'mlp', 'cnn')}"
        )
    names = [_name(model) for model in models]
    if len(set(names)) < len(names):
        raise UsageError(f"given the models {', '.join(names)}, expected each name once")
    if baseline is not None and baseline not in (*models, *names):
        raise UsageError(wrong_choice("baseline", baseline, names))
    terms = fill_terms({"seeds": COMPARE_SEEDS}, _pop_terms(settings), {"minutes": execution.minutes})
    trainer, backend, test = _pop_training(settings)
    recipes = _recipes(models, settings, own)
    context = _context(next(iter(recipes.values())), terms, trainer, backend, execution, own)
    plan = declare_comparison(recipes, None if baseline is None else _name(baseline), context, terms, test)
    if not any(arm.recipe.training for arm in plan.arms):
        # Until a user's own model was examined, it counted as a network.
        for recipe in recipes.values():
            refuse_training(recipe)
    return Declared(plan, "compare", context, replace(execution, minutes=terms.minutes))


def run_declared(declared: Declared, runs: str | Path, lesson: StartedLesson | None = None) -> StudyResult:
    """Begin the study in the folder of runs, and run it to its end. lesson: that it is, or None."""
    for sentence in declared.context.advice:
        tell(sentence)
    folder = StudyFolder.create(Path(runs), declared.label, declared.plan, declared.origins)
    if lesson is not None:
        folder.write("lesson.json", to_json(lesson))
    return run_study(folder, declared.context.dataset, declared.execution)


def _preview(declared: Declared, runs: str | Path) -> PlanOverview:
    for sentence in declared.context.advice:
        tell(sentence)
    execution = declared.execution
    return overview_of(declared.plan, Path(runs), workers_at_once(execution), execution.minutes)


def _context(
    recipe: Recipe,
    terms: Terms,
    trainer: str,
    backend: str,
    execution: ExecutionOptions,
    own: Mapping[str, Architecture],
) -> StudyContext:
    dataset = load_dataset(
        recipe.data.dataset, data_dir=execution.data_dir, announce=tell, preparation=recipe.data.preparation
    )
    if dataset.given_validation:
        tell(SHARED_JUDGES)
    return StudyContext(dataset, trainer, backend, terms.first_seed, own=own)


def _read_baseline(model: str | None) -> StudyFile:
    return read_study_file(Path(model)) if model and model.endswith(".toml") else StudyFile(model, {})


def _without_seed(asked: Mapping[str, Any]) -> dict[str, Any]:
    if "seed" in asked:
        raise UsageError(
            f"given {spelled('seed')}, but a study varies it: say {spelled('first_seed')} and {spelled('seeds')}"
        )
    return dict(asked)


def _pop_terms(settings: dict[str, Any]) -> dict[str, Any]:
    terms = {name: settings.pop(name, None) for name in ("seeds", "first_seed", "margin", "title", "origin")}
    origin = terms["origin"]
    return terms | {"origin": None if origin is None else str(getattr(origin, "path", origin))}


def _pop_training(settings: dict[str, Any]) -> tuple[str, str, bool]:
    return settings.pop("trainer", "auto"), settings.pop("backend", "auto"), settings.pop("test", True)


def _without_function(model: Model, own: dict[str, Architecture]) -> str:
    """The model's name; a function gets one, by which `own` has it from now on."""
    if isinstance(model, (str, Path)):
        return str(model)
    architecture = function_architecture(model)
    if own.setdefault(architecture.name, architecture).source_sha256 != architecture.source_sha256:
        raise UsageError(f"given two functions called {architecture.name.rpartition(':')[2]!r}; rename one of them")
    return architecture.name


def _without_functions(change: Change, own: dict[str, Architecture]) -> Change:
    """The same for a change, which may have a model."""
    if isinstance(change, str) or "model" not in change:
        return change
    return {**change, "model": _without_function(change["model"], own)}


def _name(model: str) -> str:
    """What a model is called in a comparison: a file's name without its ending, with the function's unless that is
    `build`, else the registry's name."""
    file, _, function = model.partition(":")
    stem = Path(file).stem
    return stem if function in ("", "build", stem) else f"{stem}:{function}"


def _recipes(models: Sequence[str], settings: Mapping[str, Any], own: Mapping[str, Architecture]) -> dict[str, Recipe]:
    """By name the models' recipes; each setting goes to the models that have it."""
    recipes: dict[str, Recipe] = {}
    used: set[str] = set()
    for model in models:
        file = _read_baseline(model)
        architecture = own.get(file.model) or find_architecture(file.model)
        # What a user's own file takes is known to nobody who may not execute it: it is given everything.
        options = settings if architecture.source else architecture.options
        known = {*common_options(architecture.kind), *options}
        mine = {name: value for name, value in settings.items() if name in known}
        used |= mine.keys()
        recipes[_name(model)] = Recipe.make(file.model, {**file.settings, **mine}, own.get(file.model))
    unused = [name for name in settings if name not in used]
    if unused:
        raise UsageError(f"given {unused[0]}, a setting that none of these models has: {', '.join(models)}")
    first = next(iter(recipes.values()))
    for name, recipe in recipes.items():
        if recipe.data != first.data:
            raise UsageError(f"{name} has other data than the others; models are compared on the same images")
    return recipes
