"""Which pictures a page shows: each once, with what was predicted for it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fashionlab.training.softmax import softmax

MOST_CLASSES = 10
"""Probabilities kept a picture, the highest first."""


class Part:
    """The predictions of one part, "test" or "validation"; a row is a position in its arrays."""

    def __init__(self, name: str, predictions: Mapping[str, np.ndarray]) -> None:
        self.name = name
        self.logits = predictions[f"{name}_logits"]
        self.labels = predictions[f"{name}_labels"].astype(np.int64)
        self.probabilities = softmax(self.logits)
        self.predicted = self.logits.argmax(axis=1)

    def describe(self, row: int) -> dict[str, Any]:
        """One picture: part, row, label, predicted, and the highest probabilities in units of 0.0001."""
        order = np.argsort(-self.probabilities[row], kind="stable")[:MOST_CLASSES]
        return {
            "part": self.name,
            "row": row,
            "label": int(self.labels[row]),
            "predicted": int(self.predicted[row]),
            "classes": order.tolist(),
            "probabilities": np.round(self.probabilities[row][order] * 10_000).astype(int).tolist(),
        }


class PictureBook:
    """The pictures of a page, numbered in the order in which they were asked for."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self._known: dict[tuple[str, int], int] = {}

    def add(self, part: Part, row: int) -> int:
        """The number of the picture in `row` of a part."""
        key = (part.name, int(row))
        if key not in self._known:
            self._known[key] = len(self.entries)
            self.entries.append(part.describe(int(row)))
        return self._known[key]
