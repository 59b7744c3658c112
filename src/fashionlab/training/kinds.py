"""What every kind of model offers in a worker process: to be trained, and to answer."""

import importlib
from collections.abc import Callable
from typing import Protocol

import numpy as np
from msgspec import Struct

from fashionlab.models.kinds import ModelKind
from fashionlab.store import Run, TrainingEnd
from fashionlab.workers.child import Channel

FORWARD_BATCH = 1024
"""Rows that a compiled forward pass takes at once: large enough to fill two cores, small enough for a convolution."""

Predictor = Callable[[np.ndarray], np.ndarray]
"""Float32 logits [n, classes] of uint8 images [n, height, width]."""


class RunArguments(Struct, frozen=True):
    """run: the folder; data_dir: of Fashion-MNIST's files, or None; trust: SHA-256 of the user's own model file."""

    run: str
    data_dir: str | None
    trust: str | None


class TrainArguments(RunArguments, frozen=True):
    """checkpoint_seconds: between two checkpoints; None for none on the way; snapshots: keep what a network was like
    after some of its epochs."""

    checkpoint_seconds: float | None
    snapshots: bool = False


class TrainableModels(Protocol):
    """The models of one kind."""

    def train(self, run: Run, arguments: TrainArguments, channel: Channel) -> TrainingEnd:
        """Train the run from its checkpoint, or from the start; write its environment, history, norms and weights."""

    def open(self, run: Run, trust: str | None, channel: Channel, batch: int = FORWARD_BATCH) -> Predictor:
        """The run's trained model. batch: rows that a compiled pass takes at once, where it takes a fixed number.

        Raises RunCorrupt if the run's arrays are not those of its model, UntrustedModel.
        """


_HOMES = {"network": "fashionlab.training.networks", "estimator": "fashionlab.training.estimators"}


def models_of(kind: ModelKind) -> TrainableModels:
    """The models of a kind; imports what they need."""
    models: TrainableModels = importlib.import_module(_HOMES[kind.name]).MODELS
    return models
