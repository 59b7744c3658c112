"""Many small images as one: hundreds of axes would take seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fashionlab.reports.figures.canvas import Canvas

_FRAME = (128, 128, 128, 120)
"""Red, green, blue and opacity of the line around each image, or white ones would end nowhere on a white page."""

_SHARP = 28
"""Pixels a side, at least, to which smaller images are enlarged by whole factors, so that the gaps can be thin."""


@dataclass(frozen=True)
class Mosaic:
    """Where the images of a mosaic stand, points: its upper left corner, the distance between images, their sides."""

    left: float
    top: float
    across: float
    down: float
    width: float
    height: float

    def at(self, row: int, column: int) -> tuple[float, float]:
        """An image's upper left corner."""
        return self.left + column * self.across, self.top + row * self.down


def draw_mosaic(
    canvas: Canvas,
    rows: Sequence[Sequence[np.ndarray]],
    left: float,
    top: float,
    width: float,
    caption: float = 0.0,
    columns: int = 0,
) -> Mosaic:
    """Draw images in rows as one image with transparent gaps, each in a thin frame.

    rows: of images uint8 [height, width] or [height, width, 3], all of one size; width: of an image, points; caption:
    points kept free below each row; columns: of the longest row, or more.
    """
    first = next((image for row in rows for image in row), np.zeros((1, 1), np.uint8))
    grow = max(1, _SHARP // max(first.shape[:2]))
    tall, wide = (side * grow for side in first.shape[:2])
    point = wide / width  # pixels
    gap, below = max(1, round(0.07 * wide)), round(caption * point)
    columns = max(columns, 1, *map(len, rows)) if rows else 1
    # A pixel more above and to the left, for the first frames.
    whole = np.zeros((1 + max(1, len(rows)) * (tall + gap + below), 1 + columns * (wide + gap), 4), np.uint8)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            y, x = 1 + i * (tall + gap + below), 1 + j * (wide + gap)
            whole[y - 1 : y + tall + 1, x - 1 : x + wide + 1] = _FRAME
            part = whole[y : y + tall, x : x + wide]
            part[..., :3] = enlarged(image, grow) if image.ndim == 3 else enlarged(image, grow)[..., None]
            part[..., 3] = 255
    canvas.image(whole, left - 1 / point, top - 1 / point, whole.shape[1] / point, whole.shape[0] / point)
    return Mosaic(left, top, (wide + gap) / point, (tall + gap + below) / point, width, tall / point)


def enlarged(image: np.ndarray, factor: int) -> np.ndarray:
    """The image with every pixel repeated, whole factors only."""
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def shrunk(images: np.ndarray, largest: int) -> np.ndarray:
    """Images uint8 [n, height, width] averaged in whole blocks until no side is much longer than `largest` pixels."""
    factor = max(1, max(images.shape[1:]) // largest)
    if factor == 1:
        return images
    height, width = images.shape[1] // factor, images.shape[2] // factor
    blocks = images[:, : height * factor, : width * factor].reshape(-1, height, factor, width, factor)
    return np.asarray(blocks.mean(axis=(2, 4)).astype(np.uint8))
