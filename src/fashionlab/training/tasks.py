"""What a worker process does to train a run."""

import importlib
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.data import Dataset, load
from fashionlab.errors import DataError
from fashionlab.models import find_architecture
from fashionlab.recipe.recipe import Recipe, check_names
from fashionlab.store import (
    HISTORY_COLUMNS,
    NORMS_COLUMNS,
    Run,
    has_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from fashionlab.store.format import to_csv, to_json, to_tensors
from fashionlab.training.engines import CLASSIC, find_engine
from fashionlab.training.loop import Loop, Progress, Surroundings
from fashionlab.training.network import build_network, has_convolutions, name_weights
from fashionlab.training.partition import rows_of
from fashionlab.training.runner import Runner
from fashionlab.workers.child import Channel


def examine_own(arguments: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """What a user's own model is: {model, options, side, classes} -> {options (all, checked), convolutional}.

    Executes the user's file.
    """
    architecture = find_architecture(arguments["model"])
    check_names(architecture)
    options = architecture.fill(arguments["options"])
    model = architecture.build((arguments["side"], arguments["side"]), arguments["classes"], options, 0)
    return {"options": options, "convolutional": has_convolutions(model)}


def train(arguments: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Train the run at `run` from its checkpoint, or from the start; write its history and its weights.

    Arguments: run (path), data_dir (or None), trust (or None), checkpoint_seconds. Returns how it ended. A classic
    model is fitted as `training.classic` says.
    """
    run = Run(Path(arguments["run"]))
    if find_engine(run.request) == CLASSIC:
        # Imported here, because it builds on this module.
        from fashionlab.training.estimators import fit

        return fit(run, arguments.get("data_dir"), channel)
    with run.lock():
        recipe = Recipe.from_json(run.request["recipe"])
        dataset = load_for(run, arguments.get("data_dir"))
        model = build_network(run, arguments.get("trust"))
        loop = _make_loop(run, recipe, dataset, model, arguments["checkpoint_seconds"], channel)
        loop.run()
        run.write("environment.json", to_json(describe_environment(loop.device, model)))
        run.write("history.csv", to_csv(HISTORY_COLUMNS, loop.progress.history))
        run.write("norms.csv", to_csv(NORMS_COLUMNS, loop.progress.norms))
        run.write("weights.safetensors", to_tensors(name_weights(model, loop.best)))
    return {"stopped": loop.progress.stopped, "best_epoch": loop.progress.best_epoch}


HELD: dict[str, Dataset] = {}
"""Data sets that this process keeps from run to run, by their SHA-256: a worker of a study puts there what it loaded,
or was handed by a cluster."""


def load_for(run: Run, data_dir: str | None) -> Dataset:
    """The run's data set, the same to the bit. Raises DataError if what is found now is another."""
    recipe = Recipe.from_json(run.request["recipe"])
    dataset = HELD.get(run.request["data"]["sha256"]) or load(recipe.data.dataset, data_dir=data_dir)
    if dataset.sha256 != run.request["data"]["sha256"]:
        raise DataError(
            f"the data set {recipe.data.dataset!r} has changed since run {run.name} was started "
            f"(SHA-256 {dataset.sha256[:12]}…, expected {run.request['data']['sha256'][:12]}…); "
            "give it the old data, or train anew"
        )
    return dataset.limited(recipe.data.limit) if recipe.data.limit else dataset


def _make_loop(
    run: Run, recipe: Recipe, dataset: Dataset, model: Any, checkpoint_seconds: float, channel: Channel
) -> Loop:
    rows = rows_of(run.request, dataset)
    images, labels = dataset.images[rows.train], dataset.labels[rows.train]
    validation = None if recipe.refit else (dataset.images[rows.stop], dataset.labels[rows.stop])
    assert recipe.fit is not None
    module, _, name = find_engine(run.request).runner.partition(":")
    runner: Runner = getattr(importlib.import_module(module), name)(
        model, recipe.fit, recipe.seed, images, labels, len(dataset.class_names)
    )

    def save(progress: Progress, tensors: dict[str, np.ndarray]) -> None:
        save_checkpoint(run, progress.to_json(), tensors)

    trainable = {id(w) for w in model.trainable_weights}
    loop = Loop(
        runner,
        recipe.fit,
        recipe.refit,
        [w.path for w in model.weights],
        [id(w) in trainable for w in model.weights],
        validation,
        Surroundings(channel.emit, channel.stop_requested, save, checkpoint_seconds),
    )
    if has_checkpoint(run):
        progress, tensors = load_checkpoint(run)
        loop.restore(Progress.from_json(progress), tensors)
    channel.emit(
        {
            "event": "start",
            "rows": len(images),
            "steps": runner.steps,
            "epoch": loop.progress.epoch,
            "epochs": recipe.refit or recipe.fit.epochs,
            "parameters": sum(int(np.prod(w.shape)) for w in model.weights),
            "device": runner.device,
            "trainer": run.request["trainer"],
            "history": loop.progress.history,
            "best_epoch": loop.progress.best_epoch,
        }
    )
    return loop


def describe_environment(device: str, model: Any) -> dict[str, Any]:
    """Where the run was trained: versions of what took part, processor, device."""
    import keras

    backends = {"jax": ("jax", "jaxlib"), "tensorflow": ("tensorflow",)}
    packages = ("keras", *backends[keras.backend.backend()])
    return describe_machine(device, packages, sum(int(np.prod(w.shape)) for w in model.weights))


def describe_machine(device: str, libraries: Sequence[str], parameters: int | None) -> dict[str, Any]:
    """`environment.json`: this machine, and the versions of the libraries that a run's numbers come from."""
    packages = ("fashionlab", *libraries, "numpy", "safetensors")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        "device": device,
        "packages": {name: version(name) for name in packages},
        "parameters": parameters,
        "byte_order": sys.byteorder,
    }


def processor_name() -> str:
    """The processor's name, as its maker gives it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()
