"""One study from what was asked for to its page: declare, run, confirm, report."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from fashionlab.data import Dataset
from fashionlab.data import load as load_dataset
from fashionlab.errors import DataError, FashionlabError, Interrupted, WorkerError
from fashionlab.lab.execution import ExecutionOptions, as_settings
from fashionlab.lab.study_results import StudyResult
from fashionlab.machine import describe_machine
from fashionlab.options import command
from fashionlab.recipe.spec import RESULTS_VERSION
from fashionlab.reports.progress.display import show
from fashionlab.reports.progress.study import StudyStatus, plan_lines
from fashionlab.reports.study import produce_study_page
from fashionlab.store import History, remember_executed, to_json
from fashionlab.studies.compare import compare_models
from fashionlab.studies.design.plan import Plan
from fashionlab.studies.events import OnStudyEvent, StudyEnded
from fashionlab.studies.execution.drive import Driver, refuse_another_version
from fashionlab.studies.execution.local import (
    CoreWorkers,
    Executor,
    LocalExecutor,
    default_workers,
    make_core_workers,
)
from fashionlab.studies.final import confirm
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.lessons.checks import LessonResult, lesson_of
from fashionlab.studies.lessons.robustness import measure_robustness
from fashionlab.studies.outcomes import RunResults, read_histories
from fashionlab.studies.overview import overview_of
from fashionlab.studies.summary import State, StudySummary
from fashionlab.text import tell
from fashionlab.tracking import announce, logged
from fashionlab.workers.events import RunFinished, RunTold


def workers_at_once(execution: ExecutionOptions) -> int | None:
    """How many runs are made at once; None where a cluster has the say."""
    return execution.workers or (default_workers() if execution.address is None else None)


def run_study(
    folder: StudyFolder,
    dataset: Dataset,
    execution: ExecutionOptions,
    make_executor: Callable[[Path], Executor] | None = None,
    runs: Path | None = None,
) -> StudyResult:
    """Make the runs that are lacking, until the study is at its end; then the test set, the page, the result.

    make_executor: makes what executes the runs, from the folder for unfinished ones, in place of the executor that the
    options name. runs: the folder of all runs, where the study does not lie directly in it. Raises UsageError;
    Interrupted, with the command that goes on, at Ctrl-C.
    """
    refuse_another_version(f"study {folder.name}", [arm.spec for arm in folder.plan.arms], RESULTS_VERSION)
    if runs is None:
        runs = folder.path.parent
        announce(execution.log, runs)
    at_once = workers_at_once(execution)
    for arm in folder.plan.arms:
        remember_executed(arm.spec)
    go_on = command("resume_study", folder.path, **as_settings(execution))
    with folder.lock():
        folder.sweep()
        backends = {arm.spec.backend for arm in folder.plan.arms}
        executor = (
            make_executor(folder.work) if make_executor else begin_executor(folder.work, dataset, execution, backends)
        )
        try:
            if execution.on_event is None:
                overview = overview_of(folder.plan, folder.path.parent, executor.slots or at_once, execution.minutes)
                for line in plan_lines(overview):
                    tell(line)
                tell(f"in {folder.path}; Ctrl-C leaves a study that goes on with: {go_on}")
            with show(StudyStatus(), execution.on_event) as shown:
                events, results = logged(shown, execution.log, runs), RunResults.read(folder)
                if execution.log:
                    _log_finished(folder, results, logged(lambda event: None, execution.log, runs))
                driver = Driver(
                    folder, executor, results, events, describe_machine(), execution.minutes,
                    execution.silence, executor.slots,
                )  # fmt: skip
                state = driver.run()
                events(StudyEnded(state))
                # The end is made here, wherever the runs were.
                with _workers_here(executor) as workers:
                    _conclude(driver, dataset, state, workers, execution.data_folder, events)
        except (KeyboardInterrupt, Interrupted):
            raise Interrupted(f"stopped; go on with: {go_on}") from None
        finally:
            executor.close()
            folder.sweep()
    if execution.report:
        make_page(folder, dataset)
    failures, summary = folder.failures(), folder.summary
    if failures and summary and not any(arm.pairs for arm in summary.arms):
        raise WorkerError(
            f"study {folder.path}: so many runs failed that there is nothing to compare, the first one so: "
            f"{failures[0].reason}"
        )
    return StudyResult(folder)


def _log_finished(folder: StudyFolder, results: RunResults, log: OnStudyEvent) -> None:
    """Have the runs logged that were finished before, perhaps without a log."""
    for arm in folder.plan.arms:
        for seed in folder.plan.all_seed_numbers:
            if (arm.name, seed) in results.outcomes:
                run = folder.run_of(arm, seed)
                log(RunTold(str(run.path), RunFinished(str(run.path), run.metrics)))


def begin_executor(work: Path, dataset: Dataset, execution: ExecutionOptions, backends: Collection[str]) -> Executor:
    """The executor that the options name. work: the folder for unfinished runs; backends: that the runs use."""
    if execution.executor == "ray":
        # Imported here, because Ray is an extra, and takes a second.
        from fashionlab.studies.execution.cluster import ClusterExecutor

        return ClusterExecutor(work, dataset, execution.address, execution.workers, backends, tell)
    return LocalExecutor(execution.workers or default_workers(), work, execution.data_folder)


@contextmanager
def _workers_here(executor: Executor) -> Iterator[Sequence[CoreWorkers]]:
    """Workers on this machine, when the runs are made: those that made them, or new ones in place of a cluster."""
    if isinstance(executor, LocalExecutor):
        yield executor.core_workers
        return
    executor.close()
    workers = make_core_workers(default_workers())
    try:
        yield workers
    finally:
        for core in workers:
            core.close()


def _conclude(
    driver: Driver,
    dataset: Dataset,
    state: State,
    workers: Sequence[CoreWorkers],
    data_dir: str | None,
    events: OnStudyEvent,
) -> None:
    """What comes once, when no run is under way any more: the models' own figures, and the test set."""
    folder, results, plan = driver.folder, driver.results, driver.folder.plan
    compare = compare_models(folder, results, data_dir, workers[0]) if plan.kind == "compare" else None
    test = confirm(folder, results, dataset, workers, events) if plan.test else None
    if (started := folder.lesson) and started.lesson.robustness:
        measure_robustness(folder, started.lesson.robustness, dataset, workers)
    folder.write("summary.json", to_json(driver.summarise(state, test, compare)))


