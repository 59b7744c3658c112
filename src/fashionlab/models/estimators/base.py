"""What a estimator offers: to be fitted, and to answer from plain arrays in a process that has fitted nothing.

A fit ends in a dictionary of arrays, and the answers are computed from these alone, in NumPy: nothing of the library
that fitted them is needed to predict, nothing is unpickled, and the answers are the same whatever its version. What is
read from a file is checked first, so that arrays of another model raise and never lead astray.

Models see classes numbered 0 to m-1 without a gap; `training.estimators` maps them to those of the data set.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np

Tensors = dict[str, np.ndarray]

Scores = Callable[[np.ndarray], np.ndarray]
"""Float64 [n, m] of uint8 images [n, height, width]: logarithms of probabilities, -inf for a probability of 0."""


class Round(NamedTuple):
    """A round of a boosted model, as a row of `history.csv`: number from 1; seconds it took; cross-entropy in nats and
    accuracy as a fraction, None where there is no validation set."""

    number: int
    seconds: float
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float


Step = Callable[[int, Round | None], None]
"""Told by a fit how many of its units are done, and the latest round, if there are any; raises to stop it."""


@dataclass(frozen=True)
class LabelledImages:
    """images: uint8 [n, height, width]; labels: int64 [n], 0 to m-1."""

    images: np.ndarray
    labels: np.ndarray

    @property
    def flat(self) -> np.ndarray:
        """The pixels, uint8 [n, height * width]."""
        return self.images.reshape(len(self.images), -1)


@dataclass(frozen=True)
class Fitted:
    """What a fit gives. tensors: all that answering needs.

    remark: how the fit ended, in words. history, best_epoch and stopped only for a model that is made in rounds, each
    of which has a loss: the rounds, the one that was kept (from 1), and "epochs" or "patience". file: a user's own
    estimator as it is kept, None where it cannot be and for all others, whose arrays are all there is.
    """

    tensors: Tensors
    remark: str
    history: list[Round] = field(default_factory=list)
    best_epoch: int = 0
    stopped: str = ""
    file: bytes | None = None


class Estimator(ABC):
    """A estimator with its options, not fitted."""

    unit: ClassVar[str | None] = None
    """What a fit can count while it is under way ("tree", "round"); None: nothing."""

    libraries: ClassVar[tuple[str, ...]] = ("scikit-learn", "scipy")
    """The packages that a fit's numbers come from besides NumPy, for `environment.json`."""

    @property
    def total(self) -> int | None:
        """How many units a fit has at most."""
        return None

    @abstractmethod
    def fit(self, training: LabelledImages, validation: LabelledImages | None, step: Step) -> Fitted:
        """Fit; validation is what may stop it early, and None in a refit."""

    @abstractmethod
    def scores(self, tensors: Mapping[str, np.ndarray], side: int) -> Scores:
        """The function that answers, for images of `side` x `side` pixels.

        Raises KeyError or ValueError if the arrays cannot be those of such a model.
        """

    @abstractmethod
    def size(self, tensors: Mapping[str, np.ndarray]) -> tuple[int | None, str]:
        """The number of trained parameters (None where the word means nothing), and what it is made of, in words."""


def check(tensors: Mapping[str, np.ndarray], name: str, dtype: str, *shape: int | None) -> np.ndarray:
    """The array of that name. Raises ValueError unless it has the type and shape (None: any) and is finite."""
    array = tensors[name]
    fits = len(array.shape) == len(shape) and all(b in (None, a) for a, b in zip(array.shape, shape, strict=True))
    if array.dtype != np.dtype(dtype) or not fits:
        raise ValueError(f"{name} is {array.dtype} {array.shape}, expected {dtype} {shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite")
    return array
