"""Which images a page shows: each once, with what was predicted for it."""

import numpy as np
from msgspec import Struct

from fashionlab.store import SetPredictions
from fashionlab.training.softmax import softmax

MOST_CLASSES = 10
"""Probabilities kept per image, the highest first."""


class ShownImage(Struct, frozen=True):
    """An image of the page. set: "test" or "validation"; row: of that set's predictions; label, predicted: classes.

    classes, probabilities: the most probable classes, the highest first, and their probabilities in units of 0.0001.
    """

    set: str
    row: int
    label: int
    predicted: int
    classes: tuple[int, ...]
    probabilities: tuple[int, ...]


class PredictedSet:
    """The predictions of one set, "test" or "validation"; a row is a position in its arrays."""

    def __init__(self, name: str, predictions: SetPredictions) -> None:
        self.name = name
        self.logits = predictions.logits
        self.labels = predictions.labels.astype(np.int64)
        self.probabilities = softmax(self.logits)
        self.predicted = self.logits.argmax(axis=1)

    def describe(self, row: int) -> ShownImage:
        """One image."""
        order = np.argsort(-self.probabilities[row], kind="stable")[:MOST_CLASSES]
        return ShownImage(
            set=self.name,
            row=row,
            label=int(self.labels[row]),
            predicted=int(self.predicted[row]),
            classes=tuple(order.tolist()),
            probabilities=tuple(np.round(self.probabilities[row][order] * 10_000).astype(int).tolist()),
        )


class ShownImages:
    """The images of a page, numbered in the order in which they were asked for."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], int] = {}
        self._images: list[ShownImage] = []

    def add(self, predicted: PredictedSet, row: int) -> int:
        """The number of the image in `row` of a set."""
        key = (predicted.name, int(row))
        if key not in self._known:
            self._known[key] = len(self._images)
            self._images.append(predicted.describe(int(row)))
        return self._known[key]

    @property
    def all(self) -> tuple[ShownImage, ...]:
        """All of them, by number."""
        return tuple(self._images)