def make_page(folder: StudyFolder, dataset: Dataset | None = None) -> Path | None:
    """The study's page, from its summary; a failure is said and costs nothing. dataset: for the images, or None."""
    summary = folder.summary
    try:
        if summary is None:
            return None
        images, curves = _images(folder, summary, dataset), _curves(folder, summary)
        return produce_study_page(folder.path, summary, images, curves, _lesson(folder))
    except FashionlabError as error:
        tell(f"no page was made: {error}")
        return None


def _curves(folder: StudyFolder, summary: StudySummary) -> Mapping[str, Sequence[tuple[str, History]]]:
    """The histories of its runs, by arm; nothing, and why is said, where one of them is damaged."""
    try:
        return read_histories(folder, summary.seeds.last)
    except FashionlabError as error:
        tell(f"the page has no learning curves: {error}")
        return {}


def _lesson(folder: StudyFolder) -> LessonResult | None:
    """The lesson that it is; nothing, and why is said, where a file of it is damaged."""
    try:
        return lesson_of(folder)
    except FashionlabError as error:
        tell(f"the page has no lesson: {error}")
        return None


def load_for_plan(plan: Plan, data_dir: str | Path | None) -> Dataset:
    """The study's data set. Raises DataError if what is found now is another."""
    preparation = plan.arms[0].recipe.data.preparation
    dataset = load_dataset(plan.data.name, data_dir=data_dir, announce=tell, preparation=preparation)
    if dataset.sha256 != plan.data.sha256:
        raise DataError(
            f"the data set {plan.data.name!r} has changed since study {plan.name} was begun (SHA-256 "
            f"{dataset.sha256[:12]}…, expected {plan.data.sha256[:12]}…); give it the old data, or begin anew"
        )
    return dataset


def _images(folder: StudyFolder, summary: StudySummary, dataset: Dataset | None) -> np.ndarray | None:
    """The images that all models of a comparison get wrong, in the order of the summary."""
    answers = summary.compare and summary.compare.answers
    if not answers or dataset is None:
        return None
    limit = folder.plan.arms[0].recipe.data.limit
    images: np.ndarray = (dataset.limited(limit) if limit else dataset).images
    return images[[each.row for each in answers.all_wrong]]
