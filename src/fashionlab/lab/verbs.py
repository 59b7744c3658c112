"""The public verbs: each composes the rooms of the house."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fashionlab.data import Dataset, describe
from fashionlab.data import load as load_dataset
from fashionlab.errors import StoreError, UsageError
from fashionlab.lab.job import (
    Events,
    Manner,
    announce,
    finish,
    make_worker,
    show_again,
    start,
)
from fashionlab.lab.trained import TrainedModel
from fashionlab.recipe.recipe import Recipe
from fashionlab.reports import draw_samples
from fashionlab.reports.displays import Display, samples_display
from fashionlab.reports.run.produce import produce_report
from fashionlab.store import Ledger, Run, delete_run, find_run
from fashionlab.store import list_runs as list_folders
from fashionlab.studies.folder import StudyFolder, find_study
from fashionlab.training.engines import CLASSIC
from fashionlab.training.loop import CHECKPOINT_SECONDS
from fashionlab.training.prepare import make_request, prepare


def load(dataset: str = "fashion-mnist", *, data_dir: str | Path | None = None) -> Dataset:
    """The data set by name ("fashion-mnist", "digits"), or the user's own at a path.

    Its `images` (uint8 [n, height, width]) and `labels` (int32 [n]) are the training part, from which `split` carves
    the validation part; the test part stays closed. Raises DataError, UsageError.
    """
    return load_dataset(dataset, data_dir=data_dir, announce=announce)


def train(
    model: str = "mlp",
    *,
    data: Dataset | None = None,
    runs: str | Path = "runs",
    data_dir: str | Path | None = None,
    trainer: str = "auto",
    backend: str = "auto",
    again: bool = False,
    refit: bool = False,
    test: bool = True,
    report: bool = True,
    on_event: Events | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    **settings: Any,
) -> TrainedModel:
    """Train a model, evaluate it, and keep it as a sealed run; or return the run that did just this before.

    model: a name of the catalogue, `file.py:function` of your own, or a recipe file `*.toml`. settings: any field of
    the recipe and any option of the model by name: `train("mlp", dropout=0.2, epochs=12, seed=3)`. data: what `load`
    gave, instead of `dataset`, its name or path. trainer: how epochs are run, "fused" (JAX), "tape" (tf.GradientTape),
    "fit" (Keras' own, on the backend "jax" or "tensorflow"), or "auto", the fastest for this model here.
    again: train even if an equal run exists. refit: train once more on training and validation rows together, for the
    epochs that validation chose, and return that run. test: False leaves the test part closed, as every choice between
    settings should. report: make the run's page at the end. on_event: gets progress as plain data instead of a display.

    Raises UsageError for a setting that does not exist or is out of range, Interrupted (the run can be resumed),
    NonFiniteLoss, DataError, StoreError.
    """
    runs = Path(runs)
    if data is not None:
        settings["dataset"] = data.name
    recipe = Recipe.make(model, settings)
    dataset = load_dataset(recipe.data.dataset, data_dir=data_dir, announce=announce)
    if data is not None and (data.sha256, len(data.labels)) != (dataset.sha256, len(dataset.labels)):
        # The worker loads it by its name, too: it must be the same there.
        raise UsageError("given data other than load gives by that name; for fewer rows say limit=N to train instead")
    prepared = prepare(recipe, dataset, trainer, backend)
    if prepared.advice:
        announce(prepared.advice)
    architecture, engine = prepared.architecture, prepared.engine
    manner = Manner(data_dir, architecture.source_sha256, on_event, report, checkpoint_seconds)
    request = make_request(prepared.recipe, architecture, dataset, engine, test)
    chosen = start(request, architecture, dataset, runs, manner, again)
    if refit:
        request = make_request(chosen.recipe_for_refit(), architecture, dataset, engine, test)
        return start(request, architecture, dataset, runs, manner, again)
    return chosen


def resume(
    run: str | Path,
    *,
    runs: str | Path = "runs",
    data_dir: str | Path | None = None,
    trust: str | None = None,
    report: bool = True,
    on_event: Events | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> TrainedModel:
    """Finish a run that was stopped or killed; its history and weights end up as if it never had been.

    run: its path, its name in `runs`, or "last". A run that is complete already is returned as it is.
    """
    found = find_run(Path(runs), str(run))
    if found.complete:
        announce(f"{found.path} is complete already")
        return show_again(found, Manner(data_dir, trust, on_event, report, checkpoint_seconds))
    if found.request["trainer"] == CLASSIC.trainer:
        announce(f"the {found.request['recipe']['model']['name']} fit has no half-way state: it starts over")
    with make_worker(found.request) as worker:
        return finish(found, worker, Manner(data_dir, trust, on_event, report, checkpoint_seconds))


def open_run(run: str | Path, *, runs: str | Path = "runs", trust: str | None = None) -> TrainedModel:
    """Open a finished run by path, by name in `runs`, or "last".

    trust: the beginning of the SHA-256 of the run's own model file, for a run that was trained with one.
    Raises UsageError if there is no such run, RunIncomplete if it is not finished.
    """
    found = find_run(Path(runs), str(run))
    found.require_complete()
    return TrainedModel(found, trust)


def report(
    run: str | Path,
    *,
    runs: str | Path = "runs",
    data_dir: str | Path | None = None,
    trust: str | None = None,
) -> dict[str, Any]:
    """Make a finished run's report, one HTML file that needs nothing else, with a model card beside it.

    Returns its summary, everything that the page shows as plain data (`reports.run.summary` lists the keys), with
    `page`, the path of the HTML file, and `card`. Never trains. What cannot be shown (a model file that nobody
    vouched for, data that are gone) is said in the page. Raises UsageError, RunIncomplete, RunCorrupt, StoreError.
    """
    found = find_run(Path(runs), str(run))
    found.require_complete()
    return produce_report(found, data_dir=data_dir, trust=trust, announce=announce)


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


def plot_samples(data: Dataset, per_class: int = 10) -> Display:
    """A grid of training pictures, `per_class` of every class, chosen at random with a fixed seed."""
    return samples_display(data.images, data.labels, data.class_names, per_class)


def list_runs(*, runs: str | Path = "runs") -> list[dict[str, Any]]:
    """A line for each run, oldest first, as plain data: name, model, seed, state, accuracies, bytes."""
    return [_line_or_damage(run) for run in list_folders(Path(runs))]


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


def find_runs(names: Sequence[str], *, runs: str | Path = "runs") -> list[Path]:
    """The folders of the runs and studies of these names (or paths; "last" is a run). Raises UsageError."""
    return [_find_study_or_run(Path(runs), name).path for name in names]


def delete_runs(names: Sequence[str], *, runs: str | Path = "runs") -> dict[str, int]:
    """Delete runs and studies by name or path; return the bytes that each one took.

    Nothing is deleted if one of them does not exist (UsageError). StoreError for one that is under way.
    """
    found = [_find_study_or_run(Path(runs), name) for name in names]
    return {one.name: delete_run(one) if isinstance(one, Run) else one.delete() for one in found}


def _find_study_or_run(runs: Path, name: str) -> StudyFolder | Run:
    is_study = any((path / "study.json").is_file() for path in (runs / name, Path(name)))
    return find_study(runs, name) if is_study else find_run(runs, name)


def _line_or_damage(run: Run) -> dict[str, Any]:
    """A damaged run is a line that says so, not the end of the list."""
    try:
        return _line(run)
    except (StoreError, KeyError, TypeError) as error:
        return {
            "run": run.name, "model": "?", "seed": None, "complete": run.complete, "damaged": str(error),
            "epochs": None, "best_epoch": None, "validation": None, "test": None, "bytes": run.size,
        }  # fmt: skip


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
        "damaged": None,
        "epochs": metrics.get("epochs"),
        "best_epoch": metrics.get("best_epoch"),
        **parts,
        "bytes": run.size,
    }
