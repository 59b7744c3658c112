"""The public verbs about searches: find good settings, and whether they are really better; go on with that."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fashionlab.data import Dataset
from fashionlab.data import load as load_dataset
from fashionlab.errors import DataError, FashionlabError, Interrupted, UsageError
from fashionlab.lab.execution import DEFAULT, ExecutionOptions, refuse_execution
from fashionlab.lab.search_results import SearchResult
from fashionlab.lab.study_job import begin_executor, elsewhere, run_study
from fashionlab.machine import describe_machine
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import RESULTS_VERSION, RunSpec
from fashionlab.reports.progress.display import show
from fashionlab.reports.progress.search import SearchStatus
from fashionlab.reports.search.produce import produce_search_page
from fashionlab.reports.study.guarantee import SHARED_JUDGES
from fashionlab.search.declare import declare_confirmation, declare_search, describe_values, recipe_toml
from fashionlab.search.drive import SearchDriver, summarise_search
from fashionlab.search.folder import SearchFolder, find_search
from fashionlab.search.plan import SearchFile, SearchPlan, fill_terms, read_search_file
from fashionlab.search.space import Vary, recipe_of
from fashionlab.search.summary import Confirmed, Trial, best_of, confirmed_by
from fashionlab.store import to_json
from fashionlab.studies.design.plan import StudyContext
from fashionlab.studies.execution.address import check_executor
from fashionlab.studies.execution.drive import refuse_another_version
from fashionlab.studies.execution.local import Executor
from fashionlab.studies.folder import StudyFolder
from fashionlab.text import tell

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
    check_executor(execution.executor, execution.address)
    refuse_execution(settings)
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
    return run_search(folder, dataset, replace(execution, minutes=terms.minutes))


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
        raise UsageError(f"--seeds: given {terms.seeds}, expected {plan.seeds} or more, as many as were planned")
    dataset = load_dataset(
        plan.data.name, data_dir=execution.data_dir, announce=tell, preparation=plan.recipe.data.preparation
    )
    if dataset.sha256 != plan.data.sha256:
        raise DataError(
            f"the data set {plan.data.name!r} has changed since search {plan.name} was begun (SHA-256 "
            f"{dataset.sha256[:12]}…, expected {plan.data.sha256[:12]}…); give it the old data, or begin anew"
        )
    with folder.lock():
        folder.extend(terms.trials, terms.seeds)
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
    refuse_another_version(f"search {folder.name}", [plan.base], RESULTS_VERSION)
    go_on = f"fashionlab search resume {folder.path}{elsewhere(execution)}"
    try:
        with folder.lock():
            best, default = _make_trials(folder, dataset, execution, make_executor, go_on)
            if best is not None:
                remark = [
                    f"The best of {folder.name}: trial {best.number}, {describe_values(best)}",
                    "fashionlab train best.toml",
                ]
                recipe = recipe_of(plan.recipe, best.values)
                folder.write(folder.recipe_file.name, recipe_toml(recipe, remark))
            if best is not None and not best.default:
                left = execution.minutes and max(LEAST_MINUTES, execution.minutes - (time.monotonic() - begun) / 60)
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
        return context.make_arm("trial", recipe).spec_for(plan.seed)

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
            with show(SearchStatus(), execution.on_event) as events:
                driver = SearchDriver(
                    folder, executor, store, make_spec, events, describe_machine(), plan.trials,
                    execution.minutes and FOR_TRIALS * execution.minutes, execution.silence,
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
