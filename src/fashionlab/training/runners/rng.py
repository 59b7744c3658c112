"""The random numbers of an epoch, as functions of (seed, epoch) alone; `runners/augment.py` draws from them too.

Drawn with NumPy on the host and handed to whichever trainer runs the epoch: an interrupted run that goes on at epoch n
makes the same choices as one that was never interrupted, and all trainers see the same rows in the same order.
"""

import numpy as np

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
