"""The contract that every way to run an epoch meets, and the little that they share."""

from typing import NamedTuple, Protocol

import numpy as np


class Sums(NamedTuple):
    """An epoch's totals so far: rows seen, sum of their losses (cross-entropy, nats), how many were right."""

    rows: int
    loss: float
    correct: int


class Runner(Protocol):
    """One way to run an epoch. The loop in `loop.py` decides what happens between the chunks."""

    steps: int
    """Steps in an epoch."""

    def begin_epoch(self, epoch: int) -> None:
        """Lay out order, augmentation and dropout keys of epoch 1, 2, …; set the sums to 0."""

    def lay_out(self, epoch: int) -> None:
        """The order and augmentation alone: what a run resumed in mid-epoch needs."""

    def run(self, first: int, last: int) -> Sums:
        """Take the steps `first` .. `last - 1` of the epoch; return the epoch's sums so far."""

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Float32 logits [n, classes] of uint8 images [n, height, width], dropout off."""

    def weights(self) -> list[np.ndarray]:
        """The model's weights in the order of `model.weights`, copied to the host."""

    def save(self) -> dict[str, np.ndarray]:
        """The whole state by name, enough to go on bit for bit."""

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Take over what `save` gave."""
