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
from fashionlab.recipe.choices import describe_own
from fashionlab.recipe.class_weights import check_class_names
from fashionlab.recipe.config import ModelConfig, TrainingConfig
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import DataFacts, Origin, RunSpec
from fashionlab.training.engines import Engine, choose_engine
from fashionlab.training.tasks import EXAMINE, ExamineArguments, ModelFacts
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
    shared: bool = False,
) -> Prepared:
    """Find the recipe's architecture and its engine, and examine a user's own model in a worker.

    architecture: the recipe's, where it is not to be looked for by its name. shared: trainer, backend and the settings
    of training are those of several models, and an estimator goes without. Raises UsageError: for a model that does
    not exist or that cannot be trained, an engine that is not here or not for this model, settings of training for an
    estimator, or a fraction to hold out for validation where the data bring a validation set.
    """
    recipe = _with_validation(recipe, dataset)
    architecture = architecture or find_architecture(recipe.model.name)
    if shared and not architecture.kind.epochs:
        trainer = backend = "auto"
    chosen: tuple[str, ...] = ()
    if recipe.training:
        check_class_names(recipe.training.class_weights, dataset.class_names)
        chosen = tuple(filter(None, [describe_own(recipe.settings)]))
    if architecture.source is not None:
        own = _prepare_own(recipe, dataset, trainer, backend, architecture, shared)
        if own.recipe.training is None:
            if not shared:
                refuse_training(recipe)
            return own
        return Prepared(own.recipe, own.architecture, own.engine, (*own.notes, *chosen))
    engine, advice = choose_engine(
        trainer, backend, kind=architecture.kind, convolutional=recipe.model.name in CONVOLUTIONAL
    )
    return Prepared(recipe, architecture, engine, (*([advice] if advice else []), *chosen))


def refuse_training(recipe: Recipe) -> None:
    """Raise UsageError if the recipe of a model that turned out to be an estimator has settings of training."""
    usual = TrainingConfig().settings
    training = recipe.training.settings if recipe.training else {}
    given = [f"--{name.replace('_', '-')}" for name, value in training.items() if value != usual.get(name)]
    if given:
        raise UsageError(
            f"given {', '.join(given)}, but model {recipe.model.name!r} is an estimator, which is fitted in one call: "
            "leave it out, or make it an option of the function under another name"
        )


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


def _prepare_own(
    recipe: Recipe, dataset: Dataset, trainer: str, backend: str, architecture: Architecture, shared: bool
) -> Prepared:
    """The same for a user's own model, which is examined on the backend that will train it.

    This process never executes the file. What "auto" leaves open is decided by where the model can be trained.
    """
    examine = partial(_examine, recipe, dataset, architecture)
    engine, advice = choose_engine(trainer, backend, kind=architecture.kind, convolutional=False)
    try:
        facts = examine(engine)
    except ModelFailure as error:
        engine, advice, facts = _elsewhere(trainer, backend, architecture, engine, examine, error)
    else:
        if facts.found.estimator:
            if shared:
                trainer = backend = "auto"
            return _prepare_estimator(recipe, dataset, trainer, backend, architecture, facts)
        faster, advice = choose_engine(trainer, backend, kind=architecture.kind, convolutional=facts.convolutional)
        if faster.backend != engine.backend:
            try:
                facts, engine = examine(faster), faster
            except ModelFailure as error:
                advice = f"the model runs on {engine.backend} alone: {error}"
        else:
            engine = faster
    filled = replace(recipe, model=ModelConfig(recipe.model.name, facts.options))
    # From here on it is what the run keeps.
    examined = own_architecture(architecture.name, facts.source, facts.found)
    return Prepared(filled, examined, engine, (*facts.notes, *([advice] if advice else [])))


def _prepare_estimator(
    recipe: Recipe, dataset: Dataset, trainer: str, backend: str, architecture: Architecture, facts: ModelFacts
) -> Prepared:
    """The same for one that turned out to be an estimator: it has no epochs, and needs no Keras."""
    examined = own_architecture(architecture.name, facts.source, facts.found)
    engine, _ = choose_engine(trainer, backend, kind=examined.kind, convolutional=False)
    filled = replace(recipe, model=ModelConfig(recipe.model.name, facts.options), training=None)
    notes = list(facts.notes)
    if not (facts.found.estimator and facts.found.estimator.seeded):
        notes.append(
            "all seeds give the same model: nothing in it is left to the seed, and the data bring their validation set"
            if dataset.given_validation
            else "nothing in it is left to the seed: seeds differ in the split of training and validation set alone"
        )
    return Prepared(filled, examined, engine, tuple(notes))


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
            f"model {architecture.name!r} runs on {other} alone: leave out --trainer and --backend, or say --trainer "
            f"{found.trainer}"
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
