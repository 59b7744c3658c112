"""The pictures of a part, row by row as the run's predictions."""

from pathlib import Path

import numpy as np

from fashionlab.data import Dataset
from fashionlab.errors import UsageError
from fashionlab.store import Ledger, Run
from fashionlab.training.partition import rows_of
from fashionlab.training.tasks import load_for


def open_pictures(run: Run, part: str, data_dir: str | Path | None = None) -> np.ndarray:
    """Pictures uint8 [n, side, side] of a run's part, in the order of its predictions' rows.

    part: "test" or "validation". Showing the test pictures on which the run was judged is the same look at them, not
    another, so the ledger gets a line only where it does not have the run's own, as when the run was copied here
    (docs/decisions/0008). Needs no framework.
    Raises DataError if the data set cannot be had or is another than the run's, StoreError if the ledger cannot be
    written, UsageError for the validation part of a refit, or for the test part of a run that was told to leave it
    closed.
    """
    if part not in ("test", "validation"):
        raise ValueError(f"given part {part!r}, expected 'test' or 'validation'")
    if part == "validation" and run.request["recipe"]["refit"]:
        raise UsageError(f"run {run.name} is a refit: it was trained on the validation rows too, and has no such part")
    if part == "test" and not run.request["test"]:
        raise UsageError(f"run {run.name} was made with the test part closed, and a report of it leaves it so")
    dataset = load_for(run, None if data_dir is None else str(data_dir))
    if part == "validation":
        return dataset.images[rows_of(run.request, dataset).grade]
    return open_test_part(run, dataset)[0]


def open_test_part(run: Run, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of the test part, for judging this run or showing how it was judged; one line a run."""
    ledger = Ledger(run.path.parent)

    def record(sha256: str, rows: int) -> None:
        if not any(line["by"] == run.name for line in ledger.openings(sha256)):
            ledger.record(sha256, rows, run.name)

    return dataset.test.open(record)
