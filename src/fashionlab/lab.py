"""The public verbs: each composes the rooms of the house."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fashionlab import store
from fashionlab.data import Dataset, describe
from fashionlab.data import load as load_dataset
from fashionlab.errors import FashionlabError, Interrupted, NonFiniteLoss
from fashionlab.evaluation.summary import summarise
from fashionlab.models import Architecture, find_architecture
from fashionlab.reports import draw_run, draw_samples
from fashionlab.reports.live import show_progress
from fashionlab.store import (
    RESULTS_VERSION,
    Ledger,
    Run,
    delete_run,
    find_run,
    find_same,
    has_checkpoint,
)
from fashionlab.store.format import MODEL_FILE, to_json
from fashionlab.trained import TrainedModel
from fashionlab.training.loop import CHECKPOINT_SECONDS
from fashionlab.training.recipe import Model, Recipe
from fashionlab.workers import Worker

Events = Callable[[dict[str, Any]], object]

TRAINING = ("fashionlab.training.task", "fashionlab.training.fused", "fashionlab.evaluation.task")
"""What a worker imports while its parent reads the data and draws the samples."""


def load(dataset: str = "fashion-mnist", *, data_dir: str | Path | None = None) -> Dataset:
    """The data set by name ("fashion-mnist", "digits"), or the user's own at a path.

    Its `images` (uint8 [n, height, width]) and `labels` (int32 [n]) are the training part, from which `split` carves
    the validation part; the test part stays closed. Raises DataError, UsageError.
    """
    return load_dataset(dataset, data_dir=data_dir, announce=announce)


def train(
    model: str = "mlp",
    *,
    runs: str | Path = "runs",
    data_dir: str | Path | None = None,
    again: bool = False,
    refit: bool = False,
    test: bool = True,
    on_event: Events | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    **settings: Any,
) -> TrainedModel:
    """Train a model, evaluate it, and keep it as a sealed run; or return the run that did just this before.

    model: a name of the catalogue, `file.py:function` of your own, or a recipe file `*.toml`. settings: any field of
    the recipe and any option of the model by name: `train("mlp", dropout=0.2, epochs=12, seed=3)`.
    again: train even if an equal run exists. refit: train once more on training and validation rows together, for the
    epochs that validation chose, and return that run. test: False leaves the test part closed, as every choice between
    settings should. on_event: gets progress as plain data instead of a display.

    Raises UsageError for a setting that does not exist or is out of range, Interrupted (the run can be resumed),
    NonFiniteLoss, DataError, StoreError.
    """
    runs = Path(runs)
    recipe = Recipe.make(model, settings)
    dataset = load_dataset(recipe.data.dataset, data_dir=data_dir, announce=announce)
    architecture = find_architecture(recipe.model.name)
    if architecture.source is not None:
        recipe = _fill_own_options(recipe)
    job = _Job(architecture, dataset, runs, data_dir, again, test, on_event, checkpoint_seconds)
    chosen = job.train(recipe)
    return job.train(chosen.recipe_for_refit()) if refit else chosen


def resume(
    run: str | Path,
    *,
    runs: str | Path = "runs",
    data_dir: str | Path | None = None,
    trust: str | None = None,
    on_event: Events | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> TrainedModel:
    """Finish a run that was stopped or killed; its history and weights end up as if it never had been.

    run: its path, its name in `runs`, or "last". A run that is complete already is returned as it is.
    """
    found = find_run(Path(runs), str(run))
    if found.complete:
        announce(f"{found.path} is complete already")
        return TrainedModel(found, trust)
    with Worker(preload=TRAINING) as worker:
        return _finish(found, worker, data_dir, trust, on_event, checkpoint_seconds)


def open_run(run: str | Path, *, runs: str | Path = "runs", trust: str | None = None) -> TrainedModel:
    """Open a finished run by path, by name in `runs`, or "last".

    trust: the beginning of the SHA-256 of the run's own model file, for a run that was trained with one.
    Raises UsageError if there is no such run, RunIncomplete if it is not finished.
    """
    found = find_run(Path(runs), str(run))
    found.read("metrics.json")
    return TrainedModel(found, trust)


def describe_data(
    dataset: str = "fashion-mnist",
    *,
    data_dir: str | Path | None = None,
    seed: int = 0,
    folder: str | Path = "runs/data",
) -> dict[str, Any]:
    """What is in a data set, as plain data, and a picture of samples by class written to `folder`.

    Keys: those of `data.describe` (source, sha256, counts, pixel statistics, split) and `figures`, the paths written.
    """
    loaded = load(dataset, data_dir=data_dir)
    figures = draw_samples(Path(folder), loaded)
    return {**describe(loaded, seed), "figures": [str(path) for path in figures]}


def list_runs(*, runs: str | Path = "runs") -> list[dict[str, Any]]:
    """A line for each run, oldest first, as plain data: name, model, seed, state, accuracies, bytes."""
    return [_line(run) for run in store.list_runs(Path(runs))]


def show_run(run: str | Path, *, runs: str | Path = "runs") -> dict[str, Any]:
    """All about one run, as plain data: its request, environment, metrics and figures. Raises UsageError."""
    found = find_run(Path(runs), str(run))
    return {
        "run": str(found.path),
        "complete": found.complete,
        **found.request,
        "environment": found.environment if found.complete else None,
        "metrics": found.metrics if found.complete else None,
        "test_openings": len(Ledger(found.path.parent).openings(found.request["data"]["sha256"])),
        "figures": [str(path) for path in sorted((found.derived / "figures").glob("*.png"))],
    }


def _line(run: Run) -> dict[str, Any]:
    recipe = run.request["recipe"]
    metrics = run.metrics if run.complete else {}
    parts = {
        name: part and {key: part[key] for key in ("n", "accuracy", "accuracy_low", "accuracy_high", "loss")}
        for name, part in ((name, metrics.get(name)) for name in ("validation", "test"))
    }
    return {
        "run": run.name,
        "model": recipe["model"]["name"] + (" (refit)" if recipe["refit"] else ""),
        "seed": recipe["seed"],
        "complete": run.complete,
        "epochs": metrics.get("epochs"),
        "best_epoch": metrics.get("best_epoch"),
        **parts,
        "bytes": run.size,
    }


def announce(message: str) -> None:
    """Tell a person, on standard error, what is being done."""
    print(message, file=sys.stderr, flush=True)


def make_request(recipe: Recipe, architecture: Architecture, dataset: Dataset, test: bool) -> dict[str, Any]:
    """The content of `recipe.json`: all that decides a run's numbers. Two equal requests give equal numbers."""
    return {
        "recipe": recipe.to_json(),
        "data": {
            "sha256": dataset.sha256,
            "class_names": list(dataset.class_names),
            "side": int(dataset.images.shape[1]),
        },
        "model_sha256": architecture.source_sha256,
        "trainer": "fused",
        "precision": "float32",
        "test": test,
        "results_version": RESULTS_VERSION,
    }


