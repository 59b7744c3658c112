"""All pictures of a page as one PNG, so that thousands of them cost one image and fit into one file."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

COLUMNS = 48
"""Pictures in a row of the sprite."""

LARGEST_SIDE = 32
"""Pixels; larger pictures are shrunk to it on the page."""

BUDGET = 3_300_000
"""Bytes of PNG; beyond it the pictures lose grey levels until they fit, so that the page stays under 6 MB."""


def gather(entries: Sequence[Mapping[str, Any]], parts: Mapping[str, np.ndarray]) -> np.ndarray:
    """The pictures, uint8 [n, side, side], of a book's entries. parts: the images that the rows of each part index."""
    side = next(iter(parts.values())).shape[1] if parts else 1
    pictures = np.zeros((len(entries), side, side), np.uint8)
    for name, images in parts.items():
        at = [i for i, entry in enumerate(entries) if entry["part"] == name]
        pictures[at] = images[[entries[i]["row"] for i in at]]
    return pictures


def make_sprite(pictures: np.ndarray) -> bytes:
    """A PNG with the pictures in rows of `COLUMNS`, in their order."""
    from PIL import Image

    if pictures.shape[1] > LARGEST_SIDE:
        size = (LARGEST_SIDE, LARGEST_SIDE)
        pictures = np.stack([np.asarray(Image.fromarray(p).resize(size, Image.Resampling.BOX)) for p in pictures])
    for levels in (256, 16, 4):
        content = _png(_lay_out(pictures), levels)
        if len(content) <= BUDGET:
            break
    return content


def _lay_out(pictures: np.ndarray) -> np.ndarray:
    n, side = pictures.shape[:2]
    rows = max(1, -(-n // COLUMNS))
    sheet = np.zeros((rows * COLUMNS, side, side), np.uint8)
    sheet[:n] = pictures
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


BLUE_TO_RED = (
    (0.0, (5, 48, 97)),
    (0.25, (67, 147, 195)),
    (0.5, (247, 247, 247)),
    (0.75, (214, 96, 77)),
    (1.0, (103, 0, 31)),
)
"""For values with a sign: blue below 0, white at 0, red above (after ColorBrewer's RdBu)."""

DARK_TO_LIGHT = (
    (0.0, (13, 8, 40)),
    (0.3, (92, 28, 110)),
    (0.6, (204, 71, 90)),
    (0.85, (251, 161, 60)),
    (1.0, (252, 253, 191)),
)
"""For sizes: dark at 0."""


def heat(values: np.ndarray, low: float, high: float, scale: Sequence[tuple[float, tuple[int, int, int]]]) -> str:
    """A matrix float [height, width] as a picture, one pixel a value, clipped to `low` to `high`; a data address."""
    from PIL import Image

    share = np.clip((np.asarray(values, float) - low) / ((high - low) or 1.0), 0, 1)
    stops = [stop for stop, _ in scale]
    channels = [np.interp(np.nan_to_num(share), stops, [colour[c] for _, colour in scale]) for c in range(3)]
    file = io.BytesIO()
    Image.fromarray(np.stack(channels, axis=-1).round().astype(np.uint8)).save(file, "PNG", optimize=True)
    return data_uri(file.getvalue())
