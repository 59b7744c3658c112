"""Networks in a worker process: the Keras model of a run, its training, its answers."""

import importlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import zip_longest
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from fashionlab.data import Dataset
from fashionlab.errors import RunCorrupt, UsageError
from fashionlab.models import REGISTRY
from fashionlab.models.digest import digest
from fashionlab.models.memory import require_memory
from fashionlab.models.own.sentences import explained
from fashionlab.models.registry import registered
from fashionlab.recipe.class_weights import weigh_classes
from fashionlab.store import (
    HistoryRow,
    NormsRow,
    Run,
    TrainingEnd,
    has_checkpoint,
    load_checkpoint,
    load_origin,
    save_checkpoint,
    to_json,
)
from fashionlab.store.format import to_csv, to_tensors
from fashionlab.store.snapshots import SNAPSHOTS, weights_of
from fashionlab.training.architectures import architecture_of
from fashionlab.training.datasets import load_for
from fashionlab.training.engines import find_engine
from fashionlab.training.environment import describe_environment
from fashionlab.training.kinds import FORWARD_BATCH, Predictor, TrainArguments
from fashionlab.training.loop import Loop, LoopHooks, Progress
from fashionlab.training.partition import partition
from fashionlab.training.runners.runner import Runner
from fashionlab.workers.child import Channel
from fashionlab.workers.events import TrainingStarted

if TYPE_CHECKING:
    import keras


class Networks:
    """See `kinds.TrainableModels`."""

    def train(self, run: Run, arguments: TrainArguments, channel: Channel) -> TrainingEnd:
        """Train the run from its checkpoint, or from the start."""
        import keras

        with run.lock():
            dataset = load_for(run, arguments.data_dir)
            _require_memory(run, dataset)
            model = build_network(run, arguments.trust)
            start_from_origin(run, model)
            loop = _make_loop(run, dataset, model, arguments, channel)
            with explained_if_own(run, "failed in training"):
                loop.run()
            libraries = {"jax": ("jax", "jaxlib"), "tensorflow": ("tensorflow",)}[keras.backend.backend()]
            environment = describe_environment(
                loop.device, ("keras", *libraries), count_parameters(model), trainable=count_trainable(model)
            )
            run.write("environment.json", to_json(environment))
            run.write("history.csv", to_csv(HistoryRow, loop.progress.history))
            run.write("norms.csv", to_csv(NormsRow, loop.progress.norms))
            run.write("weights.safetensors", to_tensors(name_weights(model, loop.best)))
            if loop.snapshots is not None:
                run.write(SNAPSHOTS, loop.snapshots.to_bytes())
        seconds = sum(row.seconds for row in loop.progress.history)
        return TrainingEnd(loop.progress.stopped, loop.progress.best_epoch, seconds)

    def open(self, run: Run, trust: str | None, channel: Channel, batch: int = FORWARD_BATCH) -> Predictor:
        """The trained network, on the backend of this worker."""
        return predictor_of(open_network(run, trust), batch)


MODELS = Networks()


def predictor_of(model: "keras.Model", batch: int = FORWARD_BATCH) -> Predictor:
    """What gives the logits of a Keras model, on the backend of this worker."""
    predictor: Predictor = _backend_runner().Forward(model, batch)
    return predictor


def trace_step(model: "keras.Model", side: int, classes: int) -> None:
    """Have the backend of this worker read a training step of the model, which is not taken: raises what it raises."""
    _backend_runner().trace_step(model, side, classes)


def _backend_runner() -> ModuleType:
    """The runner's module that is written for the backend of this worker."""
    import keras

    name = {"jax": "fused", "tensorflow": "tape"}[keras.backend.backend()]
    return importlib.import_module(f"fashionlab.training.runners.{name}")