def _fill_own_options(recipe: Recipe) -> Recipe:
    """Check the options of a user's own model, in a worker: this process never executes the file."""
    arguments = {"model": recipe.model.name, "options": recipe.model.options}
    with Worker() as worker:
        options = worker.call("fashionlab.training.task:fill_options", arguments)
    return replace(recipe, model=Model(recipe.model.name, options))


@dataclass(frozen=True)
class _Job:
    """What the runs of one `train` have in common."""

    architecture: Architecture
    dataset: Dataset
    runs: Path
    data_dir: str | Path | None
    again: bool
    test: bool
    on_event: Events | None
    checkpoint_seconds: float

    def train(self, recipe: Recipe) -> TrainedModel:
        request = make_request(recipe, self.architecture, self.dataset, self.test)
        trust = self.architecture.source_sha256
        finished, unfinished = find_same(self.runs, request)
        if finished and not self.again:
            announce(f"{finished.path} did just this before; --again trains anew")
            return TrainedModel(finished, trust)
        if unfinished:
            announce(f"{unfinished.path} is the same and unfinished: fashionlab train --resume {unfinished.path}")
        with Worker(preload=TRAINING) as worker:
            label = Path(self.architecture.name.partition(":")[0]).stem + ("-refit" if recipe.refit else "")
            run = Run.create(self.runs, f"{label}-seed{recipe.seed}", request)
            if self.architecture.source is not None:
                run.write(MODEL_FILE, self.architecture.source)
            draw_samples(run.derived / "figures", self.dataset)
            return _finish(run, worker, self.data_dir, trust, self.on_event, self.checkpoint_seconds)


def _finish(
    run: Run,
    worker: Worker,
    data_dir: str | Path | None,
    trust: str | None,
    on_event: Events | None,
    checkpoint_seconds: float,
) -> TrainedModel:
    """Train to the end, evaluate, seal, draw."""
    started = time.monotonic()
    common = {"run": str(run.path), "data_dir": None if data_dir is None else str(data_dir), "trust": trust}
    with _explained(run, trust), show_progress(run.request, on_event) as events:
        arguments = {**common, "checkpoint_seconds": checkpoint_seconds}
        ended = worker.call("fashionlab.training.task:train", arguments, events)
        worker.call("fashionlab.evaluation.task:evaluate", {**common, "test": run.request["test"]}, events)
    metrics = summarise(run.request, run.history, run.predictions, ended, time.monotonic() - started)
    run.write("metrics.json", to_json(metrics))
    run.seal()
    draw_run(run)
    return TrainedModel(run, trust)


@contextmanager
def _explained(run: Run, trust: str | None) -> Iterator[None]:
    """Say with an interruption or a failure what became of the run."""
    resume_with = f"fashionlab train --resume {run.path}" + (f" --trust {trust[:12]}" if trust else "")
    try:
        yield
    except Interrupted as error:
        raise Interrupted(f"{error}; go on with: {resume_with}") from error
    except NonFiniteLoss as error:
        raise NonFiniteLoss(f"{error}; the run is {run.path}") from error
    except KeyboardInterrupt:
        raise Interrupted(f"stopped; go on with: {resume_with}") from None
    except FashionlabError:
        # Nothing was trained yet (a model that cannot be built, data that are not there): leave no empty run behind.
        if not has_checkpoint(run):
            delete_run(run)
        raise
