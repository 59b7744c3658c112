"""What a worker process does for training."""

from pathlib import Path
from typing import Any

from msgspec import Struct

from fashionlab.models.registry import own_architecture
from fashionlab.recipe.config import check_names
from fashionlab.store import Run, TrainingEnd
from fashionlab.training.kinds import TrainArguments, models_of
from fashionlab.training.networks import has_convolutions
from fashionlab.workers import Task
from fashionlab.workers.child import Channel


class ExamineArguments(Struct, frozen=True):
    """model: `file.py:function` of the user's own, source: the file's text, for which whoever sends it vouches;
    options: those given; side: pixels of the images; classes."""

    model: str
    source: str
    options: dict[str, Any]
    side: int
    classes: int


class ModelFacts(Struct, frozen=True):
    """What a user's own model is. options: all of them, checked; convolutional: whether it convolves."""

    options: dict[str, Any]
    convolutional: bool


EXAMINE = Task("fashionlab.training.tasks:examine_own", ModelFacts)
TRAIN = Task("fashionlab.training.tasks:train", TrainingEnd)


def examine_own(arguments: ExamineArguments, channel: Channel) -> ModelFacts:
    """What a user's own model is. Executes the user's file. Raises UsageError."""
    architecture = own_architecture(arguments.model, arguments.source.encode())
    check_names(architecture)
    options = architecture.fill(arguments.options)
    model = architecture.build((arguments.side, arguments.side), arguments.classes, options, 0)
    return ModelFacts(options, has_convolutions(model))


def train(arguments: TrainArguments, channel: Channel) -> TrainingEnd:
    """Train the run from its checkpoint, or from the start; write its history and its weights."""
    run = Run(Path(arguments.run))
    return models_of(run.spec.recipe.kind).train(run, arguments, channel)
