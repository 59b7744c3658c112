"""The verbs that train: a new run, and one that was stopped."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from msgspec.structs import asdict, replace

from fashionlab.data import Dataset
from fashionlab.data import load as load_dataset
from fashionlab.errors import RunCorrupt, UsageError
from fashionlab.lab.data import keep_arrays
from fashionlab.lab.execution import DEFAULT, ExecutionOptions, pop_log
from fashionlab.lab.origin import find_origin, origins_of, require_same, take_over
from fashionlab.lab.results import TrainedModel
from fashionlab.lab.run_job import borrow_worker, finish, show_again, start
from fashionlab.models.own.estimator import refit_refusal
from fashionlab.models.registry import function_architecture
from fashionlab.options import spelled
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import RESULTS_VERSION
from fashionlab.recipe.toml import DEFAULT_MODEL
from fashionlab.reports.run.sections.made import origin_line
from fashionlab.store import find_run
from fashionlab.text import tell
from fashionlab.training.architectures import architecture_of
from fashionlab.training.prepare import make_spec, prepare


def train(
    model: str | Path | Callable[..., Any] | None = None,
    *,
    origin: str | Path | TrainedModel | None = None,
    data: Dataset | tuple[Any, Any] | None = None,
    trainer: str = "auto",
    backend: str = "auto",
    again: bool = False,
    refit: bool = False,
    test: bool = True,
    runs: str | Path = "runs",
    trust: str | None = None,
    execution: ExecutionOptions = DEFAULT,
    **settings: Any,
) -> TrainedModel:
    """Train a model, evaluate it, and keep it as a sealed run; or return the identical run that exists.

    model: a name of the registry, `file.py:function` of your own, a function `build(image_shape, classes)` that returns
    a Keras model or a classifier as scikit-learn's (its text is kept), or a recipe file `*.toml`; None is `mlp`, or the
    origin's. settings: any field of the recipe and any option of the model by name: `train("mlp", dropout=0.2,
    epochs=12, seed=3)`, and `log="tensorboard"`, short for `execution=ExecutionOptions(log="tensorboard")`. data:
    instead of `dataset`, its name or path: what `load` gave, or (images, labels) as arrays, which are kept as an .npz
    in `runs`.
    trainer: how epochs are run, "fused" (JAX), "tape" (tf.GradientTape), "fit" (Keras' own, on the backend "jax" or
    "tensorflow"), or "auto", the fastest for this model here. again: train even if an identical run exists. refit:
    train once more on training and validation rows together, for the epochs that validation chose, and return that run.
    test: False leaves the test set unused, as every choice between settings should. runs: the folder that the run is
    made in.

    origin: a finished run of a network, to go on from its weights: its path, its name in `runs`, "last", or what
    `train` gave. What is not given is taken over from its recipe, the seed and the epochs too; data and split are the
    origin's, and the optimizer starts anew. trust: the beginning of the SHA-256 of the origin's own model file, which
    is executed unless `model` is given, for an origin that was trained elsewhere.

    Raises UsageError for a setting that does not exist or is out of range, Interrupted (the run can be resumed),
    NonFiniteLoss, DataError, StoreError.
    """
    runs, execution = Path(runs), pop_log(settings, execution)
    with ExitStack() as undo:
        if isinstance(data, Dataset):
            settings |= {"dataset": data.name, **asdict(data.preparation)}
        elif data is not None:
            settings["dataset"] = str(keep_arrays(data, runs, undo))
        own = None if model is None or isinstance(model, (str, Path)) else function_architecture(model)
        name = own.name if own else None if model is None else str(model)
        before = None if origin is None else find_origin(origin, runs)
        if before:
            if name is None and before.spec.model_sha256 is not None:
                own = architecture_of(before, trust)
            name, settings = take_over(before.spec.recipe, f"run {before.name}", name, settings)
        elif trust is not None:
            raise UsageError(
                "trust goes with the origin that has a model file; a file that you name yourself needs none"
            )
        recipe = Recipe.make(name or DEFAULT_MODEL, settings, own)
        if refit and recipe.training and recipe.training.schedule == "plateau":
            raise UsageError(
                f"given {spelled('refit', True)} with {spelled('schedule', 'plateau')}, which follows a validation "
                "loss: a refit has none; choose another"
            )
        images = recipe.data
        dataset = load_dataset(
            images.dataset,
            data_dir=execution.data_dir,
            announce=tell,
            preparation=images.preparation,
            called="" if data is None or isinstance(data, Dataset) else "data",
        )
        if isinstance(data, Dataset) and (data.sha256, len(data.labels)) != (dataset.sha256, len(dataset.labels)):
            # The worker loads it by its name, too: it must be the same there.
            raise UsageError(
                "given data other than load gives by that name; for fewer rows say limit=N to train instead"
            )
        prepared = prepare(recipe, dataset, trainer, backend, own)
        for note in prepared.notes:
            tell(note)
        architecture = prepared.architecture
        found = architecture.found
        if refit and found and found.estimator and found.estimator.gives == "scores":
            raise UsageError(refit_refusal(architecture.name))
        spec = make_spec(prepared, dataset, test, origins=origins_of(before))
        if before:
            require_same(spec, before, dataset)
            tell(f"{origin_line(spec)}; the optimizer starts anew")
        # From here on a run needs the arrays that were kept for it.
        undo.pop_all()
    chosen = start(spec, architecture, dataset, runs, execution, again, before)
    if refit:
        spec = replace(spec, recipe=chosen.recipe_for_refit())
        return start(spec, architecture, dataset, runs, execution, again, before)
    return chosen


def resume(
    run: str | Path,
    *,
    runs: str | Path = "runs",
    trust: str | None = None,
    execution: ExecutionOptions = DEFAULT,
) -> TrainedModel:
    """Finish a run that was stopped or killed; its history and weights end up as if it never had been.

    run: its path, its name in `runs`, or "last". A run that is complete already is returned as it is. trust: the
    beginning of the SHA-256 of the run's own model file, for a run that was begun with one elsewhere.
    """
    found = find_run(Path(runs), str(run))
    if found.complete:
        tell(f"{found.path} is complete already")
        return show_again(found, trust, execution)
    if not found.spec.recipe.kind.resumable:
        tell(f"the {found.spec.recipe.model.name} fit has no half-way state: it starts over")
    made_by = found.spec.results_version
    if made_by != RESULTS_VERSION:
        raise RunCorrupt(
            f"run {found.name} was begun with results version {made_by}, this fashionlab has {RESULTS_VERSION} and "
            "would train it on with other numbers: delete it and train anew"
        )
    with found.hold(), borrow_worker(found.spec) as worker:
        return finish(found, worker, trust, execution)
