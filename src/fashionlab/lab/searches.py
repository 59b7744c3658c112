"""The public verbs about searches: find good settings, and whether they are really better; go on with that."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from fashionlab.data import Dataset
from fashionlab.data import load as load_dataset
from fashionlab.errors import DataError, FashionlabError, Interrupted, UsageError
from fashionlab.lab.execution import DEFAULT, ExecutionOptions, as_settings, pop_log
from fashionlab.lab.study_job import begin_executor, run_study
from fashionlab.lab.study_results import SearchResult
from fashionlab.machine import describe_machine
from fashionlab.options import command, spelled
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import RESULTS_VERSION, RunSpec
from fashionlab.reports.progress.display import show
from fashionlab.reports.progress.search import SearchStatus, plan_lines
from fashionlab.reports.search.produce import produce_search_page
from fashionlab.reports.study.guarantee import SHARED_JUDGES
from fashionlab.search.declare import confirms, declare_confirmation, declare_search, describe_values, recipe_toml
from fashionlab.search.drive import SearchDriver, summarise_search
from fashionlab.search.folder import CONFIRMATION, SearchFolder, find_search
from fashionlab.search.plan import SearchFile, SearchPlan, fill_terms, read_search_file
from fashionlab.search.space import Vary, recipe_of, split_field
from fashionlab.search.summary import Trial, best_of, confirmed_by
from fashionlab.store import to_json
from fashionlab.studies.design.plan import StudyContext
from fashionlab.studies.execution.address import check_executor
from fashionlab.studies.execution.drive import refuse_another_version
from fashionlab.studies.execution.local import Executor
from fashionlab.studies.folder import StudyFolder
from fashionlab.text import tell
from fashionlab.tracking import announce, logged

FOR_TRIALS = 0.6
"""Of the minutes; the rest is for the confirmation."""

LEAST_MINUTES = 0.01
"""What a confirmation gets at least: with so little it begins no run, and says so."""

MakeExecutor = Callable[[Path], Executor]


def search(
    model: str = "mlp",
    *,
    vary: Vary = (),
    trials: int | None = None,
    prune: bool | None = None,
    objective: str | None = None,
    seeds: int | None = None,
    margin: float | None = None,
    title: str | None = None,
    runs: str | Path = "runs",
    execution: ExecutionOptions = DEFAULT,
    **settings: Any,
) -> SearchResult:
    """Search for better settings of a model, then confirm the best ones against the default on fresh seeds.

    model: as `train` takes it, or the file of a search (`search.plan.read_search_file`); settings: of its recipe, as
    `train` takes them, its trainer and backend; all trials have its seed. vary: the fields, as
    `["learning_rate=0.0003..0.01:log", "norm=batch/layer"]` or `{"dropout": "0..0.5", "norm": ["batch", "layer"]}`.
    trials: at most, 20 unless `execution.minutes` are given, six tenths of which are for trials. prune: False makes
    every trial to its end. objective: "accuracy" or "loss", of the half of the validation set that stops no training.
    seeds, margin: of the confirmation. The test set is not evaluated.

    Raises UsageError for a wrong setting or where Optuna is not installed, Interrupted (`resume_search` goes on),
    WorkerError if the first trials all fail, DataError, StoreError.
    """
    _require_optuna()
    execution = pop_log(settings, execution)
    check_executor(execution.executor, execution.address)
    file = read_search_file(Path(model)) if model.endswith(".toml") else SearchFile(model, {})
    given = {
        "title": title, "trials": trials, "objective": objective, "prune": prune, "seeds": seeds, "margin": margin,
        "minutes": execution.minutes,
    }  # fmt: skip
    terms = fill_terms(file.terms, given)
    trainer, backend = settings.pop("trainer", "auto"), settings.pop("backend", "auto")
    recipe = Recipe.make(file.model, {**file.settings, **settings})
    dataset = load_dataset(
        recipe.data.dataset, data_dir=execution.data_dir, announce=tell, preparation=recipe.data.preparation
    )
    if dataset.given_validation:
        tell(SHARED_JUDGES)
    context = StudyContext(dataset, trainer, backend, recipe.seed)
    plan = declare_search(recipe, _merged(file.vary, vary), context, terms)
    for sentence in context.advice:
        tell(sentence)
    folder = SearchFolder.create(Path(runs), f"{plan.recipe.model.name}-search", plan)
    return run_search(folder, dataset, replace(execution, minutes=None))


def resume_search(
    search: str | Path = "last",
    *,
    trials: int | None = None,
    seeds: int | None = None,
    runs: str | Path = "runs",
    execution: ExecutionOptions = DEFAULT,
) -> SearchResult:
    """Go on with a search that was stopped or killed, or that is to have more trials.

    search: its name in `runs`, its path, or "last". Finished trials count as they are, those under way are made again.
    trials, seeds: how many at most, from now on. Where another trial is the best by then, it is confirmed anew, on
    seeds that nothing has used.
    """
    _require_optuna()
    check_executor(execution.executor, execution.address)
    folder = find_search(Path(runs), str(search))
    plan = folder.plan
    given = {"trials": trials, "seeds": seeds, "minutes": execution.minutes}
    terms = fill_terms({"trials": plan.trials, "seeds": plan.seeds}, given)
    if terms.seeds < plan.seeds:
        raise UsageError(
            f"{spelled('seeds')}: given {terms.seeds}, expected {plan.seeds} or more, as many as were planned"
        )
    dataset = load_dataset(
        plan.data.name, data_dir=execution.data_dir, announce=tell, preparation=plan.recipe.data.preparation
    )
    if dataset.sha256 != plan.data.sha256:
        raise DataError(
            f"the data set {plan.data.name!r} has changed since search {plan.name} was begun (SHA-256 "
            f"{dataset.sha256[:12]}…, expected {plan.data.sha256[:12]}…); give it the old data, or begin anew"
        )
    with folder.lock():
        # Who says how many trials or minutes there are to be takes back what was said of both before.
        said = trials is not None or execution.minutes is not None
        count, minutes = (terms.trials if trials else None, None) if said else (plan.trials, plan.minutes)
        folder.save_plan(msgspec.structs.replace(plan, trials=count, minutes=minutes, seeds=terms.seeds))
    return run_search(folder, dataset, execution)


def open_search(search: str | Path = "last", *, runs: str | Path = "runs") -> SearchResult:
    """A search as it stands, finished or not: its name in `runs`, its path, or "last". Raises UsageError."""
    return SearchResult(find_search(Path(runs), str(search)))


def run_search(
    folder: SearchFolder, dataset: Dataset, execution: ExecutionOptions, make_executor: MakeExecutor | None = None
) -> SearchResult:
    """Make the trials that are lacking; then the confirmation, the page, the result.

    make_executor: as `study_job.run_study` takes it. Raises UsageError; Interrupted, with the command that goes on, at
    Ctrl-C.
    """
    plan, begun = folder.plan, time.monotonic()
    for_trials, minutes = _minutes(folder, execution)
    refuse_another_version(f"search {folder.name}", [plan.base], RESULTS_VERSION)
    announce(execution.log, folder.path.parent)
    go_on = command("resume_search", folder.path, **as_settings(execution))
    try:
        with folder.lock():
            best, default = _make_trials(folder, dataset, replace(execution, minutes=for_trials), make_executor, go_on)
            if best is not None:
                remark = [
                    f"The best of {folder.name}: trial {best.number}, {describe_values(best)}",
                    "fashionlab train best.toml",
                ]
                recipe = recipe_of(plan.recipe, best.values)
                folder.write(folder.recipe_file.name, recipe_toml(recipe, remark))
            if best is not None and not best.default:
                left = minutes if minutes is None else minutes - (time.monotonic() - begun) / 60
                left = left if left is None else max(LEAST_MINUTES, left)
                _confirm(folder, dataset, best, replace(execution, minutes=left), make_executor)
                _keep_confirmation(folder, best, default)
    except (KeyboardInterrupt, Interrupted):
        raise Interrupted(f"stopped; go on with: {go_on}") from None
    finally:
        if execution.report:
            _make_page(folder)
    return SearchResult(folder)


def _make_trials(
    folder: SearchFolder,
    dataset: Dataset,
    execution: ExecutionOptions,
    make_executor: MakeExecutor | None,
    go_on: str,
) -> tuple[Trial | None, Trial | None]:
    """Make the trials that are lacking; return the best one and the default's."""
    # Optuna is an extra, and takes half a second.
    from fashionlab.search.trials import Trials

    plan = folder.plan
    context = _context(plan, dataset)
    folder.sweep()

    def make_spec(recipe: Recipe) -> RunSpec:
        return context.make_arm("trial", recipe).spec.with_seed(plan.seed)

    store = Trials(folder.database, plan.fields, plan.seed, plan.objective == "accuracy", plan.prune)
    try:
        executor = (
            make_executor(folder.work)
            if make_executor
            else begin_executor(folder.work, dataset, execution, {plan.base.backend})
        )
        try:
            if execution.on_event is None:
                for line in plan_lines(plan, execution.minutes):
                    tell(line)
                tell(f"in {folder.path}; Ctrl-C leaves a search that goes on with: {go_on}")
            with show(SearchStatus(), execution.on_event) as shown:
                events = logged(shown, execution.log, folder.path.parent)
                driver = SearchDriver(
                    folder, executor, store, make_spec, events, describe_machine(), plan.trials,
                    execution.minutes, execution.silence,
                )  # fmt: skip
                driver.run()
        finally:
            executor.close()
            folder.sweep()
        summary = folder.summary
        assert summary is not None
        # The one before may have been of another trial.
        summary = summarise_search(
            folder, store, summary.state, summary.seconds, summary.workers, summary.machine, None
        )
        folder.write("summary.json", to_json(summary))
    finally:
        store.close()
    default = next((trial for trial in summary.trials if trial.default and trial.state == "finished"), None)
    return best_of(summary.trials, plan.objective), default


