"""From a recipe to the spec of a run: which engine trains it, and all else that decides its numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from msgspec import UNSET
from msgspec.structs import replace

from fashionlab.data import Dataset
from fashionlab.data.split import VALIDATION_SHARE
from fashionlab.errors import ModelFailure, UsageError
from fashionlab.models import CONVOLUTIONAL, Architecture, find_architecture
from fashionlab.models.registry import own_architecture
from fashionlab.options import spelled
from fashionlab.recipe.choices import describe_own
from fashionlab.recipe.class_weights import check_class_names, on_class_weights
from fashionlab.recipe.config import ModelConfig
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import DataFacts, Origin, RunSpec
from fashionlab.training.engines import BACKEND_TITLES, Engine, choose_engine
from fashionlab.training.tasks import (
    DESCRIBE,
    EXAMINE,
    DescribeArguments,
    ExamineArguments,
    ModelFacts,
    ModelHelp,
    help_of,
)
from fashionlab.workers.pool import borrow


@dataclass(frozen=True)
class Prepared:
    """A recipe ready to run. recipe: all options filled in, those of a user's own model too; notes: a sentence for each
    thing that the user should know of: a faster engine, what was changed or is not used of a model of their own."""

    recipe: Recipe
    architecture: Architecture
    engine: Engine
    notes: tuple[str, ...]


def prepare(
    recipe: Recipe,
    dataset: Dataset,
    trainer: str = "auto",
    backend: str = "auto",
    architecture: Architecture | None = None,
) -> Prepared:
    """Find the recipe's architecture and its engine, and examine a user's own model in a worker.

    architecture: the recipe's, where it is not to be looked for by its name. Raises UsageError: for a model that does
    not exist or that cannot be trained, an engine that is not here or not for this model, or a fraction to hold out for
    validation where the data bring a validation set.
    """
    recipe = _with_validation(recipe, dataset)
    architecture = architecture or find_architecture(recipe.model.name)
    chosen: tuple[str, ...] = ()
    if recipe.training:
        weights = recipe.training.class_weights
        check_class_names(weights, dataset.class_names)
        said = on_class_weights(weights, dataset.labels, dataset.class_names)
        chosen = tuple(filter(None, [describe_own(recipe.settings), said]))
    if architecture.source is not None:
        own = _prepare_own(recipe, dataset, trainer, backend, architecture)
        return Prepared(own.recipe, own.architecture, own.engine, (*own.notes, *chosen))
    engine, advice = choose_engine(
        trainer, backend, kind=architecture.kind, convolutional=recipe.model.name in CONVOLUTIONAL
    )
    return Prepared(recipe, architecture, engine, (*([advice] if advice else []), *chosen))


def describe_model(name: str) -> ModelHelp:
    """What the help says of a model: of the registry, or of a user's own file, which a worker executes.

    Raises UsageError.
    """
    architecture = find_architecture(name)
    if architecture.source is None:
        return help_of(architecture)
    arguments = DescribeArguments(name, architecture.source)
    with borrow() as worker:
        return worker.call(DESCRIBE, arguments)


def make_spec(
    recipe: Recipe,
    architecture: Architecture,
    dataset: Dataset,
    engine: Engine,
    test: bool,
    in_study: bool = False,
    origins: tuple[Origin, ...] = (),
) -> RunSpec:
    """The spec of a recipe's run on a data set. test, in_study, origins: see `RunSpec`."""
    return RunSpec(
        recipe=recipe,
        data=DataFacts(dataset.sha256, dataset.class_names, int(dataset.images.shape[1]), dataset.facts),
        model_sha256=architecture.source_sha256,
        found=architecture.found or UNSET,
        trainer=engine.trainer,
        backend=engine.backend,
        test=test,
        in_study=in_study,
        origins=origins or UNSET,
    )


def _with_validation(recipe: Recipe, dataset: Dataset) -> Recipe:
    """The recipe with its fraction for validation filled in; none where the data bring a validation set."""
    dataset.refuse_fraction(recipe.data.validation)
    if dataset.given_validation or recipe.data.validation is not None:
        return recipe
    return replace(recipe, data=replace(recipe.data, validation=VALIDATION_SHARE))


def _prepare_own(recipe: Recipe, dataset: Dataset, trainer: str, backend: str, architecture: Architecture) -> Prepared:
    """The same for a user's own model, which is examined on the backend that will train it.

    This process never executes the file. What "auto" leaves open is decided by where the model can be trained.
    """
    examine, refused = partial(_examine, recipe, dataset, architecture), None
    engine, advice = choose_engine(trainer, backend, kind=architecture.kind, convolutional=False)
    try:
        facts = examine(engine)
    except ModelFailure as error:
        engine, advice, facts = _elsewhere(trainer, backend, architecture, engine, examine, error)
        refused = error
    else:
        faster, advice = choose_engine(trainer, backend, kind=architecture.kind, convolutional=facts.convolutional)
        if faster.backend != engine.backend:
            try:
                facts, engine = examine(faster), faster
            except ModelFailure as error:
                refused, advice = error, None
        else:
            engine = faster
    filled = replace(recipe, model=ModelConfig(recipe.model.name, facts.options))
    found, said = facts.found, [advice] if advice else []
    if refused is not None:
        found = replace(found, only=engine.backend)
        said.append(f"trained on {BACKEND_TITLES[engine.backend]}, as the model runs there alone: {refused}")
    # From here on it is what the run keeps.
    examined = own_architecture(architecture.name, facts.source, found)
    return Prepared(filled, examined, engine, (*facts.notes, *said))


def _elsewhere(
    trainer: str,
    backend: str,
    architecture: Architecture,
    engine: Engine,
    examine: Callable[[Engine], ModelFacts],
    error: ModelFailure,
) -> tuple[Engine, str | None, ModelFacts]:
    """The engine on the other backend for a model that cannot be trained on this one, which gave `error`.

    Raises UsageError: with that reason if the other backend cannot train it either or is not here, and with the
    engine to ask for if the user has excluded it.
    """
    other = "tensorflow" if engine.backend == "jax" else "jax"
    try:
        found, advice = choose_engine("auto", other, kind=architecture.kind, convolutional=False)
        facts = examine(found)
    except UsageError:
        raise error from None
    try:
        wanted, _ = choose_engine(
            trainer, other if backend == "auto" else backend, kind=architecture.kind, convolutional=False
        )
    except UsageError:
        wanted = engine
    if wanted.backend != other:
        raise UsageError(
            f"model {architecture.name!r} runs on {other} alone: leave out {spelled('trainer')} and "
            f"{spelled('backend')}, or say {spelled('trainer', found.trainer)}"
        ) from None
    return wanted, advice, facts


def _examine(recipe: Recipe, dataset: Dataset, architecture: Architecture, engine: Engine) -> ModelFacts:
    model, side = recipe.model, int(dataset.images.shape[1])
    assert architecture.source is not None
    arguments = ExamineArguments(
        model.name, architecture.source, architecture.found, architecture.at_home, model.options, side,
        len(dataset.class_names),
    )  # fmt: skip
    with borrow(engine.backend) as worker:
        return worker.call(EXAMINE, arguments)
