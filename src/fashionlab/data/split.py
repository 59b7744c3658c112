"""Dividing rows in two, every class in the same proportion."""

import math
from dataclasses import dataclass

import numpy as np

from fashionlab.errors import DataInvalid, UsageError

VALIDATION_SHARE = 0.2
"""Fraction of the training set that is held out for validation, unless told otherwise."""


@dataclass(frozen=True)
class Split:
    """Row numbers into a data set's training set, int64, ascending; disjoint, and together every row."""

    train: np.ndarray
    validation: np.ndarray


def stratified_split(labels: np.ndarray, share: float, seed: int, purpose: str = "split") -> Split:
    """Set aside `share` (0 to below 1) of the rows for validation, of each class the same share.

    `labels` is int [n], 0 to k-1. Exactly round(share * n) rows are set aside; a class gives the whole part of its
    share, and the rows still lacking come from the classes whose share was cut most. A function of (labels, share,
    seed, purpose) alone; another purpose is another, independent draw. A share of 0 sets nothing aside.

    Raises UsageError for a share or seed out of range, and DataInvalid where a class is too small to give one
    row and keep one: the sentence says how many rows it would need.
    """
    if not 0 <= share < 1:
        raise UsageError(f"validation: given {share}, expected a number from 0 to below 1")
    if seed < 0:
        raise UsageError(f"seed: given {seed}, expected a whole number from 0 up")
    if share == 0:
        return Split(np.arange(len(labels)), np.empty(0, np.int64))
    sizes = np.bincount(labels, minlength=1)
    taken = _shares(sizes, share)
    smallest = int(np.argmin(np.where(sizes > 0, np.minimum(taken, sizes - taken), len(labels) + 1)))
    if not 0 < taken[smallest] < sizes[smallest]:
        needed = max(2, math.ceil(round(1 / min(share, 1 - share), 9)))
        rows = int(sizes[smallest])
        raise DataInvalid(
            f"class {smallest} has {rows} image{'' if rows == 1 else 's'}, too few to set {share:g} of each class "
            f"aside: use at least {needed} images of every class, or another share"
        )
    by_class, rank = _by_class(labels, sizes, [seed, *purpose.encode()])
    aside = np.zeros(len(labels), bool)
    aside[by_class[rank < np.repeat(taken, sizes)]] = True
    return Split(np.flatnonzero(~aside), np.flatnonzero(aside))


def halve_validation(labels: np.ndarray, rows: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut a validation set in two for a study: one half is the stopping set, the other the judging set.

    labels: of the whole training set, int [n]; rows: the validation set's, int64 [m]. Returns the stopping set and
    the judging set, rows of the training set, ascending, disjoint and stratified; the judging set has round(m / 2).
    A function of (labels, rows, seed) alone. Raises DataInvalid if a class has fewer than two rows among them.
    """
    cut = stratified_split(labels[rows], 0.5, seed, purpose="judge")
    return rows[cut.train], rows[cut.validation]


def _shares(sizes: np.ndarray, share: float) -> np.ndarray:
    """How many rows each class gives, int [k]: largest remainders, ties going to the lower class."""
    # Rounded, so that 0.1 * 30 counts as 3 and not as 3.0000000000000004.
    exact = np.round(sizes * share, 9)
    taken = np.floor(exact).astype(np.int64)
    lacking = math.floor(round(share * int(sizes.sum()), 9) + 0.5) - int(taken.sum())
    taken[np.argsort(taken - exact, kind="stable")[:lacking]] += 1
    return taken


def stratified_order(labels: np.ndarray, seed: int) -> np.ndarray:
    """All rows in an order, int64 [n], of which every beginning holds the classes in proportion."""
    sizes = np.bincount(labels)
    by_class, rank = _by_class(labels, sizes, [seed, *b"order"])
    # The j-th of a class's n rows belongs at (j + 1/2) / n of the way.
    return by_class[np.argsort((rank + 0.5) / np.repeat(sizes, sizes), kind="stable")]


def _by_class(labels: np.ndarray, sizes: np.ndarray, entropy: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """The rows class by class, shuffled within each, and each one's rank in its class; both int64 [n]."""
    shuffled = np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy))).permutation(len(labels))
    # A stable sort leaves the shuffle's order within each class; for 16-bit keys NumPy's is a
    # radix sort, 5 times faster.
    keys = labels.astype(np.int16) if sizes.size < 2**15 else labels
    by_class = shuffled[np.argsort(keys[shuffled], kind="stable")]
    return by_class, np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
