"""The contract that every way to run an epoch meets, and the little that they share."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from fashionlab.errors import RunCorrupt
from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.runners import rng
from fashionlab.training.runners.augment import draw_augmentation

if TYPE_CHECKING:
    from fashionlab.training.runners.state import KerasState


class Sums(NamedTuple):
    """An epoch's totals so far: rows seen, sum of their losses (cross-entropy, nats), how many were correct."""

    rows: int
    loss: float
    correct: int


class Runner(Protocol):
    """One way to run an epoch. The loop in `loop.py` decides what happens between the chunks."""

    steps: int
    """Steps in an epoch."""

    device: str
    """What it trains on, in words: "CPU, 2 cores", or the name of the GPU."""

    state: "KerasState"
    """What training changes: its `start_epoch` comes before an epoch's first step, unless a saved state is restored."""

    def prepare_epoch(self, epoch: int) -> None:
        """Draw order and augmentation of epoch 1, 2, …: a function of the epoch alone, and no part of the state."""

    def run(self, first: int, last: int) -> Sums:
        """Take the steps `first` .. `last - 1` of the epoch; return the epoch's sums so far."""

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Float32 logits [n, classes] of uint8 images [n, height, width], dropout off, with the present weights."""


class EpochPlan(NamedTuple):
    """An epoch's order, int32 [steps * batch size], and by name the random numbers of its augmentation, a row each."""

    order: np.ndarray
    augmentation: dict[str, np.ndarray]


def plan_epoch(config: TrainingConfig, rows: int, side: int, seed: int, epoch: int) -> EpochPlan:
    """The plan of epoch 1, 2, … for `rows` images of `side` pixels a side."""
    order = rng.order(rows, config.batch_size, seed, epoch)
    return EpochPlan(order, draw_augmentation(config, len(order), side, seed, epoch))


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Batches that `rows` rows fill, a ragged last one included."""
    return -(-rows // batch_size)


def check_saved(own: Mapping[str, np.ndarray], saved: Mapping[str, np.ndarray]) -> None:
    """Raise RunCorrupt if names, shapes or types of a saved state are not those of this model's own."""
    wrong = sorted(own.keys() ^ saved.keys()) or [
        name for name, a in own.items() if a.shape != saved[name].shape or a.dtype != saved[name].dtype
    ]
    if wrong:
        raise RunCorrupt(
            f"the checkpoint does not belong to this model ({wrong[0]} differs); delete the run and train anew"
        )
