"""What a worker process does to fit a classic model, and to answer with it.

A fit is one call into a library that cannot be interrupted from inside, or not often. So it runs in a thread, while
this one tells how far it is, listens whether it should stop, and then leaves: the worker process ends, and the fit
with it. There is no state to go on from; a run that was stopped is fitted anew.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fashionlab.data import Dataset
from fashionlab.errors import Interrupted, RunCorrupt, UsageError
from fashionlab.models.estimators.base import Estimator, Fitted, Pictures, Scores, Tensors
from fashionlab.recipe.recipe import Recipe
from fashionlab.store import HISTORY_COLUMNS, NORMS_COLUMNS, Run
from fashionlab.store.format import to_csv, to_json, to_tensors
from fashionlab.training.network import architecture_of
from fashionlab.training.partition import rows_of
from fashionlab.training.runner import name_cpu
from fashionlab.training.softmax import log_softmax
from fashionlab.training.tasks import describe_machine, load_for
from fashionlab.workers.child import Channel

EPSILON = 1e-7
"""The least probability that a classic model gives a class: a forest often says 0, whose logarithm no loss could
bear. About float32's own resolution at 1."""

HEARTBEAT = 1.0
"""Seconds between two signs of life while nothing can be counted."""

BLOCK = 1024
"""Pictures answered at once."""


def fit(run: Run, data_dir: str | None, channel: Channel) -> dict[str, Any]:
    """Fit the run's model from the start; write its arrays and, where it has rounds, its history.

    Returns how it ended, with the seconds that the fit took. Raises Interrupted within a fraction of a second when
    asked to stop, with nothing written.
    """
    with run.lock():
        dataset = load_for(run, data_dir)
        present, training, validation = _divide(run, dataset)
        estimator = _estimator(run, len(present))
        channel.emit(
            {
                "event": "fit",
                "model": run.request["recipe"]["model"]["name"],
                "rows": len(training.labels),
                "unit": estimator.unit,
                "total": estimator.total,
                "device": name_cpu(),
            }
        )
        start = time.monotonic()
        found = _fit_watched(estimator, training, validation, channel)
        seconds = time.monotonic() - start
        channel.emit({"event": "fitted", "seconds": seconds, "remark": found.remark})
        tensors: Tensors = {**found.tensors, "classes": present}
        parameters, size = estimator.size(tensors)
        environment = describe_machine(name_cpu(), estimator.libraries, parameters)
        environment |= {"size": size, "fit": found.remark}
        run.write("environment.json", to_json(environment))
        run.write("history.csv", to_csv(HISTORY_COLUMNS, found.history))
        run.write("norms.csv", to_csv(NORMS_COLUMNS, []))
        run.write("weights.safetensors", to_tensors(tensors))
    ended = {"stopped": found.stopped, "best_epoch": found.best_epoch, "seconds": seconds}
    return {**ended, "pace": "round"} if found.history else ended


def open_classic(run: Run, stop_requested: Callable[[], bool] = lambda: False) -> Callable[[np.ndarray], np.ndarray]:
    """What gives logits of uint8 images [n, height, width]: log-probabilities of at least log(EPSILON), float32
    [n, classes].

    They do not depend on what else is asked, nor on the library that fitted the model. Raises RunCorrupt if the run's
    arrays are not those of its model, and Interrupted when asked to stop while it answers.
    """
    side, classes = int(run.request["data"]["side"]), len(run.request["data"]["class_names"])
    tensors = run.weights
    try:
        present = tensors["classes"]
        if present.dtype != np.int32 or present.ndim != 1 or not 2 <= len(present) <= classes:
            raise ValueError("a list of classes that is none")
        if present.min() < 0 or present.max() >= classes:
            raise ValueError("classes that the data set does not have")
        scores = _estimator(run, len(present)).scores(tensors, side)
    except (KeyError, ValueError, TypeError) as error:
        model = run.request["recipe"]["model"]["name"]
        raise RunCorrupt(
            f"run {run.name}: weights.safetensors does not fit the model {model!r} ({error}); restore it from a copy, "
            "or train again"
        ) from None

    def logits(images: np.ndarray) -> np.ndarray:
        answers = np.full((len(images), classes), math.log(EPSILON), np.float32)
        logs = log_softmax(_in_blocks(scores, images, stop_requested))
        answers[:, present] = np.maximum(logs, math.log(EPSILON))
        return answers

    return logits


