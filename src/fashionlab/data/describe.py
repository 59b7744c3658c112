"""A data set in numbers."""

import numpy as np
from msgspec import Struct

from fashionlab.data.dataset import Dataset
from fashionlab.data.split import VALIDATION_SHARE

_ROWS_AT_ONCE = 4096
"""NumPy's bincount widens bytes to 8 bytes each: by chunks this is some megabytes instead of hundreds."""


class SetSizes(Struct, frozen=True):
    """Images of each set. The test set is not read: only its size is told."""

    training: int
    validation: int
    test: int


class ClassCount(Struct, frozen=True):
    """Images of one class in the training and the validation set."""

    name: str
    training: int
    validation: int


class PixelStatistics(Struct, frozen=True):
    """Grey values, 0 to 255, over all pixels of the training set. zero_share: of pixels that are 0."""

    mean: float
    standard_deviation: float
    minimum: int
    maximum: int
    zero_share: float


class DataDescription(Struct, frozen=True, kw_only=True):
    """What is in a data set, split by `seed` with this fraction held out for validation, None where the data bring
    their own validation set.

    source: where it came from; sha256: of all its content; side: pixels; classes: in the order of their labels; notes:
    what was left out, chosen and done to the images; shared_test: how many test images are in the
    training set (validation included) too.
    """

    name: str
    source: str
    sha256: str
    side: int
    seed: int
    validation: float | None
    sizes: SetSizes
    classes: tuple[ClassCount, ...]
    pixels: PixelStatistics
    notes: tuple[str, ...] = ()
    shared_test: int = 0


def describe(dataset: Dataset, seed: int, validation: float | None = None) -> DataDescription:
    """Source, hash, counts by class and set, and pixel statistics of a data set under a split."""
    split = dataset.split(seed, validation)
    classes = len(dataset.class_names)
    training, held_out = (
        np.bincount(dataset.labels[rows], minlength=classes).tolist() for rows in (split.train, split.validation)
    )
    return DataDescription(
        name=dataset.name,
        source=dataset.source,
        sha256=dataset.sha256,
        side=int(dataset.images.shape[1]),
        seed=seed,
        validation=None if dataset.given_validation else VALIDATION_SHARE if validation is None else validation,
        sizes=SetSizes(len(split.train), len(split.validation), dataset.test.size),
        classes=tuple(map(ClassCount, dataset.class_names, training, held_out)),
        pixels=_pixels(dataset.images, split.train),
        notes=dataset.notes,
        shared_test=len(dataset.test.rows_among(dataset.images)),
    )


def _pixels(images: np.ndarray, rows: np.ndarray) -> PixelStatistics:
    """Exact statistics from a histogram of the 256 grey values."""
    counts = np.zeros(256, np.int64)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        counts += np.bincount(images[rows[start : start + _ROWS_AT_ONCE]].ravel(), minlength=256)
    values, total = np.arange(256), counts.sum()
    mean = float(counts @ values / total)
    present = np.flatnonzero(counts)
    return PixelStatistics(
        mean=mean,
        standard_deviation=float(np.sqrt(counts @ (values - mean) ** 2 / total)),
        minimum=int(present[0]),
        maximum=int(present[-1]),
        zero_share=float(counts[0] / total),
    )
