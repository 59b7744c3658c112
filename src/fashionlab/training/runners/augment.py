"""Augmentation: the random numbers of an epoch, drawn on the host, and what they do to a batch on the device.

Written with `keras.ops`, so that every trainer shares it. Images stay uint8: what the network sees in training is an
image like those it sees later.
"""

from typing import Any

import numpy as np

from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.runners import rng


def draw_augmentation(config: TrainingConfig, count: int, side: int, seed: int, epoch: int) -> dict[str, np.ndarray]:
    """Draw what the recipe asks for, for `count` images of `side` pixels a side; each array has a row for each image.

    "shift": int32 [count, 2], pixels down and right; "flip": bool [count]; "cutout": int32 [count, 2], top left corner;
    "mixup": float32 [count], weight of the image itself, the rest being its partner's (the batch in reverse).

    Mixup's weight is Beta(alpha, alpha) (Zhang et al. 2017, arXiv 1710.09412), drawn for each pair; both images of a
    pair are kept closer to themselves (weight at least 1/2), so no pair appears twice.
    """
    # The order of these four decides the numbers of every seed.
    random = rng.stream(seed, epoch, rng.AUGMENTATION)
    drawn: dict[str, np.ndarray] = {}
    if config.shift:
        drawn["shift"] = random.integers(-config.shift, config.shift + 1, size=(count, 2), dtype=np.int32)
    if config.flip:
        drawn["flip"] = random.random(count) < config.flip
    if config.cutout:
        # The corner may lie outside, so that pixels near the edge are covered as often as those in the middle.
        drawn["cutout"] = random.integers(1 - config.cutout, side, size=(count, 2), dtype=np.int32)
    if config.mixup:
        weight = random.beta(config.mixup, config.mixup, size=count)
        drawn["mixup"] = np.maximum(weight, 1 - weight).astype(np.float32)
    return drawn


def augment(config: TrainingConfig, images: Any, targets: Any, drawn: dict[str, Any]) -> tuple[Any, Any]:
    """The batch as the recipe wants it changed.

    images: uint8 [batch, height, width]; targets: float32 [batch, classes], one-hot; drawn: the batch's rows of
    `draw_augmentation`. Same shapes and types out. Order: flip, shift, cutout, mixup.
    """
    # Imported here, because the numbers above are drawn without Keras too.
    from keras import ops

    if config.flip:
        images = ops.where(drawn["flip"][:, None, None], images[:, :, ::-1], images)
    if config.shift:
        images = _shift(ops, images, drawn["shift"], config.shift)
    if config.cutout:
        images = _cutout(ops, images, drawn["cutout"], config.cutout)
    if config.mixup:
        weight = drawn["mixup"]
        # Reversing the batch pairs row i with row n-1-i: a fixed partner is enough, because the order is random.
        own, partner = ops.cast(images, "float32"), ops.cast(images[::-1], "float32")
        w = weight[:, None, None]
        images = ops.cast(ops.round(w * own + (1 - w) * partner), "uint8")
        targets = weight[:, None] * targets + (1 - weight[:, None]) * targets[::-1]
    return images, targets


def _shift(ops: Any, images: Any, offsets: Any, most: int) -> Any:
    """Move each image by its own offset, black coming in.

    A choice among 2 * most + 1 shifted copies an axis: on a processor that is several times faster than a gather.
    """
    height, width = images.shape[1:]
    padded = ops.pad(images, ((0, 0), (most, most), (most, most)))
    down, right = offsets[:, 0][:, None, None], offsets[:, 1][:, None, None]
    rows = padded[:, most : most + height, :]
    for by in [*range(-most, 0), *range(1, most + 1)]:
        rows = ops.where(down == by, padded[:, most - by : most - by + height, :], rows)
    moved = rows[:, :, most : most + width]
    for by in [*range(-most, 0), *range(1, most + 1)]:
        moved = ops.where(right == by, rows[:, :, most - by : most - by + width], moved)
    return moved


def _cutout(ops: Any, images: Any, corners: Any, side: int) -> Any:
    """Paint a black square of `side` pixels with its top left corner at `corners` (DeVries 2017, arXiv 1708.04552)."""
    height, width = images.shape[1:]
    row = ops.arange(height)[None, :, None] - corners[:, 0][:, None, None]
    column = ops.arange(width)[None, None, :] - corners[:, 1][:, None, None]
    inside = (row >= 0) & (row < side) & (column >= 0) & (column < side)
    return ops.where(inside, ops.zeros_like(images), images)
