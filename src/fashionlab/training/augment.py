"""Augmentation of a batch on the device, written with `keras.ops` so that every trainer shares it.

Pictures stay uint8: what the network sees in training is a picture like those it sees later.
"""

from typing import Any

from fashionlab.recipe.recipe import Fit


def augment(fit: Fit, pictures: Any, targets: Any, draws: dict[str, Any]) -> tuple[Any, Any]:
    """Return the batch as `fit` wants it changed.

    pictures: uint8 [batch, height, width]; targets: float32 [batch, classes], one-hot; draws: the batch's rows of
    `draws.Augmentation`, by name. Same shapes and types out. Order: flip, shift, cutout, mixup.
    """
    from keras import ops

    if fit.flip:
        pictures = ops.where(draws["flip"][:, None, None], pictures[:, :, ::-1], pictures)
    if fit.shift:
        pictures = _shift(ops, pictures, draws["shift"], fit.shift)
    if fit.cutout:
        pictures = _cutout(ops, pictures, draws["cutout"], fit.cutout)
    if fit.mixup:
        weight = draws["mixup"]
        # Reversing the batch pairs row i with row n-1-i: a fixed partner is enough, because the order is random.
        own, partner = ops.cast(pictures, "float32"), ops.cast(pictures[::-1], "float32")
        w = weight[:, None, None]
        pictures = ops.cast(ops.round(w * own + (1 - w) * partner), "uint8")
        targets = weight[:, None] * targets + (1 - weight[:, None]) * targets[::-1]
    return pictures, targets


def _shift(ops: Any, pictures: Any, offsets: Any, most: int) -> Any:
    """Move each picture by its own offset, black coming in.

    A choice among 2 * most + 1 shifted copies an axis: on a processor that is several times faster than a gather.
    """
    height, width = pictures.shape[1:]
    padded = ops.pad(pictures, ((0, 0), (most, most), (most, most)))
    down, right = offsets[:, 0][:, None, None], offsets[:, 1][:, None, None]
    rows = padded[:, most : most + height, :]
    for by in [*range(-most, 0), *range(1, most + 1)]:
        rows = ops.where(down == by, padded[:, most - by : most - by + height, :], rows)
    moved = rows[:, :, most : most + width]
    for by in [*range(-most, 0), *range(1, most + 1)]:
        moved = ops.where(right == by, rows[:, :, most - by : most - by + width], moved)
    return moved


def _cutout(ops: Any, pictures: Any, corners: Any, side: int) -> Any:
    """Paint a black square of `side` pixels with its top left corner at `corners` (DeVries 2017, arXiv 1708.04552)."""
    height, width = pictures.shape[1:]
    row = ops.arange(height)[None, :, None] - corners[:, 0][:, None, None]
    column = ops.arange(width)[None, None, :] - corners[:, 1][:, None, None]
    inside = (row >= 0) & (row < side) & (column >= 0) & (column < side)
    return ops.where(inside, ops.zeros_like(pictures), pictures)