def _divide(run: Run, dataset: Dataset) -> tuple[np.ndarray, Pictures, Pictures | None]:
    """The classes that occur, int32 [m], and with these numbered 0 to m-1 the pictures to fit on and those that may
    stop a fit (None in a refit)."""
    rows = rows_of(run.request, dataset)
    present = np.unique(dataset.labels[rows.train]).astype(np.int32)
    if len(present) < 2:
        raise UsageError("given training pictures of one class, expected at least two classes to tell apart")

    def pictures(which: np.ndarray) -> Pictures:
        # A split gives of every class to both sides, so validation has no class that training lacks.
        return Pictures(dataset.images[which], np.searchsorted(present, dataset.labels[which]))

    return present, pictures(rows.train), pictures(rows.stop) if len(rows.stop) else None


def _estimator(run: Run, classes: int) -> Estimator:
    recipe = Recipe.from_json(run.request["recipe"])
    options = architecture_of(run).fill(recipe.model.options)
    if recipe.refit and "rounds" in options:
        # A refit cannot stop early: it makes the rounds that validation chose.
        options["rounds"] = recipe.refit
    estimator: Estimator = architecture_of(run).builder(classes, recipe.seed, **options)
    return estimator


class _Stopped(Exception):
    """No error: a way out of a fit's own loop."""


def _fit_watched(estimator: Estimator, training: Pictures, validation: Pictures | None, channel: Channel) -> Fitted:
    """Fit in a thread. Raises Interrupted as soon as the parent asks to stop, and what the fit raises."""
    start = time.monotonic()
    stopping = threading.Event()
    ended: list[Fitted | BaseException] = []
    latest: tuple[int, Mapping[str, float] | None] = (0, None)

    def step(done: int, row: Mapping[str, float] | None) -> None:
        nonlocal latest
        latest = done, row
        if stopping.is_set():
            raise _Stopped

    def work() -> None:
        try:
            ended.append(estimator.fit(training, validation, step))
        except BaseException as error:
            ended.append(error)

    # A daemon: a process that leaves does not wait for it.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    told, told_at = 0, start
    while thread.is_alive():
        thread.join(0.1)
        done, row = latest
        if channel.stop_requested():
            stopping.set()
            of = f" after {done} of {estimator.total} {estimator.unit}s" if done else ""
            raise Interrupted(f"stopped{of}")
        if done > told or time.monotonic() - told_at >= HEARTBEAT:
            told, told_at = done, time.monotonic()
            figures = None if row is None else {n: None if math.isnan(value) else value for n, value in row.items()}
            channel.emit(
                {
                    "event": "step", "done": done, "total": estimator.total, "unit": estimator.unit,
                    "seconds": told_at - start, "figures": figures,
                }
            )  # fmt: skip
    if isinstance(ended[0], BaseException):
        raise ended[0]
    return ended[0]


def _in_blocks(scores: Scores, images: np.ndarray, stop: Callable[[], bool]) -> np.ndarray:
    """Scores of many images, a block at a time. The last block is filled up with black pictures: products of matrices
    of other shapes may add in another order, and an answer must not depend on what else was asked."""
    found = []
    for start in range(0, len(images), BLOCK):
        if stop():
            raise Interrupted("stopped")
        block = images[start : start + BLOCK]
        missing = BLOCK - len(block)
        found.append(scores(np.pad(block, ((0, missing), (0, 0), (0, 0))))[: len(block)])
    return np.concatenate(found)