def _confirm(
    folder: SearchFolder,
    dataset: Dataset,
    best: Trial,
    execution: ExecutionOptions,
    make_executor: MakeExecutor | None,
) -> None:
    """Make the study of the best trial's recipe against the default one, or go on with it.

    A study of an earlier best stays where it is and counts no more.
    """
    plan, earlier = folder.plan, folder.confirmations
    if earlier and confirms(earlier[-1], plan, best):
        study = earlier[-1]
        if study.plan.seeds < plan.seeds:
            study.save_plan(msgspec.structs.replace(study.plan, seeds=plan.seeds))
    else:
        declared = declare_confirmation(plan, best, _context(plan, dataset), earlier)
        study = StudyFolder.create(folder.path / CONFIRMATION, "best-against-default", declared)
    if execution.on_event is None:
        tell(f"confirming trial {best.number} ({describe_values(best)}) on seeds that no trial has used:")
    run_study(study, dataset, execution, make_executor, runs=folder.path.parent)


def _keep_confirmation(folder: SearchFolder, best: Trial, default: Trial | None) -> None:
    summary, study = folder.summary, folder.confirmations[-1].summary
    assert summary is not None
    assert study is not None
    confirmed = confirmed_by(study, best, default)
    folder.write("summary.json", to_json(msgspec.structs.replace(summary, confirmed=confirmed)))


