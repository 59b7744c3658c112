"""`predictions.npz`: what a run's model answered on the sets that judge it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fashionlab.errors import RunCorrupt
from fashionlab.store.format import REMEDY, from_npz, to_npz


@dataclass(frozen=True, eq=False)
class SetPredictions:
    """One set. logits: float32 [n, classes]; labels: int32 [n]; rows: int64 [n] of the data set's images, None for the
    test set, which is taken whole. shared: int64 [m], ascending, positions in these arrays of the images that the
    training set holds, too; None for none."""

    logits: np.ndarray
    labels: np.ndarray
    rows: np.ndarray | None = None
    shared: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Predictions:
    """validation, test: None where that set was not predicted."""

    validation: SetPredictions | None
    test: SetPredictions | None

    def of(self, name: str) -> SetPredictions | None:
        """The predictions of "validation" or "test"."""
        return self.validation if name == "validation" else self.test

    def to_bytes(self) -> bytes:
        """The file's content."""
        arrays: dict[str, np.ndarray] = {}
        for name, found in (("validation", self.validation), ("test", self.test)):
            if found:
                arrays |= {f"{name}_labels": found.labels, f"{name}_logits": found.logits}
                arrays |= {f"{name}_rows": found.rows} if found.rows is not None else {}
                arrays |= {f"{name}_shared": found.shared} if found.shared is not None else {}
        return to_npz(arrays)

    @staticmethod
    def from_bytes(content: bytes, classes: int, path: Path) -> "Predictions":
        """The inverse of `to_bytes`. Raises RunCorrupt unless types, shapes and labels are what this class says."""
        arrays = from_npz(content, path)
        try:
            return Predictions(_set(arrays, "validation", classes), _set(arrays, "test", classes))
        except (KeyError, ValueError) as error:
            raise RunCorrupt(f"{path} is damaged ({error}); {REMEDY}") from None


def _set(arrays: Mapping[str, np.ndarray], name: str, classes: int) -> SetPredictions | None:
    if f"{name}_logits" not in arrays:
        return None
    logits, labels, rows = arrays[f"{name}_logits"], arrays[f"{name}_labels"], arrays.get(f"{name}_rows")
    if logits.dtype != np.float32 or logits.ndim != 2 or logits.shape[1] != classes:
        raise ValueError(f"{name}_logits is {logits.dtype} {list(logits.shape)}, expected float32 [n, {classes}]")
    for kind, found in (("labels", labels), ("rows", rows)):
        if found is not None and (found.dtype.kind not in "iu" or found.shape != logits.shape[:1]):
            raise ValueError(f"{name}_{kind} is {found.dtype} {list(found.shape)}, expected whole numbers [n]")
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"{name}_labels run from {labels.min()} to {labels.max()}, expected 0 to {classes - 1}")
    if not len(labels):
        raise ValueError(f"{name}_labels has no rows")
    if np.isnan(logits).any() or np.isposinf(logits).any():
        raise ValueError(f"{name}_logits holds numbers that are NaN or infinite")
    if rows is not None and rows.min() < 0:
        raise ValueError(f"{name}_rows holds {rows.min()}, expected 0 or more")
    shared = arrays.get(f"{name}_shared")
    if shared is not None:
        if shared.dtype.kind not in "iu" or shared.ndim != 1 or not len(shared):
            raise ValueError(f"{name}_shared is {shared.dtype} {list(shared.shape)}, expected whole numbers [m]")
        if shared.min() < 0 or shared.max() >= len(labels) or (np.diff(shared.astype(np.int64)) <= 0).any():
            raise ValueError(f"{name}_shared are not positions from 0 to {len(labels) - 1} in order")
    return SetPredictions(logits, labels, rows, shared)
