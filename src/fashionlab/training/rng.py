"""Every random choice of an epoch, as a function of (seed, epoch) alone.

Drawn with NumPy on the host and handed to whichever trainer runs the epoch: an interrupted run that goes on at epoch n
makes the same choices as one that was never interrupted, and all trainers see the same rows in the same order.
"""

from dataclasses import dataclass

import numpy as np

from fashionlab.recipe.recipe import Fit

ORDER, AUGMENTATION, DROPOUT = range(3)
"""Streams: independent random numbers under one (seed, epoch)."""


def stream(seed: int, epoch: int, purpose: int) -> np.random.Generator:
    """A generator for one purpose in one epoch (PCG64 seeded by NumPy's SeedSequence)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch, purpose])))


def order(rows: int, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """Row numbers, int32 [steps * batch_size]: a permutation of all rows.

    A ragged last batch is filled up from the permutation's start, so that every row is used at least once and every
    batch has the same shape.
    """
    permutation = stream(seed, epoch, ORDER).permutation(rows).astype(np.int32)
    steps = -(-rows // batch_size)
    return np.resize(permutation, steps * batch_size)


def dropout_keys(count: int, seed: int, epoch: int) -> np.ndarray:
    """Start states of `count` Keras seed generators, uint32 [count, 2]."""
    return stream(seed, epoch, DROPOUT).integers(0, 2**32, size=(count, 2), dtype=np.uint32)


@dataclass(frozen=True)
class Augmentation:
    """An epoch's augmentation, one entry a position of `order`; an array that the recipe does not need is empty.

    shift: int32 [n, 2], pixels down and right; flip: bool [n]; cutout: int32 [n, 2], top left corner;
    mixup: float32 [n], weight of the row itself, the rest being its partner's (the batch in reverse).
    """

    shift: np.ndarray
    flip: np.ndarray
    cutout: np.ndarray
    mixup: np.ndarray


def augmentation(fit: Fit, count: int, size: int, seed: int, epoch: int) -> Augmentation:
    """Draw what `fit` asks for, for `count` pictures of `size` pixels a side.

    Mixup's weight is Beta(alpha, alpha) (Zhang et al. 2017, arXiv 1710.09412), drawn for each pair; both rows of a
    pair are kept closer to themselves (weight at least 1/2), so no pair appears twice.
    """
    random = stream(seed, epoch, AUGMENTATION)
    shift = random.integers(-fit.shift, fit.shift + 1, size=(count if fit.shift else 0, 2), dtype=np.int32)
    flip = random.random(count if fit.flip else 0) < fit.flip
    # The corner may lie outside, so that pixels near the edge are covered as often as those in the middle.
    cutout = random.integers(1 - fit.cutout, size, size=(count if fit.cutout else 0, 2), dtype=np.int32)
    weight = random.beta(fit.mixup, fit.mixup, size=count) if fit.mixup else np.empty(0)
    return Augmentation(shift, flip, cutout, np.maximum(weight, 1 - weight).astype(np.float32))
