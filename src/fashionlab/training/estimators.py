"""Estimators in a worker process: fitted, and answering from plain arrays.

A fit is one call into a library that cannot be interrupted from inside, or not often. So it runs in a thread, while
this one tells how far it is, listens whether it should stop, and then leaves: the worker process ends, and the fit
with it. There is no state to go on from; a run that was stopped is fitted anew.
"""

import math
import threading
import time
from collections.abc import Callable

import numpy as np

from fashionlab.data import Dataset
from fashionlab.errors import Interrupted, RunCorrupt
from fashionlab.machine import cpu_device
from fashionlab.models.estimators.base import Estimator, Fitted, LabelledImages, Round, Scores
from fashionlab.store import HistoryRow, NormsRow, Run, TrainingEnd, to_json
from fashionlab.store.format import to_csv, to_tensors
from fashionlab.training.architectures import architecture_of
from fashionlab.training.datasets import load_for
from fashionlab.training.environment import describe_environment
from fashionlab.training.kinds import FORWARD_BATCH, Predictor, TrainArguments
from fashionlab.training.partition import partition
from fashionlab.training.softmax import log_softmax
from fashionlab.workers.child import Channel
from fashionlab.workers.events import FitDone, FitProgress, FitStarted

EPSILON = 1e-7
"""The least probability that an estimator gives a class: a forest often says 0, whose logarithm no loss could
bear. About float32's own resolution at 1."""

HEARTBEAT = 1.0
"""Seconds between two signs of life while nothing can be counted."""

BLOCK = 1024
"""Images answered at once."""


class Estimators:
    """See `kinds.TrainableModels`."""

    def train(self, run: Run, arguments: TrainArguments, channel: Channel) -> TrainingEnd:
        """Fit the run's model from the start; write its arrays and, where it has rounds, its history.

        Raises Interrupted within a fraction of a second when asked to stop, with nothing written.
        """
        with run.lock():
            dataset = load_for(run, arguments.data_dir)
            rows = partition(run.spec, dataset)
            training = _images(dataset, rows.train)
            validation = _images(dataset, rows.stopping) if len(rows.stopping) else None
            estimator = _estimator(run)
            channel.emit(
                FitStarted(
                    model=run.spec.recipe.model.name,
                    rows=len(training.labels),
                    unit=estimator.unit,
                    total=estimator.total,
                    device=cpu_device(),
                )
            )
            start = time.monotonic()
            found = _fit_watched(estimator, training, validation, channel)
            seconds = time.monotonic() - start
            channel.emit(FitDone(seconds, found.remark))
            parameters, size = estimator.size(found.tensors)
            environment = describe_environment(cpu_device(), estimator.libraries, parameters, size, found.remark)
            run.write("environment.json", to_json(environment))
            run.write("history.csv", to_csv(HistoryRow, [HistoryRow(*row) for row in found.history]))
            run.write("norms.csv", to_csv(NormsRow, []))
            run.write("weights.safetensors", to_tensors(found.tensors))
        return TrainingEnd(found.stopped, found.best_epoch, seconds, unit="round")

    def open(self, run: Run, trust: str | None, channel: Channel, batch: int = FORWARD_BATCH) -> Predictor:
        """The fitted model: log-probabilities of at least log(EPSILON), float32 [n, classes].

        They do not depend on what else is asked, nor on the library that fitted the model. Interrupted when asked to
        stop while it answers.
        """
        tensors = run.weights
        try:
            scores = _estimator(run).scores(tensors, run.spec.data.side)
        except (KeyError, ValueError, TypeError) as error:
            model = run.spec.recipe.model.name
            raise RunCorrupt(
                f"run {run.name}: weights.safetensors does not fit the model {model!r} ({error}); restore it from a "
                "copy, or train again"
            ) from None

        def logits(images: np.ndarray) -> np.ndarray:
            logs = log_softmax(_in_blocks(scores, images, channel.stop_requested))
            return np.maximum(logs, math.log(EPSILON)).astype(np.float32)

        return logits


MODELS = Estimators()


def _images(dataset: Dataset, rows: np.ndarray) -> LabelledImages:
    return LabelledImages(dataset.images[rows], dataset.labels[rows].astype(np.int64))


def _estimator(run: Run) -> Estimator:
    recipe = run.spec.recipe
    options = architecture_of(run).fill(recipe.model.options)
    if recipe.refit and "rounds" in options:
        # A refit cannot stop early: it makes the rounds that validation chose.
        options["rounds"] = recipe.refit
    estimator: Estimator = architecture_of(run).builder(len(run.spec.data.class_names), recipe.seed, **options)
    return estimator


class _Stopped(Exception):
    """No error: a way out of a fit's own loop."""


def _fit_watched(
    estimator: Estimator, training: LabelledImages, validation: LabelledImages | None, channel: Channel
) -> Fitted:
    """Fit in a thread. Raises Interrupted as soon as the parent asks to stop, and what the fit raises."""
    start = time.monotonic()
    stopping = threading.Event()
    ended: list[Fitted | BaseException] = []
    latest: tuple[int, Round | None] = (0, None)

    def step(done: int, row: Round | None) -> None:
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
            channel.emit(FitProgress(done, estimator.total, estimator.unit, told_at - start, row and HistoryRow(*row)))
    if isinstance(ended[0], BaseException):
        raise ended[0]
    return ended[0]


def _in_blocks(scores: Scores, images: np.ndarray, stop: Callable[[], bool]) -> np.ndarray:
    """Scores of many images, a block at a time. The last block is filled up with black images: products of matrices
    of other shapes may add in another order, and an answer must not depend on what else was asked."""
    found = []
    for start in range(0, len(images), BLOCK):
        if stop():
            raise Interrupted("stopped")
        block = images[start : start + BLOCK]
        missing = BLOCK - len(block)
        found.append(scores(np.pad(block, ((0, missing), (0, 0), (0, 0))))[: len(block)])
    return np.concatenate(found)
