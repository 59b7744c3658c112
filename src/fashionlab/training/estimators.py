"""Estimators in a worker process: fitted, and answering from plain arrays.

A fit is one call into a library that cannot be interrupted from inside, or not often. So it runs in a thread, while
this one tells how far it is, listens whether it should stop, and then leaves: the worker process ends, and the fit
with it. There is no state to go on from; a run that was stopped is fitted anew.
"""

import math
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from fashionlab.data import Dataset
from fashionlab.errors import Interrupted, RunCorrupt, UsageError
from fashionlab.machine import cpu_device, installed_version
from fashionlab.models.drawing import seeded
from fashionlab.models.estimators.base import Estimator, Fitted, LabelledImages, Round, Scores
from fashionlab.models.memory import require_room
from fashionlab.models.own.estimator import OwnEstimator, make_estimator
from fashionlab.models.own.kept import load
from fashionlab.options import spelled
from fashionlab.store import HistoryRow, NormsRow, Run, TrainingEnd, to_json
from fashionlab.store.format import ESTIMATOR_FILE, REMEDY, to_csv, to_tensors
from fashionlab.training.architectures import architecture_of
from fashionlab.training.datasets import load_for
from fashionlab.training.environment import describe_environment
from fashionlab.training.kinds import FORWARD_BATCH, Predictor, TrainArguments
from fashionlab.training.partition import partition
from fashionlab.training.softmax import log_softmax
from fashionlab.workers.child import Channel
from fashionlab.workers.events import FitDone, FitProgress, FitStarted, Predicting

EPSILON = 1e-7
"""The least probability that an estimator gives a class: a forest often says 0, whose logarithm no loss could
bear. About float32's own resolution at 1."""

HEARTBEAT = 1.0
"""Seconds between two signs of life while nothing can be counted."""

BLOCK = 1024
"""Images answered at once."""

OWN_BLOCK = 256
"""The same by a user's own estimator, which may take long for one: neighbours, kernels."""


class Estimators:
    """See `kinds.TrainableModels`."""

    def __init__(self) -> None:
        # The last estimator that could not be kept, and the folder of its run: to be evaluated in this process.
        self._unkept: tuple[str, OwnEstimator] | None = None

    def train(self, run: Run, arguments: TrainArguments, channel: Channel) -> TrainingEnd:
        """Fit the run's model from the start; write its arrays and, where it has rounds, its history.

        Raises Interrupted within a fraction of a second when asked to stop, with nothing written.
        """
        with run.lock():
            dataset = load_for(run, arguments.data_dir)
            rows = partition(run.spec, dataset)
            training = _images(dataset, rows.train)
            # Every library takes them so; what else it needs is its own affair, and not known beforehand.
            require_room(
                training.images.size * 4,
                f"{len(training.labels):,} images as float32",
                f"choose fewer with {spelled('limit')}, or smaller ones with {spelled('resize')}",
            )
            validation = _images(dataset, rows.stopping) if len(rows.stopping) else None
            estimator = _estimator(run, arguments.trust)
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
            found = _fit_watched(estimator, training, validation, run.spec.recipe.seed, channel)
            seconds = time.monotonic() - start
            channel.emit(FitDone(seconds, found.remark))
            parameters, size = estimator.size(found.tensors)
            environment = describe_environment(cpu_device(), estimator.libraries, parameters, size, found.remark)
            run.write("environment.json", to_json(environment))
            run.write("history.csv", to_csv(HistoryRow, [HistoryRow(*row) for row in found.history]))
            run.write("norms.csv", to_csv(NormsRow, []))
            run.write("weights.safetensors", to_tensors(found.tensors))
            self._unkept = None
            if found.file is not None:
                run.write(ESTIMATOR_FILE, found.file)
            elif isinstance(estimator, OwnEstimator):
                self._unkept = str(run.path), estimator
        return TrainingEnd(found.stopped, found.best_epoch, seconds, unit="round")

    def open(self, run: Run, trust: str | None, channel: Channel, batch: int = FORWARD_BATCH) -> Predictor:
        """The fitted model: log-probabilities of at least log(EPSILON), float32 [n, classes].

        They do not depend on what else is asked, nor, for the lab's own, on the library that fitted the model. Raises
        Interrupted when asked to stop while it answers, UsageError for a user's own model that was not kept.
        """
        tensors = run.weights
        own = run.spec.model_sha256 is not None
        estimator = self._open_own(run, trust) if own else _estimator(run)
        try:
            scores = estimator.scores(tensors, run.spec.data.side)
        except (KeyError, ValueError, TypeError) as error:
            model = run.spec.recipe.model.name
            raise RunCorrupt(
                f"run {run.name}: weights.safetensors does not fit the model {model!r} ({error}); restore it from a "
                "copy, or train again"
            ) from None

        def logits(images: np.ndarray) -> np.ndarray:
            with _one_thread(estimator):
                logs = log_softmax(_in_blocks(scores, images, OWN_BLOCK if own else BLOCK, channel))
            return np.maximum(logs, math.log(EPSILON)).astype(np.float32)

        return logits

    def _open_own(self, run: Run, trust: str | None) -> OwnEstimator:
        """A user's own estimator as it was fitted. Raises UntrustedModel, RunCorrupt, UsageError."""
        # What is read back is data; but only who vouches for the run's model file has it read.
        architecture_of(run, trust)
        if self._unkept and self._unkept[0] == str(run.path) and not run.complete:
            return self._unkept[1]
        if not run.estimator_kept:
            if run.complete:
                raise UsageError(
                    f"the estimator of run {run.name} was {run.environment.remark}; train it again with steps that are "
                    "kept (docs/own-model.md)"
                )
            raise RunCorrupt(f"run {run.name} has no {ESTIMATOR_FILE}; {REMEDY}")
        _require_version(run)
        try:
            model = load(run.read(ESTIMATOR_FILE))
        except ValueError as error:
            raise RunCorrupt(f"run {run.name}: {ESTIMATOR_FILE} {error}; {REMEDY}") from None
        return _own(run, model)


