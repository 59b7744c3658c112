"""What a network was like after some of its epochs: kept while it trains, to be looked at over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fashionlab.errors import RunCorrupt
from fashionlab.store.format import REMEDY, from_npz, to_npz

SNAPSHOTS = "snapshots.npz"
"""Their file in a run; one made without them has none."""

MOST = 12
"""Snapshots of a run, however many epochs it has."""

UNITS = 24
"""Units of the first layer whose weights are kept: evenly spaced among all, for what they become is not known yet."""

LARGEST_MATRIX = 40
"""Classes; a larger confusion matrix is not kept, as no page shows it."""


def kept_epochs(last: int, most: int = MOST) -> list[int]:
    """Of the epochs 1 to `last` those that are kept: every one, every second, every fourth, …, and the last.

    Those of one epoch, its own aside, are among those of the epoch before: nothing is needed that was dropped.
    """
    stride = 1
    while len(found := sorted({*range(1, last + 1, stride), last})) > most:
        stride *= 2
    return found


@dataclass
class Snapshots:
    """epochs: ascending, at most MOST; confusion: counts int32 [classes, classes] on validation, row = true class, for
    each, or none at all; weights: float16 [units, height, width] of the first layer, for each, or none at all."""

    epochs: list[int] = field(default_factory=list)
    confusion: list[np.ndarray] = field(default_factory=list)
    weights: list[np.ndarray] = field(default_factory=list)

    def take(self, epoch: int, confusion: np.ndarray | None, weights: np.ndarray | None) -> None:
        """Add an epoch's, and drop those that are too many by now."""
        self.epochs.append(epoch)
        self.confusion += [] if confusion is None else [confusion]
        self.weights += [] if weights is None else [weights]
        wanted = set(kept_epochs(epoch))
        at = [i for i, each in enumerate(self.epochs) if each in wanted]
        self.epochs = [self.epochs[i] for i in at]
        self.confusion, self.weights = (
            [kind[i] for i in at] if kind else [] for kind in (self.confusion, self.weights)
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """As a file and a checkpoint keep them: epochs int32 [n], and confusion and weights where there are any."""
        found = {"epochs": np.array(self.epochs, np.int32)}
        for name in ("confusion", "weights"):
            if kind := getattr(self, name):
                found[name] = np.stack(kind)
        return found

    def to_bytes(self) -> bytes:
        """`snapshots.npz`."""
        return to_npz(self.arrays())

    @staticmethod
    def of(arrays: Mapping[str, np.ndarray], epochs: int) -> "Snapshots":
        """The inverse of `arrays`, of a run that has made so many epochs. Raises ValueError for what is none."""
        if not {"epochs"} <= set(arrays) <= {"epochs", "confusion", "weights"}:
            raise ValueError(f"it holds {', '.join(arrays)}")
        at = arrays["epochs"]
        if at.ndim != 1 or at.dtype != np.int32 or len(at) > MOST:
            raise ValueError(f"its epochs are {at.dtype} {list(at.shape)}")
        if sorted(set(at.tolist())) != at.tolist() or (len(at) and not 1 <= at[0] <= at[-1] <= epochs):
            raise ValueError(f"its epochs are not some of the {epochs} epochs in order")
        found = Snapshots(at.tolist())
        for name, kind, most in (("confusion", np.int32, LARGEST_MATRIX), ("weights", np.float16, 1024)):
            if name not in arrays:
                continue
            array = arrays[name]
            if array.ndim < 3 or len(array) != len(at) or array.dtype != kind or max(array.shape[1:]) > most:
                raise ValueError(f"its {name} are {array.dtype} {list(array.shape)}")
            setattr(found, name, list(array))
        if any(each.ndim != 2 or each.shape[0] != each.shape[1] or each.min() < 0 for each in found.confusion):
            raise ValueError("its confusion matrices are none")
        if any(each.ndim != 3 or not np.isfinite(each).all() for each in found.weights):
            raise ValueError("its weights are no images")
        return found

    @staticmethod
    def from_bytes(content: bytes, epochs: int, path: Path) -> "Snapshots":
        """The inverse of `to_bytes`; path: for the message. Raises RunCorrupt."""
        try:
            return Snapshots.of(from_npz(content, path), epochs)
        except ValueError as error:
            raise RunCorrupt(f"{path} is damaged ({error}); {REMEDY}") from None


def confusion_of(logits: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """Counts int32 [classes, classes] of logits [n, classes], row = true class; None for very many classes."""
    k = logits.shape[1]
    if k > LARGEST_MATRIX:
        return None
    cells = labels.astype(np.int64) * k + logits.argmax(axis=1)
    return np.bincount(cells, minlength=k * k).reshape(k, k).astype(np.int32)


def weights_of(kernel: np.ndarray, side: int) -> np.ndarray | None:
    """Some units of a first layer as images, float16 [units, height, width]: of a dense layer's kernel [pixels, units],
    or a convolution's [height, width, channels, units], averaged over its channels. None for any other kernel."""
    if kernel.ndim == 2 and kernel.shape[0] == side * side:
        images: Sequence[np.ndarray] | np.ndarray = kernel.T.reshape(-1, side, side)
    elif kernel.ndim == 4:
        images = kernel.mean(axis=2).transpose(2, 0, 1)
    else:
        return None
    chosen = np.unique(np.linspace(0, len(images) - 1, UNITS).astype(int))
    return np.asarray(images)[chosen].astype(np.float16)
