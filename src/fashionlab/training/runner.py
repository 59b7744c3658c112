"""The contract that every way to run an epoch meets, and the little that they share."""

import os
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np

from fashionlab.errors import UsageError

FORWARD_BATCH = 1024
"""Rows a compiled forward pass takes at once: large enough to fill two cores, small enough for a convolution."""


class Sums(NamedTuple):
    """An epoch's totals so far: rows seen, sum of their losses (cross-entropy, nats), how many were right."""

    rows: int
    loss: float
    correct: int


class Runner(Protocol):
    """One way to run an epoch. The loop in `loop.py` decides what happens between the chunks."""

    steps: int
    """Steps in an epoch."""

    device: str
    """What it trains on, in words: "CPU, 2 cores", or the name of the GPU."""

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


def name_cpu() -> str:
    """The processor as a device, with the cores that this process may use: "CPU, 2 cores"."""
    cores = len(os.sched_getaffinity(0))
    return f"CPU, {cores} core{'s' if cores > 1 else ''}"


def check_saved(own: Mapping[str, np.ndarray], saved: Mapping[str, np.ndarray]) -> None:
    """Raise UsageError if names, shapes or types of a saved state are not those of this model's own."""
    wrong = sorted(own.keys() ^ saved.keys()) or [
        name for name, a in own.items() if a.shape != saved[name].shape or a.dtype != saved[name].dtype
    ]
    if wrong:
        raise UsageError(f"the checkpoint does not belong to this model: {wrong[0]} differs")
