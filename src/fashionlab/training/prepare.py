"""From a recipe to the request of a run: which engine trains it, and all else that decides its numbers."""

from dataclasses import dataclass, replace
from typing import Any

from fashionlab.data import Dataset
from fashionlab.models import CONVOLUTIONAL, Architecture, find_architecture
from fashionlab.recipe.recipe import Model, Recipe
from fashionlab.store import RESULTS_VERSION
from fashionlab.training.engines import Engine, choose_engine
from fashionlab.workers import Worker


@dataclass(frozen=True)
class Prepared:
    """A recipe ready to run. recipe: all options filled in, those of a user's own model too; advice: a sentence where
    the user could have a faster engine, or None."""

    recipe: Recipe
    architecture: Architecture
    engine: Engine
    advice: str | None


def prepare(recipe: Recipe, dataset: Dataset, trainer: str = "auto", backend: str = "auto") -> Prepared:
    """Find the recipe's architecture and its engine, and check the options of a user's own model in a worker.

    Raises UsageError: for a model that does not exist or that its own file refuses, or an engine that is not here.
    """
    architecture = find_architecture(recipe.model.name)
    convolutional = recipe.model.name in CONVOLUTIONAL
    if architecture.source is not None:
        recipe, convolutional = fill_own_options(recipe, dataset)
    engine, advice = choose_engine(trainer, backend, classic=architecture.classic, convolutional=convolutional)
    return Prepared(recipe, architecture, engine, advice)


def make_request(
    recipe: Recipe, architecture: Architecture, dataset: Dataset, engine: Engine, test: bool, judge: bool = False
) -> dict[str, Any]:
    """The content of `recipe.json`: all that decides a run's numbers. Two equal requests give equal numbers.

    judge: the run belongs to a study, and its validation part is cut in two (`training.rows`). Only then is it a key of
    the request, so that a plain run's identity is what it was before there were studies.
    """
    return {
        "recipe": recipe.to_json(),
        "data": {
            "sha256": dataset.sha256,
            "class_names": list(dataset.class_names),
            "side": int(dataset.images.shape[1]),
        },
        "model_sha256": architecture.source_sha256,
        "trainer": engine.trainer,
        "backend": engine.backend,
        "precision": "float32",
        "test": test,
        "results_version": RESULTS_VERSION,
        **({"judge": True} if judge else {}),
    }


def fill_own_options(recipe: Recipe, dataset: Dataset) -> tuple[Recipe, bool]:
    """Check the options of a user's own model, in a worker: this process never executes the file.

    Also returns whether the network convolves, by which its engine is chosen.
    """
    arguments = {
        "model": recipe.model.name,
        "options": recipe.model.options,
        "side": int(dataset.images.shape[1]),
        "classes": len(dataset.class_names),
    }
    with Worker() as worker:
        found = worker.call("fashionlab.training.tasks:examine_own", arguments)
    return replace(recipe, model=Model(recipe.model.name, found["options"])), found["convolutional"]
