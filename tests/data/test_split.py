"""Splits: stratified, exact, disjoint, covering, and functions of their arguments."""

import hashlib
import time

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fashionlab.data import Dataset, stratified_split
from fashionlab.data.split import stratified_order
from fashionlab.errors import DataInvalid, UsageError


@st.composite
def labelled(draw: st.DrawFn) -> np.ndarray:
    sizes = draw(st.lists(st.integers(1, 60), min_size=2, max_size=12))
    labels = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    np.random.default_rng(draw(st.integers(0, 99))).shuffle(labels)
    return labels


@given(labelled(), st.floats(0.01, 0.99), st.integers(0, 2**40))
def test_properties(labels: np.ndarray, share: float, seed: int) -> None:
    try:
        split = stratified_split(labels, share, seed)
    except DataInvalid:
        smallest = np.bincount(labels).min()
        assert smallest * min(share, 1 - share) < 1  # with a whole row for each side it must never refuse
        assume(False)
    rows = np.concatenate([split.train, split.validation])
    assert np.array_equal(np.sort(rows), np.arange(len(labels)))
    assert abs(len(split.validation) - share * len(labels)) <= 0.5 + 1e-6
    sizes, taken = np.bincount(labels), np.bincount(labels[split.validation])
    assert (np.abs(taken - share * sizes) < 1).all()
    assert (np.diff(split.train) > 0).all()
    assert (np.diff(split.validation) > 0).all()
    again = stratified_split(labels.copy(), share, seed)
    assert np.array_equal(split.validation, again.validation)


def test_fashion_s_own_numbers() -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 6000)).astype(np.int32)
    split = stratified_split(labels, 0.2, seed=3)
    assert np.bincount(labels[split.validation]).tolist() == [1200] * 10
    assert np.bincount(labels[split.train]).tolist() == [4800] * 10
    assert len(np.intersect1d(split.train, split.validation)) == 0


def test_the_seed_matters_and_rows_are_drawn_evenly() -> None:
    labels = np.repeat(np.arange(2), 50)
    drawn = np.zeros(100)
    for seed in range(400):
        drawn[stratified_split(labels, 0.2, seed).validation] += 1
    # Each row is drawn with probability 1/5: 80 times, standard deviation 8.
    assert 40 < drawn.min() < drawn.max() < 120


def test_the_numbers_do_not_change_with_libraries(sample: Dataset) -> None:
    """A saved run names its seed and not its rows: another NumPy must draw the same."""
    rows = sample.split(seed=7).validation
    assert hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()[:16] == "acb381b2c9891518"


def test_nothing_set_aside() -> None:
    split = stratified_split(np.array([0, 1, 1]), 0, seed=1)
    assert split.train.tolist() == [0, 1, 2]
    assert len(split.validation) == 0


def test_too_few_rows_is_one_sentence() -> None:
    with pytest.raises(DataInvalid, match=r"class 1 has 2 images, too few .* use at least 5 images of every class"):
        stratified_split(np.array([0] * 20 + [1] * 2), 0.2, seed=0)
    with pytest.raises(DataInvalid, match="class 0 has 0 images"):
        stratified_split(np.array([], np.int32), 0.2, seed=0)


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan")])
def test_a_share_out_of_range(share: float) -> None:
    with pytest.raises(UsageError, match="expected a number from 0 to below 1"):
        stratified_split(np.arange(10) % 2, share, seed=0)


def test_a_negative_seed() -> None:
    with pytest.raises(UsageError, match="expected a whole number from 0 up"):
        stratified_split(np.arange(10) % 2, 0.2, seed=-1)


def test_it_is_fast() -> None:
    labels = (np.arange(60_000) % 10).astype(np.int32)
    times = []
    for seed in range(5):
        start = time.perf_counter()
        stratified_split(labels, 0.2, seed)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.02


@given(labelled(), st.integers(0, 1000))
def test_every_beginning_of_the_order_is_in_proportion(labels: np.ndarray, seed: int) -> None:
    order = stratified_order(labels, seed)
    assert np.array_equal(np.sort(order), np.arange(len(labels)))
    sizes = np.bincount(labels)
    for rows in {1, len(labels) // 3, len(labels) // 2, len(labels)}:
        taken = np.bincount(labels[order[:rows]], minlength=len(sizes))
        assert (np.abs(taken - sizes * rows / len(labels)) <= 0.5 * len(sizes)).all()