def _make_page(folder: SearchFolder) -> None:
    """The search's page; a failure is said and costs nothing."""
    try:
        if summary := folder.summary:
            produce_search_page(folder.path, summary)
    except FashionlabError as error:
        tell(f"no page was made: {error}")


def _context(plan: SearchPlan, dataset: Dataset) -> StudyContext:
    return StudyContext(dataset, plan.base.trainer, plan.base.backend, plan.seed, plan.base.bfloat16)


def _minutes(folder: SearchFolder, execution: ExecutionOptions) -> tuple[float | None, float | None]:
    """Minutes that this session has for its trials, and in all; None for no limit.

    Given now, they are this session's. Else they are what is left of those that the search was begun with.
    """
    if execution.minutes is not None:
        return FOR_TRIALS * execution.minutes, execution.minutes
    if folder.plan.minutes is None:
        return None, None
    summary, studies = folder.summary, folder.confirmations
    trials = summary.seconds / 60 if summary else 0.0
    confirmation = studies[-1].summary if studies else None
    spent = trials + (confirmation.seconds / 60 if confirmation else 0.0)
    return max(0.0, FOR_TRIALS * folder.plan.minutes - trials), max(0.0, folder.plan.minutes - spent)


def _merged(file: Mapping[str, Any], vary: Vary) -> Vary:
    """The file's fields and those given besides, which count where both name one."""
    if not file:
        return vary
    given = dict(vary) if isinstance(vary, Mapping) else dict(split_field(text) for text in vary)
    return {**file, **given}


def _require_optuna() -> None:
    if find_spec("optuna") is None:
        raise UsageError("a search needs Optuna, which is not installed: pip install 'fashionlab[search]'")
