"""From a recipe to the spec of a run: which engine trains it, and all else that decides its numbers."""

from dataclasses import dataclass

from msgspec.structs import replace

from fashionlab.data import Dataset
from fashionlab.data.split import VALIDATION_SHARE
from fashionlab.models import CONVOLUTIONAL, Architecture, find_architecture
from fashionlab.recipe.choices import describe_own
from fashionlab.recipe.class_weights import check_class_names
from fashionlab.recipe.config import ModelConfig
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import DataFacts, RunSpec
from fashionlab.training.engines import Engine, choose_engine
from fashionlab.training.tasks import EXAMINE, ExamineArguments
from fashionlab.workers.pool import borrow


@dataclass(frozen=True)
class Prepared:
    """A recipe ready to run. recipe: all options filled in, those of a user's own model too; advice: sentences for
    the user: what was chosen where nothing was said, and where a faster engine could be had."""

    recipe: Recipe
    architecture: Architecture
    engine: Engine
    advice: tuple[str, ...]


def prepare(
    recipe: Recipe,
    dataset: Dataset,
    trainer: str = "auto",
    backend: str = "auto",
    architecture: Architecture | None = None,
) -> Prepared:
    """Find the recipe's architecture and its engine, and check the options of a user's own model in a worker.

    architecture: the recipe's, where it is not to be looked for by its name. Raises UsageError: for a model that does
    not exist or that its own file refuses, an engine that is not here, or a fraction to hold out for validation where
    the data bring a validation set.
    """
    recipe = _with_validation(recipe, dataset)
    architecture = architecture or find_architecture(recipe.model.name)
    if recipe.training:
        check_class_names(recipe.training.class_weights, dataset.class_names)
    convolutional = recipe.model.name in CONVOLUTIONAL
    if architecture.source is not None:
        recipe, convolutional = fill_own_options(recipe, architecture, dataset)
    engine, advice = choose_engine(trainer, backend, kind=architecture.kind, convolutional=convolutional)
    return Prepared(
        recipe,
        architecture,
        engine,
        tuple(filter(None, (advice, describe_own(recipe.settings) if recipe.training else None))),
    )


def make_spec(
    recipe: Recipe, architecture: Architecture, dataset: Dataset, engine: Engine, test: bool, in_study: bool = False
) -> RunSpec:
    """The spec of a recipe's run on a data set. test, in_study: see `RunSpec`."""
    return RunSpec(
        recipe=recipe,
        data=DataFacts(dataset.sha256, dataset.class_names, int(dataset.images.shape[1]), dataset.facts),
        model_sha256=architecture.source_sha256,
        trainer=engine.trainer,
        backend=engine.backend,
        test=test,
        in_study=in_study,
    )


def _with_validation(recipe: Recipe, dataset: Dataset) -> Recipe:
    """The recipe with its fraction for validation filled in; none where the data bring a validation set."""
    dataset.refuse_fraction(recipe.data.validation)
    if dataset.given_validation or recipe.data.validation is not None:
        return recipe
    return replace(recipe, data=replace(recipe.data, validation=VALIDATION_SHARE))


def fill_own_options(recipe: Recipe, architecture: Architecture, dataset: Dataset) -> tuple[Recipe, bool]:
    """Check the options of a user's own model, in a worker: this process never executes the file.

    Also returns whether the network convolves, by which its engine is chosen.
    """
    model, side = recipe.model, int(dataset.images.shape[1])
    arguments = ExamineArguments(model.name, architecture.source_text, model.options, side, len(dataset.class_names))
    with borrow() as worker:
        found = worker.call(EXAMINE, arguments)
    return replace(recipe, model=ModelConfig(model.name, found.options)), found.convolutional