def build_network(run: Run, trust: str | None = None, *, to_train: bool = True) -> "keras.Model":
    """The run's model as it was before the first step; to_train: see `Architecture.build`.

    Raises LibraryFault where JAX computes wrongly.
    """
    import keras

    if keras.backend.backend() == "jax":
        from fashionlab.workers.canary import check_jax

        check_jax()
    recipe, data = run.spec.recipe, run.spec.data
    shape = (data.side, data.side)
    return architecture_of(run, trust).build(
        shape, len(data.class_names), recipe.model.options, recipe.seed, to_train=to_train
    )


def open_network(run: Run, trust: str | None = None) -> "keras.Model":
    """The run's trained model. Raises RunCorrupt if its weights do not fit the model."""
    model = build_network(run, trust, to_train=False)
    arrays = in_order(run.weights)
    own = [(tuple(w.shape), str(w.dtype)) for w in model.weights]
    if arrays is None or [(a.shape, str(a.dtype)) for a in arrays] != own:
        raise RunCorrupt(f"run {run.name}: weights.safetensors does not fit the model {model.name!r}")
    for weight, array in zip(model.weights, arrays, strict=True):
        weight.assign(array)
    return model


def start_from_origin(run: Run, model: "keras.Model") -> None:
    """Give the model the weights of the run that its run goes on from, if there is one.

    Raises UsageError if they do not fit the model: their number, what they are (kernel, bias, ...), shapes and types.
    """
    if not run.spec.origins:
        return
    named, origin = _numbered(load_origin(run)), run.spec.origins[-1]
    arrays = [array for _, array in named or ()]
    if named is None or digest(arrays) != origin.weights_sha256:
        raise RunCorrupt(f"run {run.name} does not hold the weights of {origin.run}, from which it starts; train anew")
    given = [(_kind(name), *_form(array)) for name, array in named]
    own = [(_kind(weight.path), *_form(weight)) for weight in model.weights]
    for number, (theirs, ours) in enumerate(zip_longest(given, own), start=1):
        if theirs != ours:
            raise UsageError(
                f"the weights of run {origin.run} do not fit the model {run.spec.recipe.model.name!r}: weight {number} "
                f"of the run is {_said(theirs)}, of the model {_said(ours)}; go on with the architecture that the run "
                "was trained with"
            )
    for weight, array in zip(model.weights, arrays, strict=True):
        weight.assign(array)


def _kind(path: str) -> str:
    """What a weight is, "kernel": the names of layers, which Keras makes up, differ between processes."""
    return path.rpartition("/")[2]


def _form(weight: Any) -> tuple[tuple[int, ...], str]:
    return tuple(weight.shape), str(weight.dtype)


def _said(weight: tuple[str, tuple[int, ...], str] | None) -> str:
    return "missing" if weight is None else f"{weight[0]} {list(weight[1])} {weight[2]}"


def _require_memory(run: Run, dataset: Dataset) -> None:
    """Of a network of the registry; a user's own has been built before there is a run."""
    recipe, data = run.spec.recipe, run.spec.data
    if recipe.model.name not in REGISTRY or recipe.training is None:
        return
    architecture, shape = registered(recipe.model.name), (data.side, data.side)
    options = architecture.fill(recipe.model.options)
    require_memory(
        lambda: architecture.builder(shape, len(data.class_names), **options),
        f"the model {recipe.model.name!r} with these options",
        min(recipe.training.batch_size, len(dataset.labels)),
    )


