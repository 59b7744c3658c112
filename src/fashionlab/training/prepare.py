"""From a recipe to the spec of a run: which engine trains it, and all else that decides its numbers."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from msgspec import UNSET
from msgspec.structs import replace

from fashionlab.data import Dataset
from fashionlab.data.split import VALIDATION_SHARE
from fashionlab.errors import ModelFailure, UsageError
from fashionlab.machine import has_bfloat16
from fashionlab.models import CONVOLUTIONAL, Architecture, find_architecture
from fashionlab.models.registry import own_architecture
from fashionlab.options import spelled
from fashionlab.recipe.choices import describe_own
from fashionlab.recipe.class_weights import check_class_names, on_class_weights
from fashionlab.recipe.config import ModelConfig, Precision, TrainingConfig
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import BFLOAT16_BACKENDS, DataFacts, Origin, RunSpec
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

LACKING = "float32 is used instead of bfloat16, for which this processor has no instructions (AVX512-BF16 or AMX)"
"""What is said where `prepare` does not do as the recipe asks."""


@dataclass(frozen=True)
class Prepared:
    """A recipe ready to run. recipe: all options filled in, those of a user's own model too; precision: in which its
    training steps will compute; notes: a sentence for each thing that the user should know of: a faster engine, what
    was changed or is not used of a model of their own, a precision that the processor lacks."""

    recipe: Recipe
    architecture: Architecture
    engine: Engine
    precision: Precision
    notes: tuple[str, ...]


def prepare(
    recipe: Recipe,
    dataset: Dataset,
    trainer: str = "auto",
    backend: str = "auto",
    architecture: Architecture | None = None,
    bfloat16: bool | None = None,
    shared: bool = False,
) -> Prepared:
    """Find the recipe's architecture, its engine and its precision, and examine a user's own model in a worker.

    architecture: the recipe's, where it is not to be looked for by its name; bfloat16: whether it is used if the recipe
    asks for it, None for "if this processor has it"; shared: trainer, backend and the settings of training are those of
    several models, and an estimator goes without. Raises UsageError: for a model that does not exist or that cannot be
    trained, an engine that is not here or not for this model, a precision that the engine lacks, settings of training
    for an estimator, or a fraction to hold out for validation where the data bring a validation set.
    """
    recipe = _with_validation(recipe, dataset)
    architecture = architecture or find_architecture(recipe.model.name)
    if shared and not architecture.kind.epochs:
        trainer = backend = "auto"
    if recipe.training:
        weights = recipe.training.class_weights
        check_class_names(weights, dataset.class_names)
        said = on_class_weights(weights, dataset.labels, dataset.class_names)
    if architecture.source is not None:
        found = _prepare_own(recipe, dataset, trainer, backend, architecture, shared)
        if found.recipe.training is None and not shared:
            refuse_training(recipe)
    else:
        engine, advice = choose_engine(
            trainer, backend, kind=architecture.kind, convolutional=recipe.model.name in CONVOLUTIONAL
        )
        found = Prepared(recipe, architecture, engine, "float32", (advice,) if advice else ())
    if recipe.training is None or found.recipe.training is None:
        return found
    precision, lacking = _choose_precision(recipe.training.precision, found.engine, bfloat16)
    notes = (*found.notes, *filter(None, [describe_own(recipe.settings), said, lacking]))
    return dataclasses.replace(found, precision=precision, notes=notes)


def refuse_training(recipe: Recipe) -> None:
    """Raise UsageError if the recipe of a model that turned out to be an estimator has settings of training."""
    usual = TrainingConfig().settings
    training = recipe.training.settings if recipe.training else {}
    given = [spelled(name) for name, value in training.items() if value != usual.get(name)]
    if given:
        raise UsageError(
            f"given {', '.join(given)}, but model {recipe.model.name!r} is an estimator, which is fitted in one call: "
            "leave it out, or make it an option of the function under another name"
        )


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
    prepared: Prepared, dataset: Dataset, test: bool, in_study: bool = False, origins: tuple[Origin, ...] = ()
) -> RunSpec:
    """The spec of a run on a data set. test, in_study, origins: see `RunSpec`."""
    architecture, engine = prepared.architecture, prepared.engine
    return RunSpec(
        recipe=prepared.recipe,
        data=DataFacts(dataset.sha256, dataset.class_names, int(dataset.images.shape[1]), dataset.facts),
        model_sha256=architecture.source_sha256,
        found=architecture.found or UNSET,
        trainer=engine.trainer,
        backend=engine.backend,
        precision=prepared.precision,
        test=test,
        in_study=in_study,
        origins=origins or UNSET,
    )


def _choose_precision(asked: Precision, engine: Engine, bfloat16: bool | None) -> tuple[Precision, str | None]:
    """The precision of an engine's training steps, and a sentence where it is not what was asked for.

    bfloat16: see `prepare`. Raises UsageError for one that the engine lacks.
    """
    if asked == "float32":
        return "float32", None
    if engine.backend not in BFLOAT16_BACKENDS:
        raise UsageError(
            f"--precision: given bfloat16, which the trainer {engine.trainer!r} on {engine.backend} does not have; "
            "leave it out, or add --backend tensorflow, where it makes convolutional networks faster"
        )
    if has_bfloat16() if bfloat16 is None else bfloat16:
        return "bfloat16", None
    return "float32", LACKING


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
    examine, refused = partial(_examine, recipe, dataset, architecture), None
    engine, advice = choose_engine(trainer, backend, kind=architecture.kind, convolutional=False)
    try:
        facts = examine(engine)
    except ModelFailure as error:
        engine, advice, facts = _elsewhere(trainer, backend, architecture, engine, examine, error)
        refused = error
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
    return Prepared(filled, examined, engine, "float32", (*facts.notes, *said))


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
    return Prepared(filled, examined, engine, "float32", tuple(notes))


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
