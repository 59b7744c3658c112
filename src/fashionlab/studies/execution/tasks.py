"""What a worker process, here or on a cluster, does for a study: one run from its start to its seal."""

import contextlib
import gc
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import NoneType

import numpy as np
from msgspec import Struct

from fashionlab.evaluation.summary import summarise
from fashionlab.evaluation.tasks import PredictArguments, evaluate, predict
from fashionlab.models.own.source import OwnSource
from fashionlab.models.registry import registered
from fashionlab.recipe.spec import RunSpec
from fashionlab.store import Run, save_origin, to_json
from fashionlab.studies.summary import PredictionTimes
from fashionlab.training.datasets import load_for
from fashionlab.training.kinds import RunArguments, TrainArguments, models_of
from fashionlab.training.tasks import train
from fashionlab.workers import Task
from fashionlab.workers.child import Channel
from fashionlab.workers.events import RunPredicted


class RunOneArguments(Struct, frozen=True):
    """spec: of the run; model_source: of the user's own model, or None, which is executed: whoever sends it here
    vouches for it; folder: where to make the run's folder, any that this process may write; data_dir: or None; origin:
    the weights that it starts from, as a file, None where they are drawn anew."""

    spec: RunSpec
    model_source: OwnSource | None
    folder: str
    data_dir: str | None
    origin: bytes | None = None


class MadeRun(Struct, frozen=True):
    """folder: of the sealed run."""

    folder: str


class CheckArguments(Struct, frozen=True):
    """specs: of runs, whose models are to be built."""

    specs: tuple[RunSpec, ...]


class PredictEachArguments(Struct, frozen=True):
    """runs: one after the other."""

    runs: tuple[PredictArguments, ...]


class TimeArguments(RunArguments, frozen=True):
    """seconds: how long each size of a batch is repeated for."""

    seconds: float


RUN_ONE = Task("fashionlab.studies.execution.tasks:run_one", MadeRun)
CHECK_MODELS = Task("fashionlab.studies.execution.tasks:check_models", NoneType)
PREDICT_EACH = Task("fashionlab.studies.execution.tasks:predict_each", NoneType)
TIME_PREDICTIONS = Task("fashionlab.studies.execution.tasks:time_predictions", PredictionTimes)


def run_one(arguments: RunOneArguments, channel: Channel) -> MadeRun:
    """Train, predict the judging set, and leave a sealed run.

    The data set is loaded once a process, unless a cluster's task has put it there (`training.datasets.hold`).
    """
    started = time.monotonic()
    spec, source, data_dir = arguments.spec, arguments.model_source, arguments.data_dir
    _forget_peak_memory()
    run = Run.create(Path(arguments.folder), "run", spec, source)
    if arguments.origin is not None:
        save_origin(run, arguments.origin)
    # A study loses the runs in flight when it is killed, at most; so there is no need for checkpoints on the way.
    ended = train(TrainArguments(str(run.path), data_dir, spec.model_sha256, checkpoint_seconds=None), channel)
    stopping = evaluate(RunArguments(str(run.path), data_dir, spec.model_sha256), channel)
    seconds = time.monotonic() - started
    metrics = summarise(spec.data.class_names, run.history, run.predictions, ended, seconds, stopping, peak_memory_mb())
    with run.lock():
        run.write("metrics.json", to_json(metrics))
        run.seal()
    _clear()
    return MadeRun(str(run.path))


def check_models(arguments: CheckArguments, channel: Channel) -> None:
    """Build each network of the registry and its optimizer once, so that options which do not fit are found before
    anything runs.

    Raises UsageError.
    """
    # Keras, which the module itself does not need.
    from fashionlab.training.runners.optimizers import make_optimizer

    for spec in arguments.specs:
        model, data, training = spec.recipe.model, spec.data, spec.recipe.training
        if training is None:
            continue
        network = registered(model.name).build((data.side, data.side), len(data.class_names), model.options, 0)
        make_optimizer(training, 1, network.trainable_variables)


def predict_each(arguments: PredictEachArguments, channel: Channel) -> None:
    """Logits of the same images by several runs; see `predict`."""
    for run in arguments.runs:
        predict(run, channel)
        channel.emit(RunPredicted())
        _clear()


def time_predictions(arguments: TimeArguments, channel: Channel) -> PredictionTimes:
    """How long a run's model takes for a batch of images: medians after warm-up.

    Images in, scores out, the model loaded and compiled for that size beforehand.
    """
    run = Run(Path(arguments.run))
    dataset = load_for(run, arguments.data_dir)

    def milliseconds(size: int) -> float:
        images = dataset.images[np.arange(size) % len(dataset.images)]
        scores = models_of(run.spec.recipe.kind).open(run, arguments.trust, channel, batch=size)
        return _median_milliseconds(partial(scores, images), arguments.seconds)

    times = PredictionTimes(milliseconds(1), milliseconds(1000))
    _clear()
    return times


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
