"""The images of a set, row by row as the run's predictions."""

from pathlib import Path

import numpy as np

from fashionlab.data import Dataset
from fashionlab.errors import RunCorrupt, UsageError
from fashionlab.store import Ledger, Run
from fashionlab.store.format import REMEDY
from fashionlab.training.datasets import load_for
from fashionlab.training.partition import partition


def open_images(run: Run, name: str, data_dir: str | Path | None = None) -> np.ndarray:
    """Images uint8 [n, side, side] of a run's "test" or "validation" set, in the order of its predictions' rows.

    Showing the test images that the run was evaluated on is the same look at them, not another, so the ledger gets a
    line only where it does not have the run's own, as when the run was copied here (docs/decisions/0008). Needs no
    framework.
    Raises DataError if the data set cannot be had or is another than the run's, StoreError if the ledger cannot be
    written, UsageError for the validation set of a refit, or for the test set of a run that was told not to use it.
    """
    if name not in ("test", "validation"):
        raise ValueError(f"given the set {name!r}, expected 'test' or 'validation'")
    if name == "validation" and run.spec.recipe.refit:
        raise UsageError(
            f"run {run.name} is a refit: it was trained on the validation images too, and has no validation set"
        )
    if name == "test" and not run.spec.test:
        raise UsageError(f"run {run.name} did not use the test set, and a report of it does not either")
    dataset = load_for(run, None if data_dir is None else str(data_dir))
    predicted = run.predictions.of(name)
    if name == "validation":
        rows = partition(run.spec, dataset).judging
        images, labels = dataset.images[rows], dataset.labels[rows]
    else:
        images, labels = open_test_set(run, dataset)
    if predicted is not None and not np.array_equal(predicted.labels, labels):
        raise RunCorrupt(
            f"{run.path / 'predictions.npz'} is damaged (its labels of {name} are not those of the data); {REMEDY}"
        )
    return images


def open_test_set(run: Run, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of the test set, to evaluate this run or to show how it was evaluated; one line a run."""
    ledger = Ledger(run.path.parent)

    def record(sha256: str, rows: int) -> None:
        if not any(line.by == run.name for line in ledger.lines(sha256)):
            ledger.record(sha256, rows, run.name)

    return dataset.test.open(record)
