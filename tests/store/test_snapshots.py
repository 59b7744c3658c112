"""Snapshots of a training: few of them, spread over its epochs, sealed with the run, and checked when they are read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionlab.store.snapshots import MOST, Snapshots, confusion_of, kept_epochs, weights_of


@given(st.integers(1, 700))
def test_few_epochs_are_kept_evenly_and_never_one_that_was_dropped(last):
    kept = kept_epochs(last)
    assert kept[0] == 1
    assert kept[-1] == last
    assert len(kept) <= MOST
    assert len(set(np.diff(kept[:-1]))) <= 1
    assert set(kept[:-1]) <= set(kept_epochs(last - 1)) if last > 1 else True


def test_what_is_taken_is_read_back():
    taken = Snapshots()
    for epoch in range(1, 31):
        taken.take(epoch, np.full((3, 3), epoch, np.int32), np.full((2, 4, 4), epoch, np.float16))
    assert taken.epochs == kept_epochs(30)
    assert [int(each[0, 0]) for each in taken.confusion] == taken.epochs
    found = Snapshots.of(taken.arrays(), 30)
    assert found.epochs == taken.epochs
    assert found.to_bytes() == taken.to_bytes()
    empty = Snapshots()
    assert Snapshots.of(empty.arrays(), 0).epochs == []


def test_a_matrix_counts_and_a_kernel_becomes_images():
    logits = np.eye(3)[[0, 1, 1, 2]]
    assert confusion_of(logits, np.array([0, 1, 2, 2])).tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert confusion_of(np.zeros((2, 41)), np.zeros(2, int)) is None
    dense = np.arange(16 * 100, dtype=np.float32).reshape(16, 100)
    images = weights_of(dense, 4)
    assert images.shape == (24, 4, 4)
    assert images[0].ravel().tolist() == dense[:, 0].tolist()
    assert images[-1].ravel().tolist() == dense[:, -1].tolist()
    assert weights_of(np.zeros((3, 3, 1, 8)), 28).shape == (8, 3, 3)
    assert weights_of(dense, 5) is None


EPOCHS = np.array([1, 2], np.int32)


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"epochs": EPOCHS, "more": EPOCHS},
        {"epochs": EPOCHS[::-1]},
        {"epochs": np.array([1, 4], np.int32)},
        {"epochs": np.array([0, 1], np.int32)},
        {"epochs": EPOCHS.astype(float)},
        {"epochs": np.arange(1, 20, dtype=np.int32)},
        {"epochs": EPOCHS, "confusion": np.zeros((1, 3, 3), np.int32)},
        {"epochs": EPOCHS, "confusion": np.zeros((2, 3, 4), np.int32)},
        {"epochs": EPOCHS, "confusion": -np.ones((2, 3, 3), np.int32)},
        {"epochs": EPOCHS, "confusion": np.zeros((2, 99, 99), np.int32)},
        {"epochs": EPOCHS, "weights": np.full((2, 1, 4, 4), np.nan, np.float16)},
        {"epochs": EPOCHS, "weights": np.zeros((2, 4, 4), np.float16)},
        {"epochs": EPOCHS, "weights": np.zeros((2, 1, 4, 4), np.float64)},
        {"epochs": EPOCHS, "weights": np.zeros((2, 1, 4, 4096), np.float16)},
    ],
    ids=lambda arrays: ",".join(arrays),
)
def test_what_is_none_is_refused(arrays):
    with pytest.raises(ValueError):
        Snapshots.of(arrays, 3)