def name_weights(model: "keras.Model", weights: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Tensors by name for `weights.safetensors`: "003/hidden_1/kernel".

    The number keeps Keras' order, by which they are put back: names that Keras makes up differ between processes.
    """
    return {f"{i:03}/{w.path}": array for i, (w, array) in enumerate(zip(model.weights, weights, strict=True))}


def in_order(tensors: Mapping[str, np.ndarray]) -> list[np.ndarray] | None:
    """The arrays that `name_weights` named, in their order; None where the names are not its names.

    By number: as text "1000/..." comes before "101/...".
    """
    named = _numbered(tensors)
    return None if named is None else [array for _, array in named]


def _numbered(tensors: Mapping[str, np.ndarray]) -> list[tuple[str, np.ndarray]] | None:
    numbers = {int(number): name for name in tensors if (number := name.partition("/")[0]).isdecimal()}
    if sorted(numbers) != list(range(len(tensors))):
        return None
    return [(numbers[number], tensors[numbers[number]]) for number in range(len(tensors))]


def has_convolutions(model: "keras.Model") -> bool:
    """Whether a layer of the network, or of a model inside it, convolves over two dimensions."""
    from keras import layers

    kinds = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Conv2DTranspose)
    return any(isinstance(layer, kinds) for layer in model._flatten_layers())


def count_parameters(model: "keras.Model") -> int:
    """All weights of the network, trained or not."""
    return sum(int(np.prod(w.shape)) for w in model.weights)


def count_trainable(model: "keras.Model") -> int:
    """Those that training changes: no frozen ones, and no moving averages of batch normalization."""
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def explained_if_own(run: Run, what: str) -> AbstractContextManager[None]:
    """Whatever a user's own model raises becomes one sentence; what the lab's own raise is a fault to be traced."""
    name = run.spec.recipe.model.name
    return nullcontext() if run.spec.model_sha256 is None else explained(f"model {name!r} {what}")


def _picture_of(run: Run, model: "keras.Model") -> Callable[[list[np.ndarray]], np.ndarray | None]:
    """What a snapshot keeps of all weights: images of the first layer's, of a network of the registry. In what order a
    user's own model sees the pixels is not known here."""
    kernels = [i for i, weight in enumerate(model.weights) if _kind(weight.path) == "kernel"]
    if run.spec.recipe.model.name not in REGISTRY or not kernels:
        return lambda weights: None
    return lambda weights: weights_of(weights[kernels[0]], run.spec.data.side)


def _make_loop(run: Run, dataset: Dataset, model: "keras.Model", arguments: TrainArguments, channel: Channel) -> Loop:
    recipe = run.spec.recipe
    assert recipe.training is not None
    rows = partition(run.spec, dataset)
    images, labels = dataset.images[rows.train], dataset.labels[rows.train]
    # A batch larger than the data is the data: rows that fill it up would count twice.
    training = replace(
        recipe.training, batch_size=min(recipe.training.batch_size, len(images)), precision=run.spec.precision
    )
    validation = None if recipe.refit else (dataset.images[rows.stopping], dataset.labels[rows.stopping])
    module, _, name = find_engine(run.spec).runner.partition(":")
    runner: Runner = getattr(importlib.import_module(module), name)(
        model,
        training,
        recipe.seed,
        images,
        labels,
        len(dataset.class_names),
        weigh_classes(training.class_weights, labels, dataset.class_names),
    )

    def save(progress: Progress, tensors: dict[str, np.ndarray]) -> None:
        save_checkpoint(run, progress, tensors)

    trainable = {id(w) for w in model.trainable_weights}
    loop = Loop(
        runner,
        training,
        recipe.refit,
        [w.path for w in model.weights],
        [id(w) in trainable for w in model.weights],
        validation,
        LoopHooks(
            channel.emit,
            channel.stop_requested,
            save,
            arguments.checkpoint_seconds,
            _picture_of(run, model) if arguments.snapshots else None,
        ),
    )
    if has_checkpoint(run):
        loop.restore(*load_checkpoint(run, Progress))
    channel.emit(
        TrainingStarted(
            rows=len(images),
            steps=runner.steps,
            epoch=loop.progress.epoch,
            epochs=recipe.refit or training.epochs,
            parameters=count_parameters(model),
            trainable=count_trainable(model),
            device=runner.device,
            trainer=run.spec.trainer,
            history=tuple(loop.progress.history),
        )
    )
    return loop
