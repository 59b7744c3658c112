"""The public verbs about studies: does a change help, which model is better, go on with that."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fashionlab.data import load as load_dataset
from fashionlab.errors import UsageError
from fashionlab.lab.job import announce
from fashionlab.lab.studied import StudyResult
from fashionlab.lab.study_job import StudyManner, describe_plan, load_for_plan, run_study
from fashionlab.models import find_architecture
from fashionlab.recipe.recipe import Recipe, common_settings
from fashionlab.studies.declare import declare_comparison, declare_study, extend, require_trust
from fashionlab.studies.design.file import StudyFile, Terms, fill_terms, read_study_file
from fashionlab.studies.design.plan import COMPARE_SEEDS, SEEDS, Change, Plan, Setting
from fashionlab.studies.execution.address import check_engine
from fashionlab.studies.folder import StudyFolder, find_study
from fashionlab.studies.folder import list_studies as list_folders

Events = Callable[[dict[str, Any]], object]


def study(
    model: str = "mlp",
    *,
    changes: Sequence[Change] = (),
    take_away: bool = False,
    seeds: int | None = None,
    first_seed: int | None = None,
    margin: float | None = None,
    minutes: float | None = None,
    all_seeds: bool = False,
    title: str | None = None,
    trainer: str = "auto",
    backend: str = "auto",
    workers: int | None = None,
    engine: str = "local",
    address: str | None = None,
    runs: str | Path = "runs",
    data_dir: str | Path | None = None,
    test: bool = True,
    report: bool = True,
    dry_run: bool = False,
    on_event: Events | None = None,
    silence: float | None = None,
    **settings: Any,
) -> StudyResult | dict[str, Any]:
    """Find out whether changes to a recipe really help: each is trained beside the baseline, seed by seed.

    model: the baseline's, as `train` takes it, or the file of a study (`studies.files`); settings: of its recipe, as
    `train` takes them. changes: an arm each, `"dropout=0"`, `"wide: widths=512,256 dropout=0.2"` or
    `{"name": "wide", "widths": (512, 256)}`; `model` may be changed like any setting, data and seed may not.
    take_away: also an arm for each regularizer that is on, without it. seeds: how many at most, from `first_seed`; the
    study ends before if every arm is decided, unless all_seeds. margin: percentage points that matter in practice.
    minutes: no run begins after so many. workers: how many runs are made at once, one a core if not said. test: False
    leaves the test part closed. dry_run: nothing is run, and the plan is returned, as plain data. silence: seconds
    without news from a run after which it counts as hung. engine: "local" for worker processes on this machine, "ray"
    for a Ray cluster: the one at `address` ("auto", "HOST:PORT", "ray://HOST:PORT"), or one of this machine's own.

    Raises UsageError for a wrong setting, Interrupted (`continue_study` goes on), WorkerError if nothing can be
    compared, DataError, StoreError.
    """
    check_engine(engine, address)
    file = _baseline(model)
    recipe = Recipe.make(file.model, {**file.settings, **_without_seed(settings)})
    given = {"seeds": seeds, "first_seed": first_seed, "margin": margin, "minutes": minutes, "title": title}
    # A flag that was not given leaves the file its word.
    flags = {"take_away": take_away or None, "all_seeds": all_seeds or None}
    terms = fill_terms({"seeds": SEEDS}, file.terms, given, flags)
    changes = [*file.changes, *changes]
    if not changes and not terms.take_away:
        raise UsageError("a study needs something to study: --change dropout=0, or --take-away for each regularizer")
    manner = StudyManner(data_dir, _workers(workers), terms.minutes, on_event, report, silence, engine, address)
    setting = _setting(recipe, terms, trainer, backend, data_dir)
    plan = declare_study(
        recipe, changes, terms.take_away, setting, terms.title, all_seeds=terms.all_seeds, test=test, **_common(terms)
    )
    label = Path(model.partition(":")[0]).stem + ("-take-away" if terms.take_away and not changes else "-study")
    return _run(plan, label, setting, manner, Path(runs), dry_run)


def compare(
    *models: str,
    baseline: str | None = None,
    seeds: int | None = None,
    first_seed: int | None = None,
    margin: float | None = None,
    minutes: float | None = None,
    title: str | None = None,
    trainer: str = "auto",
    backend: str = "auto",
    workers: int | None = None,
    engine: str = "local",
    address: str | None = None,
    runs: str | Path = "runs",
    data_dir: str | Path | None = None,
    test: bool = True,
    report: bool = True,
    dry_run: bool = False,
    on_event: Events | None = None,
    silence: float | None = None,
    **settings: Any,
) -> StudyResult | dict[str, Any]:
    """Compare models, seed by seed on the same pictures: a study whose arms are models, at a fixed number of seeds.

    models: two or more, each as `train` takes it. baseline: one of them, beside which the others are judged; without
    it the best on the judge half, which costs a little precision, as every pair might have come into question.
    settings: of the recipe; each applies to the models that have it, and at least one must. The rest as for `study`.
    """
    check_engine(engine, address)
    if len(models) < 2:
        raise UsageError(f"given {len(models)} models to compare, expected two or more: fashionlab compare mlp cnn")
    names = [_name(model) for model in models]
    if len(set(names)) < len(names):
        raise UsageError(f"given the models {', '.join(names)}, expected each name once")
    if baseline is not None and baseline not in (*models, *names):
        raise UsageError(f"--baseline: given {baseline!r}, expected one of the models: {', '.join(names)}")
    recipes = _recipes(models, _without_seed(settings))
    terms = fill_terms(
        {"seeds": COMPARE_SEEDS},
        {"seeds": seeds, "first_seed": first_seed, "margin": margin, "minutes": minutes, "title": title},
    )
    manner = StudyManner(data_dir, _workers(workers), terms.minutes, on_event, report, silence, engine, address)
    setting = _setting(next(iter(recipes.values())), terms, trainer, backend, data_dir)
    plan = declare_comparison(
        recipes, None if baseline is None else _name(baseline), setting, terms.title, test=test, **_common(terms)
    )
    return _run(plan, "compare", setting, manner, Path(runs), dry_run)


def continue_study(
    study: str | Path = "last",
    *,
    changes: Sequence[Change] = (),
    seeds: int | None = None,
    all_seeds: bool | None = None,
    minutes: float | None = None,
    workers: int | None = None,
    engine: str = "local",
    address: str | None = None,
    runs: str | Path = "runs",
    data_dir: str | Path | None = None,
    test: bool | None = None,
    report: bool = True,
    trust: Sequence[str] = (),
    on_event: Events | None = None,
    silence: float | None = None,
) -> StudyResult:
    """Go on with a study that was stopped or killed, or that one wants to know more of.

    study: its name in `runs`, its path, or "last". Finished runs count as they are, and what was declared stays:
    changes added now spend from the reserve. seeds: how many at most, from now on; all_seeds: go on to the last of
    them even if every arm is decided. trust: beginnings of the SHA-256 of the study's own model files.
    """
    check_engine(engine, address)
    folder = find_study(Path(runs), str(study))
    plan = folder.plan
    require_trust(plan, trust)
    if changes and plan.kind != "study":
        raise UsageError(f"{folder.name} compares models, all of them named at its start; begin a new comparison")
    terms = fill_terms({"seeds": plan.seeds}, {"seeds": seeds, "minutes": minutes})
    if (terms.seeds or 0) < plan.seeds:
        raise UsageError(f"--seeds: given {terms.seeds}, expected {plan.seeds} or more, as many as were planned")
    dataset = load_for_plan(plan, data_dir)
    wanted = {"seeds": terms.seeds, "all_seeds": all_seeds, "test": test}
    with folder.lock():
        request = plan.arms[0].request
        setting = Setting(dataset, request["trainer"], request["backend"], plan.first_seed)
        extend(folder, changes, setting, **{name: value for name, value in wanted.items() if value is not None})
    manner = StudyManner(data_dir, _workers(workers), terms.minutes, on_event, report, silence, engine, address)
    return run_study(folder, dataset, manner)


def list_studies(*, runs: str | Path = "runs") -> list[dict[str, Any]]:
    """A line for each study, oldest first, as plain data: name, title, state, runs, verdicts."""
    return [_line(folder) for folder in list_folders(Path(runs))]


def open_study(study: str | Path = "last", *, runs: str | Path = "runs") -> StudyResult:
    """A study as it stands, finished or not: its name in `runs`, its path, or "last". Raises UsageError."""
    return StudyResult(find_study(Path(runs), str(study)))


def _run(
    plan: Plan, label: str, setting: Setting, manner: StudyManner, runs: Path, dry_run: bool
) -> StudyResult | dict[str, Any]:
    for sentence in setting.advice:
        announce(sentence)
    if dry_run:
        return describe_plan(plan, runs, manner)
    return run_study(StudyFolder.create(runs, label, plan), setting.dataset, manner)


def _setting(recipe: Recipe, terms: Terms, trainer: str, backend: str, data_dir: str | Path | None) -> Setting:
    dataset = load_dataset(recipe.data.dataset, data_dir=data_dir, announce=announce)
    return Setting(dataset, trainer, backend, terms.first_seed)


def _common(terms: Terms) -> dict[str, Any]:
    return {"seeds": terms.seeds, "first_seed": terms.first_seed, "margin": terms.margin}


def _baseline(model: str) -> StudyFile:
    return read_study_file(Path(model)) if model.endswith(".toml") else StudyFile(model, {})


def _without_seed(settings: Mapping[str, Any]) -> dict[str, Any]:
    if "seed" in settings:
        raise UsageError("given seed, but a study varies it: say first_seed (--first-seed) and seeds (--seeds)")
    return dict(settings)


def _workers(workers: int | None) -> int | None:
    if workers is not None and not 1 <= workers <= 1024:
        raise UsageError(f"--workers: given {workers}, expected a whole number from 1 to 1024")
    return workers


def _name(model: str) -> str:
    """What a model is called in a comparison: a file's name without its ending, else the catalogue's name."""
    return Path(model.partition(":")[0]).stem


def _recipes(models: Sequence[str], settings: Mapping[str, Any]) -> dict[str, Recipe]:
    """By name the models' recipes; each setting goes to the models that have it."""
    recipes: dict[str, Recipe] = {}
    used: set[str] = set()
    for model in models:
        file = _baseline(model)
        architecture = find_architecture(file.model)
        # What a user's own file takes is known to nobody who may not execute it: it is given everything.
        options = settings if architecture.source else architecture.settings
        known = {*common_settings(architecture.classic), *options}
        mine = {name: value for name, value in settings.items() if name in known}
        used |= mine.keys()
        recipes[_name(model)] = Recipe.make(file.model, {**file.settings, **mine})
    unused = [name for name in settings if name not in used]
    if unused:
        raise UsageError(f"given {unused[0]}, a setting that none of these models has: {', '.join(models)}")
    first = next(iter(recipes.values()))
    for name, recipe in recipes.items():
        if recipe.data != first.data:
            raise UsageError(f"{name} has other data than the others; models are compared on the same pictures")
    return recipes


def _line(folder: StudyFolder) -> dict[str, Any]:
    plan, summary = folder.plan, folder.read_json("summary.json") or {}
    return {
        "study": folder.name,
        "kind": plan.kind,
        "title": plan.title,
        "created": plan.created,
        "state": summary.get("state", "stopped"),
        "runs": summary.get("runs"),
        "seconds": summary.get("seconds"),
        "bytes": folder.size,
        "verdicts": {arm["name"]: arm["verdict"]["word"] for arm in summary.get("arms", [])},
    }
