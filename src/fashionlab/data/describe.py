"""A data set in numbers, as plain data."""

from typing import Any

import numpy as np

from fashionlab.data.dataset import Dataset

_ROWS_AT_ONCE = 4096
"""NumPy's bincount widens bytes to 8 bytes each: by chunks this is some megabytes instead of hundreds."""


def describe(dataset: Dataset, seed: int, validation: float = 0.2) -> dict[str, Any]:
    """Source, hash, counts by class and part, and pixel statistics of the training rows, ready for JSON.

    `counts` holds a number for each class, in the order of `class_names`; `rows` are the parts' sizes. The
    test part is not opened: only its size is told. `pixels` are grey values 0 to 255 over the training rows
    of this split; `zero_share` is the share of pixels that are 0.
    """
    split = dataset.split(seed, validation)
    classes = len(dataset.class_names)
    train = np.bincount(dataset.labels[split.train], minlength=classes)
    held = np.bincount(dataset.labels[split.validation], minlength=classes)
    return {
        "name": dataset.name,
        "source": dataset.source,
        "sha256": dataset.sha256,
        "side": int(dataset.images.shape[1]),
        "rows": {
            "train": len(split.train),
            "validation": len(split.validation),
            "test": dataset.test.size,
        },
        "split": {"seed": seed, "validation": validation, "stratified": True},
        "class_names": list(dataset.class_names),
        "counts": {"train": train.tolist(), "validation": held.tolist()},
        "pixels": _pixels(dataset.images, split.train),
    }


def _pixels(images: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
    """Exact statistics from a histogram of the 256 grey values."""
    counts = np.zeros(256, np.int64)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        counts += np.bincount(images[rows[start : start + _ROWS_AT_ONCE]].ravel(), minlength=256)
    values, total = np.arange(256), counts.sum()
    mean = float(counts @ values / total)
    present = np.flatnonzero(counts)
    return {
        "mean": mean,
        "standard_deviation": float(np.sqrt(counts @ (values - mean) ** 2 / total)),
        "minimum": int(present[0]),
        "maximum": int(present[-1]),
        "zero_share": float(counts[0] / total),
    }