MODELS = Estimators()


def _images(dataset: Dataset, rows: np.ndarray) -> LabelledImages:
    return LabelledImages(dataset.images[rows], dataset.labels[rows].astype(np.int64))


def _estimator(run: Run, trust: str | None = None) -> Estimator:
    """The run's estimator, not fitted. A user's own is made by executing its file."""
    recipe, found = run.spec.recipe, run.spec.found
    if run.spec.model_sha256 is not None:
        assert found
        assert found.estimator
        side, classes = run.spec.data.side, len(run.spec.data.class_names)
        made = architecture_of(run, trust).make((side, side), classes, recipe.model.options, recipe.seed)
        return _own(run, make_estimator(made, found.estimator, recipe.seed, recipe.model.name))
    options = architecture_of(run).fill(recipe.model.options)
    if recipe.refit and "rounds" in options:
        # A refit cannot stop early: it makes the rounds that validation chose.
        options["rounds"] = recipe.refit
    estimator: Estimator = architecture_of(run).builder(len(run.spec.data.class_names), recipe.seed, **options)
    return estimator


def _own(run: Run, model: Any) -> OwnEstimator:
    found = run.spec.found
    assert found
    assert found.estimator
    return OwnEstimator(model, found.estimator, len(run.spec.data.class_names), run.spec.recipe.model.name)


def _require_version(run: Run) -> None:
    """Raise UsageError unless scikit-learn is as when the run was made: it promises nothing about other versions."""
    then, now = run.environment.packages.get("scikit-learn", ""), installed_version("scikit-learn")
    if then.split(".")[:2] != now.split(".")[:2]:
        raise UsageError(
            f"run {run.name} keeps an estimator of scikit-learn {then}, and here is {now}: install "
            f"'scikit-learn=={then}', or train it again"
        )


class _Stopped(Exception):
    """No error: a way out of a fit's own loop."""


def _fit_watched(
    estimator: Estimator, training: LabelledImages, validation: LabelledImages | None, seed: int, channel: Channel
) -> Fitted:
    """Fit in a thread, with the process's random numbers from the seed.

    Raises Interrupted as soon as the parent asks to stop, and what the fit raises.
    """
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
            with seeded(seed), _one_thread(estimator):
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


def _one_thread(model: object) -> AbstractContextManager[object]:
    """Sums of a user's own estimator come out the same on any number of cores; the lab's see to that themselves."""
    return threadpool_limits(1, "blas") if isinstance(model, OwnEstimator) else nullcontext()


def _in_blocks(scores: Scores, images: np.ndarray, size: int, channel: Channel) -> np.ndarray:
    """Scores of many images, a block of this size at a time. The last block is filled up with black images: products of
    matrices of other shapes may add in another order, and an answer must not depend on what else was asked."""
    found, told_at = [], time.monotonic()
    for start in range(0, len(images), size):
        if channel.stop_requested():
            raise Interrupted("stopped")
        if time.monotonic() - told_at >= HEARTBEAT:
            told_at = time.monotonic()
            channel.emit(Predicting(start, len(images)))
        block = images[start : start + size]
        missing = size - len(block)
        found.append(scores(np.pad(block, ((0, missing), (0, 0), (0, 0))))[: len(block)])
    return np.concatenate(found)
