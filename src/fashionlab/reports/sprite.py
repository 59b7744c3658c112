"""All images of a page as one PNG, so that thousands of them are one request and fit into one file."""

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np

from fashionlab.reports.run.shown import ShownImage

COLUMNS = 48
"""Images in a row of the sprite."""

LARGEST_SIDE = 32
"""Pixels; larger images are shrunk to it on the page."""

BUDGET = 3_300_000
"""Bytes of PNG and of what else a page carries; beyond it the images lose grey levels until they fit, so that the page
stays under 6 MB."""


def gather(shown: Sequence[ShownImage], sets: Mapping[str, np.ndarray]) -> np.ndarray:
    """The pixels, uint8 [n, side, side], of the images that are shown. sets: the images of each set, by its name."""
    side = next(iter(sets.values())).shape[1] if sets else 1
    pixels = np.zeros((len(shown), side, side), np.uint8)
    for name, images in sets.items():
        at = [i for i, each in enumerate(shown) if each.set == name]
        pixels[at] = images[[shown[i].row for i in at]]
    return pixels


def make_sprite(images: np.ndarray, budget: int = BUDGET) -> bytes:
    """A PNG with the images in rows of `COLUMNS`, in their order. budget: bytes that it may take."""
    from PIL import Image

    if images.shape[1] > LARGEST_SIDE:
        size = (LARGEST_SIDE, LARGEST_SIDE)
        images = np.stack([np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BOX)) for one in images])
    for levels in (256, 64, 16, 4, 2):
        content = _png(_sheet(images), levels)
        if len(content) <= budget:
            break
    return content


def _sheet(images: np.ndarray) -> np.ndarray:
    n, side = images.shape[:2]
    rows = max(1, -(-n // COLUMNS))
    sheet = np.zeros((rows * COLUMNS, side, side), np.uint8)
    sheet[:n] = images
    return sheet.reshape(rows, COLUMNS, side, side).swapaxes(1, 2).reshape(rows * side, COLUMNS * side)


def _png(sheet: np.ndarray, levels: int) -> bytes:
    from PIL import Image

    if levels < 256:
        sheet = (np.round(sheet / 255 * (levels - 1)) * (255 / (levels - 1))).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "PNG", optimize=levels < 256, compress_level=6)
    return file.getvalue()


def data_uri(png: bytes) -> str:
    """A PNG as the address of itself."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def image_png(image: np.ndarray, few: int | None = None) -> bytes:
    """A single image, uint8 [height, width, 3], as a PNG; few: how many colours it has at most, where these are few."""
    from PIL import Image

    file, drawn = io.BytesIO(), Image.fromarray(image)
    (drawn.quantize(few, dither=Image.Dither.NONE) if few else drawn).save(file, "PNG", optimize=True)
    return file.getvalue()
