"""One training job from start to end: reuse, train, evaluate, seal, draw, report."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashionlab.data import Dataset
from fashionlab.errors import FashionlabError, Interrupted, NonFiniteLoss
from fashionlab.evaluation.summary import summarise
from fashionlab.lab.trained import TrainedModel
from fashionlab.models import Architecture
from fashionlab.reports import draw_run, draw_samples, has_figures
from fashionlab.reports.progress.training import show_progress
from fashionlab.reports.run.produce import produce_report
from fashionlab.store import Run, delete_run, find_same, has_checkpoint
from fashionlab.store.format import to_json
from fashionlab.training.engines import CLASSIC, find_engine
from fashionlab.workers import Worker

Events = Callable[[dict[str, Any]], object]


def make_worker(request: Mapping[str, Any]) -> Worker:
    """A worker for the request's engine, which imports while its parent reads the data and draws the samples."""
    engine = find_engine(request)
    own = "fashionlab.training.estimators" if engine == CLASSIC else engine.runner.partition(":")[0]
    return Worker(engine.backend, preload=["fashionlab.training.tasks", "fashionlab.evaluation.tasks", own])


@dataclass(frozen=True)
class Manner:
    """How a job is done, as against what is done: nothing here changes a number.

    trust: SHA-256 (or its beginning) of the user's own model file, which may then be executed.
    """

    data_dir: str | Path | None
    trust: str | None
    on_event: Events | None
    report: bool
    checkpoint_seconds: float


def announce(message: str) -> None:
    """Tell a person, on standard error, what is being done."""
    print(message, file=sys.stderr, flush=True)


def start(
    request: dict[str, Any],
    architecture: Architecture,
    dataset: Dataset,
    runs: Path,
    manner: Manner,
    again: bool,
) -> TrainedModel:
    """Make a run of the request, or return the finished run of an equal one unless `again`."""
    finished, unfinished = find_same(runs, request)
    if finished and not again:
        announce(f"{finished.path} did just this before; --again trains anew")
        return show_again(finished, manner)
    if unfinished:
        announce(f"{unfinished.path} is the same and unfinished: fashionlab train --resume {unfinished.path}")
    with make_worker(request) as worker:
        recipe = request["recipe"]
        label = Path(architecture.name.partition(":")[0]).stem + ("-refit" if recipe["refit"] else "")
        run = Run.create(runs, f"{label}-seed{recipe['seed']}", request, architecture.source)
        draw_samples(run.derived / "figures", dataset)
        try:
            return finish(run, worker, manner)
        except FashionlabError as error:
            # Nothing was trained yet (a model that cannot be built, for one): leave no empty run behind.
            if not isinstance(error, Interrupted) and not run.complete and not has_checkpoint(run):
                delete_run(run)
            raise


def finish(run: Run, worker: Worker, manner: Manner) -> TrainedModel:
    """Train the run to its end from wherever it stands, evaluate, seal, draw, report."""
    started = time.monotonic()
    data_dir = None if manner.data_dir is None else str(manner.data_dir)
    common = {"run": str(run.path), "data_dir": data_dir, "trust": manner.trust}
    with _explained(run, manner.trust), show_progress(run.request, manner.on_event) as events:
        arguments = {**common, "checkpoint_seconds": manner.checkpoint_seconds}
        ended = worker.call("fashionlab.training.tasks:train", arguments, events)
        worker.call("fashionlab.evaluation.tasks:evaluate", {**common, "test": run.request["test"]}, events)
        metrics = summarise(run.request, run.history, run.predictions, ended, time.monotonic() - started)
        with run.lock():
            if not run.complete:
                run.write("metrics.json", to_json(metrics))
                run.seal()
    return show_again(run, manner, worker)


def show_again(run: Run, manner: Manner, worker: Worker | None = None) -> TrainedModel:
    """Make what a finished run lacks to be looked at: its figures and, if wanted, its page."""
    trained = TrainedModel(run, manner.trust)
    # The figures are drawn here while the worker looks into the network for the page.
    with ThreadPoolExecutor(max_workers=1) as pool:
        drawing = None if has_figures(run) else pool.submit(draw_run, run)
        if manner.report and trained.page is None:
            _make_page(run, manner, worker)
        if drawing:
            drawing.result()
    return trained


def _make_page(run: Run, manner: Manner, worker: Worker | None) -> None:
    """The run's report; a failure is said and costs nothing, because the run is sealed and whole."""
    try:
        produce_report(run, worker=worker, data_dir=manner.data_dir, trust=manner.trust, announce=announce)
    except Interrupted:
        raise Interrupted(f"stopped; {run.path} is complete but for its page: fashionlab report {run.path}") from None
    except FashionlabError as error:
        announce(f"no report was made: {error}; fashionlab report {run.path} tries again")


@contextmanager
def _explained(run: Run, trust: str | None) -> Iterator[None]:
    """Say with an interruption or a failure what became of the run.

    A classic model has no half-way state: a run of one that was stopped is deleted.
    """
    resume_with = f"fashionlab train --resume {run.path}" + (f" --trust {trust[:12]}" if trust else "")
    try:
        yield
    except (Interrupted, KeyboardInterrupt) as error:
        if run.request["trainer"] == CLASSIC.trainer and not run.complete:
            delete_run(run)
            name = run.request["recipe"]["model"]["name"]
            raise Interrupted(
                f"{str(error) or 'stopped'}; the {name} fit cannot go on from its middle, so nothing of it was kept: "
                "train it again to start over"
            ) from error
        raise Interrupted(f"{str(error) or 'stopped'}; go on with: {resume_with}") from error
    except NonFiniteLoss as error:
        raise NonFiniteLoss(f"{error}; the run is {run.path}") from error
