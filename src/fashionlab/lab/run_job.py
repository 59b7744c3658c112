"""One training job from start to end: reuse, train, evaluate, seal, draw, report."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path

from fashionlab.data import Dataset
from fashionlab.errors import FashionlabError, Interrupted, NonFiniteLoss
from fashionlab.evaluation.summary import summarise
from fashionlab.evaluation.tasks import EVALUATE
from fashionlab.lab.execution import ExecutionOptions, as_settings
from fashionlab.lab.results import TrainedModel
from fashionlab.models import Architecture
from fashionlab.options import command, spelled
from fashionlab.recipe.spec import RunSpec
from fashionlab.reports import draw_run, draw_samples, has_figures
from fashionlab.reports.progress.display import show
from fashionlab.reports.progress.run import RunStatus
from fashionlab.reports.run.produce import produce_report
from fashionlab.store import Run, delete_run, find_same, has_checkpoint, remember_executed, save_origin, to_json
from fashionlab.text import tell
from fashionlab.tracking import announce, logged
from fashionlab.training.datasets import hold
from fashionlab.training.engines import find_engine
from fashionlab.training.kinds import RunArguments, TrainArguments
from fashionlab.training.tasks import TRAIN
from fashionlab.workers import Worker
from fashionlab.workers.events import OnEvent, RunFinished, RunStarted
from fashionlab.workers.pool import borrow


def borrow_worker(spec: RunSpec) -> AbstractContextManager[Worker]:
    """A worker for the spec's engine, which imports while its parent reads the data and draws the samples."""
    engine = find_engine(spec)
    return borrow(engine.backend, preload=[TRAIN.module, EVALUATE.module, engine.module])


def start(
    spec: RunSpec,
    architecture: Architecture,
    dataset: Dataset,
    runs: Path,
    execution: ExecutionOptions,
    again: bool,
    origin: Run | None = None,
) -> TrainedModel:
    """Make a run of the spec, or return the finished run of an equal one unless `again`. origin: the run from whose
    weights the spec says that it starts."""
    finished, unfinished = find_same(runs, spec)
    if finished and not again:
        tell(f"an identical run exists: {finished.path}; use {spelled('again', True)} to retrain")
        return show_again(finished, architecture.source_sha256, execution)
    if unfinished:
        tell(f"{unfinished.path} is the same and unfinished: {command('resume', unfinished.path)}")
    hold(dataset)
    remember_executed(spec)
    with borrow_worker(spec) as worker:
        kind = ("-continued" if origin else "") + ("-refit" if spec.recipe.refit else "")
        label = Path(architecture.name.partition(":")[0]).stem + kind
        run = Run.create(runs, f"{label}-seed{spec.recipe.seed}", spec, architecture.source)
        try:
            with run.hold():
                if origin:
                    save_origin(run, origin.read("weights.safetensors"))
                draw_samples(run.derived / "figures", dataset)
                return finish(run, worker, architecture.source_sha256, execution)
        except FashionlabError as error:
            # Nothing was trained yet (a model that cannot be built, for one): leave no empty run behind.
            if not isinstance(error, Interrupted) and not run.complete and not has_checkpoint(run):
                delete_run(run)
            raise


def finish(run: Run, worker: Worker, trust: str | None, execution: ExecutionOptions) -> TrainedModel:
    """Train the run, which the caller holds, to its end from wherever it stands; evaluate, seal, draw, report."""
    started = time.monotonic()
    path, data_dir = str(run.path), execution.data_folder
    with _explained(run, execution), show(RunStatus(), execution.on_event) as shown:
        events = _begin(run, execution, shown)
        threading.Thread(target=_import_ahead, args=(execution.report,), daemon=True).start()
        asked = TrainArguments(path, data_dir, trust, execution.checkpoint_seconds, execution.snapshots)
        ended = worker.call(TRAIN, asked, events)
        stopping = worker.call(EVALUATE, RunArguments(path, data_dir, trust), events)
        seconds = time.monotonic() - started
        metrics = summarise(run.spec.data.class_names, run.history, run.predictions, ended, seconds, stopping)
        with run.lock():
            if not run.complete:
                run.write("metrics.json", to_json(metrics))
                run.seal()
    return _end(run, trust, execution, worker)


def _import_ahead(report: bool) -> None:
    """Import what the page needs, while the worker leaves a core free: it traces and compiles at first."""
    if report:
        for module in ("scipy.optimize", "jinja2"):
            import_module(module)


def show_again(run: Run, trust: str | None, execution: ExecutionOptions) -> TrainedModel:
    """Make what a finished run lacks to be looked at: its figures and, if wanted, its page and its log."""
    _begin(run, execution, execution.on_event or _ignore)
    return _end(run, trust, execution, None)


def _begin(run: Run, execution: ExecutionOptions, take: OnEvent) -> OnEvent:
    """Tell that the run begins, and return what takes the events that follow."""
    announce(execution.log, run.path.parent)
    events = logged(take, execution.log, run.path.parent)
    events(RunStarted(str(run.path), run.spec))
    return events


def _ignore(event: object) -> None:
    """Nobody looks on."""


def _end(run: Run, trust: str | None, execution: ExecutionOptions, worker: Worker | None) -> TrainedModel:
    trained = TrainedModel(run, trust)
    # The figures are drawn here while the worker looks into the network for the page.
    with ThreadPoolExecutor(max_workers=1) as pool:
        drawing = None if has_figures(run) else pool.submit(draw_run, run)
        if execution.report and trained.page is None:
            _make_page(run, trust, execution, worker)
        if drawing:
            drawing.result()
    logged(execution.on_event or _ignore, execution.log, run.path.parent)(RunFinished(str(run.path), run.metrics))
    return trained


def _make_page(run: Run, trust: str | None, execution: ExecutionOptions, worker: Worker | None) -> None:
    """The run's report; a failure is said and costs nothing, because the run is sealed and whole."""
    try:
        produce_report(run, worker=worker, data_dir=execution.data_dir, trust=trust, announce=tell)
    except Interrupted:
        raise Interrupted(f"stopped; {run.path} is complete but for its page: {command('report', run.path)}") from None
    except FashionlabError as error:
        tell(f"no report was made: {error}; {command('report', run.path)} tries again")


@contextmanager
def _explained(run: Run, execution: ExecutionOptions) -> Iterator[None]:
    """Say with an interruption or a failure what became of the run.

    An estimator has no half-way state: a run of one that was stopped is deleted.
    """
    resume_with = command("resume", run.path, **as_settings(execution))
    try:
        yield
    except (Interrupted, KeyboardInterrupt) as error:
        if not run.spec.recipe.kind.resumable and not run.complete:
            delete_run(run, held=True)
            raise Interrupted(
                f"{str(error) or 'stopped'}; the {run.spec.recipe.model.name} fit cannot go on from its middle, so "
                "nothing of it was kept: train it again to start over"
            ) from error
        raise Interrupted(f"{str(error) or 'stopped'}; go on with: {resume_with}") from error
    except NonFiniteLoss as error:
        raise NonFiniteLoss(f"{error}; the run is {run.path}") from error
