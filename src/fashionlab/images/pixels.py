"""Grey values before it is known what lies behind them: colour becomes grey here, transparency is kept apart."""

from dataclasses import dataclass

import numpy as np

_TINGE = 24
"""Difference between channels, of 255, up to which it is lossy compression and not colour that one sees."""

_LUMINANCE = np.array([19595, 38470, 7471], np.float32) / 65536
"""Of red, green and blue, after ITU-R 601, as Pillow has it: 0.299, 0.587 and 0.114."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """One or several images of one size.

    grey: uint8, or float32 where 8 bits would lose something, [n, height, width], 0 to 255; where it is covered in
    part, already times its cover. cover: uint8 [n, height, width], 0 transparent, 255 opaque; None if all is opaque.
    coloured: images that had colour; animated, deep: images that were the first of several, and of 16 bits a pixel.
    """

    grey: np.ndarray
    cover: np.ndarray | None = None
    coloured: int = 0
    animated: int = 0
    deep: int = 0


def pixels_of(channels: np.ndarray) -> Pixels:
    """Grey values and cover of images, uint8 or float32 [n, height, width, c]: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB
    and alpha."""
    count = channels.shape[3]
    alpha = channels[..., -1] if count in (2, 4) else None
    if count < 3:
        grey, coloured = channels[..., 0], 0
    else:
        red, green, blue = (channels[..., place] for place in range(3))
        extreme = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
        spread = (extreme[0] - extreme[1]).reshape(len(channels), -1).max(axis=1)
        coloured = int((spread > _TINGE).sum())
        grey = _luminance(channels[..., :3]) if spread.any() else red
    if alpha is None or (alpha >= 255).all():
        return Pixels(grey, None, coloured)
    if grey.dtype == np.uint8:
        # Rounded; in 16 bits, because the largest image takes 64 MB in 32.
        covered = ((grey.astype(np.uint16) * alpha + 127) // 255).astype(np.uint8)
        return Pixels(covered, alpha, coloured)
    return Pixels(grey * (alpha / np.float32(255)), np.rint(alpha).astype(np.uint8), coloured)


def _luminance(colours: np.ndarray) -> np.ndarray:
    """Grey values of RGB, [n, height, width, 3]."""
    if colours.dtype != np.uint8:
        return colours @ _LUMINANCE
    from PIL import Image

    return np.stack([np.asarray(Image.fromarray(each).convert("L")) for each in np.ascontiguousarray(colours)])
