"""Grey values before it is known what lies behind them: colour becomes grey here, transparency is kept apart."""

from dataclasses import dataclass

import numpy as np

_TINGE = 24
"""Difference between channels, of 255, up to which it is lossy compression and not colour that one sees."""

_RED, _GREEN, _BLUE = 19595, 38470, 7471
"""Luminance after ITU-R 601, in 65,536ths, as Pillow has it: 0.299, 0.587 and 0.114."""


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
        grey = _luminance(red, green, blue) if spread.any() else red
    if alpha is None or (alpha >= 255).all():
        return Pixels(grey, None, coloured)
    covered = grey.astype(np.float32) * alpha / 255
    if grey.dtype == np.uint8:
        covered = np.rint(covered).astype(np.uint8)
    return Pixels(covered, np.rint(alpha).astype(np.uint8), coloured)


def _luminance(red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> np.ndarray:
    if red.dtype == np.uint8:
        wide = [part.astype(np.uint32) for part in (red, green, blue)]
        weighted = wide[0] * _RED + wide[1] * _GREEN + wide[2] * _BLUE
        return np.asarray((weighted + 0x8000) >> 16, np.uint8)
    return np.asarray((red * _RED + green * _GREEN + blue * _BLUE) / 65536, np.float32)
