"""The verbs that train: a new run, and one that was stopped."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from fashionlab.data import Dataset
from fashionlab.data import load as load_dataset
from fashionlab.errors import RunCorrupt, UsageError
from fashionlab.lab.data import keep_arrays
from fashionlab.lab.execution import DEFAULT, ExecutionOptions, refuse_execution
from fashionlab.lab.results import TrainedModel
from fashionlab.lab.run_job import borrow_worker, finish, show_again, start
from fashionlab.models.registry import function_architecture
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import RESULTS_VERSION
from fashionlab.store import find_run
from fashionlab.text import tell
from fashionlab.training.prepare import make_spec, prepare


def train(
    model: str | Path | Callable[..., Any] = "mlp",
    *,
    data: Dataset | tuple[Any, Any] | None = None,
    trainer: str = "auto",
    backend: str = "auto",
    again: bool = False,
    refit: bool = False,
    test: bool = True,
    runs: str | Path = "runs",
    execution: ExecutionOptions = DEFAULT,
    **settings: Any,
) -> TrainedModel:
    """Train a model, evaluate it, and keep it as a sealed run; or return the identical run that exists.

    model: a name of the registry, `file.py:function` of your own, a function `build(image_shape, classes)` that returns
    a Keras model (its text is kept), or a recipe file `*.toml`. settings: any field of the recipe and any option of the
    model by name: `train("mlp", dropout=0.2, epochs=12, seed=3)`. data: instead of `dataset`, its name or path: what
    `load` gave, or (images, labels) as arrays, which are kept as an .npz in `runs`. trainer: how epochs are run,
    "fused" (JAX), "tape" (tf.GradientTape), "fit" (Keras' own, on the backend "jax" or "tensorflow"), or "auto", the
    fastest for this model here. again: train even if an identical run exists. refit: train once more on training and
    validation rows together, for the epochs that validation chose, and return that run. test: False leaves the test set
    unused, as every choice between settings should. runs: the folder that the run is made in.

    Raises UsageError for a setting that does not exist or is out of range, Interrupted (the run can be resumed),
    NonFiniteLoss, DataError, StoreError.
    """
    runs = Path(runs)
    if isinstance(data, Dataset):
        settings |= {"dataset": data.name, **asdict(data.preparation)}
    elif data is not None:
        settings["dataset"] = str(keep_arrays(data, runs))
    refuse_execution(settings)
    own = None if isinstance(model, (str, Path)) else function_architecture(model)
    recipe = Recipe.make(own.name if own else str(model), settings, own)
    if refit and recipe.training and recipe.training.schedule == "plateau":
        raise UsageError(
            "given --refit with --schedule plateau, which follows a validation loss: a refit has none; choose another"
        )
    found = recipe.data
    dataset = load_dataset(found.dataset, data_dir=execution.data_dir, announce=tell, preparation=found.preparation)
    if isinstance(data, Dataset) and (data.sha256, len(data.labels)) != (dataset.sha256, len(dataset.labels)):
        # The worker loads it by its name, too: it must be the same there.
        raise UsageError("given data other than load gives by that name; for fewer rows say limit=N to train instead")
    prepared = prepare(recipe, dataset, trainer, backend, own)
    for note in prepared.notes:
        tell(note)
    chosen = start(make_spec(prepared, dataset, test), prepared.architecture, dataset, runs, execution, again)
    if refit:
        spec = make_spec(replace(prepared, recipe=chosen.recipe_for_refit()), dataset, test)
        return start(spec, prepared.architecture, dataset, runs, execution, again)
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
    beginning of the SHA-256 of the run's own model file, for a run that was trained with one.
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
