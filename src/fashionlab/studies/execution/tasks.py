"""What a worker process, here or on a cluster, does for a study: one run from its start to its seal."""

import contextlib
import gc
import math
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.data import load
from fashionlab.evaluation.summary import summarise
from fashionlab.evaluation.tasks import evaluate, open_predictor, predict, predictor_of
from fashionlab.models import find_architecture
from fashionlab.models.registry import architecture_from_source
from fashionlab.recipe.recipe import Recipe
from fashionlab.store import Run
from fashionlab.store.format import to_json
from fashionlab.training.engines import CLASSIC
from fashionlab.training.network import open_network
from fashionlab.training.tasks import HELD, load_for, train
from fashionlab.workers.child import Channel


def run_one(arguments: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Train, predict the judge half, and leave a sealed run; returns {"folder": its path}.

    Arguments, all of them JSON: request (`recipe.json`), model_source (text of the user's own model file, or None),
    folder (where to make the run's folder: any that this process may write), data_dir (or None). The model's file is
    executed: whoever sends it here vouches for it. The data set is loaded once a process, or taken from
    `training.task.HELD`, where a cluster's task may have put it.
    """
    started = time.monotonic()
    request, source = arguments["request"], arguments["model_source"]
    _forget_peak_memory()
    _hold_data(request, arguments["data_dir"])
    run = Run.create(Path(arguments["folder"]), "run", request, None if source is None else source.encode())
    common = {"run": str(run.path), "data_dir": arguments["data_dir"], "trust": request["model_sha256"]}
    # A study loses the runs in flight when it is killed, at most; so there is no need for checkpoints on the way.
    ended = train({**common, "checkpoint_seconds": math.inf}, channel)
    evaluate({**common, "test": False}, channel)
    metrics = summarise(run.request, run.history, run.predictions, ended, time.monotonic() - started)
    with run.lock():
        run.write("metrics.json", to_json({**metrics, "peak_memory_mb": peak_memory_mb()}))
        run.seal()
    _clear()
    return {"folder": str(run.path)}


def check_models(arguments: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Build each network once, so that options which do not fit are found before anything runs.

    Arguments: requests, sources (text of users' own model files, or None). Returns {"parameters": [number, or None
    for a classic model]}. Raises UsageError.
    """
    parameters: list[int | None] = []
    for request, source in zip(arguments["requests"], arguments["sources"], strict=True):
        recipe = Recipe.from_json(request["recipe"])
        if recipe.fit is None:
            parameters.append(None)
            continue
        path, _, function = recipe.model.name.partition(":")
        architecture = (
            find_architecture(recipe.model.name)
            if source is None
            else architecture_from_source(recipe.model.name, source.encode(), function or "build", path)
        )
        side, classes = int(request["data"]["side"]), len(request["data"]["class_names"])
        model = architecture.build((side, side), classes, recipe.model.options, 0)
        parameters.append(sum(int(np.prod(w.shape)) for w in model.weights))
    return {"parameters": parameters}


def predict_each(arguments: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Logits of the same pictures by several runs: {runs: [{run, logits, trust}], images}, all paths, see `predict`."""
    for item in arguments["runs"]:
        predict({**item, "images": arguments["images"]}, channel)
        channel.emit({"event": "predicted"})
        _clear()
    return {}


def time_predictions(arguments: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """How long a run's model takes for a batch of pictures: {"1": milliseconds, "1000": …}, medians after warm-up.

    Arguments: run (path), data_dir, trust, batches (sizes), seconds (how long each is repeated for). Pictures in,
    scores out, the model loaded and compiled for that size beforehand.
    """
    run = Run(Path(arguments["run"]))
    dataset = load_for(run, arguments["data_dir"])
    answer = {}
    for size in arguments["batches"]:
        images = dataset.images[np.arange(size) % len(dataset.images)]
        if run.request["trainer"] == CLASSIC.trainer:
            scores = open_predictor(run, arguments["trust"], channel)
        else:
            scores = predictor_of(open_network(run, arguments["trust"]), batch=size)
        answer[str(size)] = _median_milliseconds(partial(scores, images), arguments["seconds"])
    _clear()
    return answer


def peak_memory_mb() -> float:
    """The most memory (resident, MB) that this process has held since the run began.

    Where the kernel cannot be asked to begin anew, since the process began: an earlier, larger run then hides it.
    """
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _forget_peak_memory() -> None:
    with contextlib.suppress(OSError):
        # 5: set the high water mark back to what is resident now (man 5 proc).
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _hold_data(request: dict[str, Any], data_dir: str | None) -> None:
    if request["data"]["sha256"] not in HELD:
        dataset = load(request["recipe"]["data"]["dataset"], data_dir=data_dir)
        HELD.clear()
        HELD[dataset.sha256] = dataset


def _median_milliseconds(work: Callable[[], object], seconds: float) -> float:
    for _ in range(3):
        work()
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def _clear() -> None:
    """Give back what the run's compiled programs hold: a worker makes dozens of runs."""
    keras, jax = sys.modules.get("keras"), sys.modules.get("jax")
    if keras:
        keras.utils.clear_session()
    if jax:
        jax.clear_caches()
    gc.collect()
