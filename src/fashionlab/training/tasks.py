"""What a worker process does for training."""

from pathlib import Path
from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from fashionlab.models import Architecture
from fashionlab.models.own.sentences import explained
from fashionlab.models.own.source import Found, OwnSource
from fashionlab.models.registry import own_architecture
from fashionlab.options import REQUIRED, as_typed
from fashionlab.recipe.config import check_names, common_options
from fashionlab.store import Run, TrainingEnd
from fashionlab.training.kinds import TrainArguments, models_of
from fashionlab.training.networks import has_convolutions, trace_step
from fashionlab.workers import Task
from fashionlab.workers.child import Channel


class ExamineArguments(Struct, frozen=True):
    """model: `file.py:function` of the user's own, source: its content, for which whoever sends it vouches; found:
    what is known of it already, or None; at_home: execute it in its own folder, and find out what it needs from there;
    options: those given; side: pixels of the images; classes."""

    model: str
    source: OwnSource
    found: Found | None
    at_home: bool
    options: dict[str, Any]
    side: int
    classes: int


class ModelFacts(Struct, frozen=True):
    """What a user's own model is. options: all of them, checked; convolutional: whether it convolves; notes: a sentence
    for each thing that the lab changed about it or does not use; source: its content, with what it needs from its
    folder; found: what else decides its numbers."""

    options: dict[str, Any]
    convolutional: bool
    notes: tuple[str, ...]
    source: OwnSource
    found: Found


class OptionHelp(Struct, frozen=True):
    """An option of a model for its help. default: as one types it, None where it has to be given."""

    name: str
    description: str
    expected: str
    default: str | None


class ModelHelp(Struct, frozen=True):
    """What the help says of a model."""

    description: str
    options: tuple[OptionHelp, ...]


class DescribeArguments(Struct, frozen=True):
    """model: `file.py:function` of the user's own; source: its content."""

    model: str
    source: OwnSource


DESCRIBE = Task("fashionlab.training.tasks:describe_own", ModelHelp)
EXAMINE = Task("fashionlab.training.tasks:examine_own", ModelFacts)
TRAIN = Task("fashionlab.training.tasks:train", TrainingEnd)


def help_of(architecture: Architecture) -> ModelHelp:
    """What the help says of a model. For a user's own file this executes the file, in a worker process alone."""
    return ModelHelp(
        architecture.description,
        tuple(
            OptionHelp(
                option.name,
                option.description,
                option.expected,
                None if option.default is REQUIRED else as_typed(option.default),
            )
            for option in architecture.options.values()
        ),
    )


def describe_own(arguments: DescribeArguments, channel: Channel) -> ModelHelp:
    """The description and the options of a user's own model. Executes the user's file. Raises UsageError."""
    return help_of(Architecture(arguments.model, arguments.source, at_home=True))


def examine_own(arguments: ExamineArguments, channel: Channel) -> ModelFacts:
    """What a user's own model is, on the backend of this worker. Executes the user's file.

    Raises UsageError, in one sentence, for a model that cannot be trained here: a step is traced, not run.
    """
    architecture = Architecture(arguments.model, arguments.source, arguments.found, arguments.at_home)
    check_names(architecture)
    options = architecture.fill(arguments.options, common_options(architecture.kind))
    shape = (arguments.side, arguments.side)
    found, notes = architecture.examine(shape, arguments.classes, options)
    source, left_out, said = arguments.source, (arguments.found and arguments.found.left_out) or {}, list[str]()
    if arguments.at_home:
        source, left_out, said = architecture.place.kept()
    found = replace(found, left_out=left_out or UNSET)
    if found.estimator:
        return ModelFacts(options, False, (*notes, *said), source, found)
    # As the run will have it: of these very bytes, in another folder.
    model = own_architecture(arguments.model, source, found).build(shape, arguments.classes, options, 0)
    with explained(f"model {arguments.model!r} cannot be trained"):
        trace_step(model, arguments.side, arguments.classes)
    return ModelFacts(options, has_convolutions(model), (*notes, *said), source, found)


def train(arguments: TrainArguments, channel: Channel) -> TrainingEnd:
    """Train the run from its checkpoint, or from the start; write its history and its weights."""
    run = Run(Path(arguments.run))
    return models_of(run.spec.recipe.kind).train(run, arguments, channel)
