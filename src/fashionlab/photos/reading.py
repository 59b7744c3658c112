"""From a file, a Pillow image or an array to the pixels that the steps work on: at most `WORKING_SIDE` a side."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fashionlab.errors import UsageError
from fashionlab.images import PIXEL_LIMIT, channels_of, open_upright
from fashionlab.options import spelled
from fashionlab.photos.arrays import block_sums

if TYPE_CHECKING:
    from PIL import Image

WORKING_SIDE = 280
"""Pixels of the longest edge, 10 for each that is left in the end: all that larger ones add is time."""

_TILE = 2**20
"""Pixels that are looked at together: what they take beside the decoded image stays small."""


class Box(NamedTuple):
    """A part of an image, in pixels of the upright image: its left upper corner, width and height."""

    x: int
    y: int
    width: int
    height: int


class Picture(NamedTuple):
    """colours: uint8 [h, w, 3], white where nothing covers; cover: uint8 [h, w], 255 opaque; width, height: in pixels,
    before it was reduced (to within 3 where a JPEG was decoded smaller)."""

    colours: np.ndarray
    cover: np.ndarray
    width: int
    height: int


def read_picture(source: "str | Path | Image.Image | np.ndarray", crop: Box | None = None) -> Picture:
    """The pixels of a file, a Pillow image or an array (uint8 [h, w], or [h, w, 3 or 4]).

    Upright, the first frame, cut to `crop`, and averaged over blocks of k x k pixels, with the least k that leaves at
    most `WORKING_SIDE`. Raises DataInvalid for a file that is none, UsageError for a crop box outside of the image.
    """
    from PIL import Image

    if isinstance(source, (str, Path)):
        with open_upright(Path(source), reduce=True) as (image, factor):
            return _reduced(image, crop, str(source), factor)
    if isinstance(source, np.ndarray):
        return _reduced(Image.fromarray(np.ascontiguousarray(source)), crop, "the array")
    from PIL import ImageOps

    if source.width * source.height > PIXEL_LIMIT:
        raise UsageError(
            f"the image has {source.width} x {source.height} pixels; at most {PIXEL_LIMIT:,} pixels are allowed"
        )
    return _reduced(ImageOps.exif_transpose(source), crop, "the image")


def _reduced(image: "Image.Image", crop: Box | None, name: str, smaller: int = 1) -> Picture:
    """smaller: by how much the image is smaller than the one that the box is meant for."""
    full = (image.width * smaller, image.height * smaller)
    box = crop or Box(0, 0, *full)
    if min(box.x, box.y) < 0 or min(box.width, box.height) < 1:
        raise UsageError(f"{spelled('crop')}: given {_said(box)}, expected x,y,w,h in pixels, w and h at least 1")
    if box.x + box.width > full[0] or box.y + box.height > full[1]:
        raise UsageError(f"{spelled('crop')}: {_said(box)} leaves {name}, which has {full[0]} x {full[1]} pixels")
    left, top = box.x // smaller, box.y // smaller
    box = Box(left, top, -(-(box.x + box.width) // smaller) - left, -(-(box.y + box.height) // smaller) - top)
    factor = -(-max(box.width, box.height) // WORKING_SIDE)
    tiles = [[_block_means(_eight_bits(image.crop(tile)), factor) for tile in row] for row in _tiles(box, factor)]
    colours, cover = (np.concatenate([np.concatenate([tile[i] for tile in row], 1) for row in tiles]) for i in (0, 1))
    return Picture(colours, cover, *full)


def _tiles(box: Box, factor: int) -> list[list[tuple[int, int, int, int]]]:
    """The box in rows of tiles, left, top, right and bottom of each: whole blocks, together about `_TILE` pixels."""
    across = min(max(1, _TILE // factor**2) * factor, box.width)
    down = max(1, _TILE // (across * factor)) * factor
    right, bottom = box.x + box.width, box.y + box.height
    return [
        [(x, y, min(x + across, right), min(y + down, bottom)) for x in range(box.x, right, across)]
        for y in range(box.y, bottom, down)
    ]


def _said(box: Box) -> str:
    return ",".join(map(str, box))


def _eight_bits(image: "Image.Image") -> np.ndarray:
    """uint8 [h, w, 1, 3 or 4]; of 16 bits a pixel the upper 8."""
    if image.mode.startswith("I"):
        return np.clip((np.asarray(image).astype(np.int64) + 128) // 257, 0, 255).astype(np.uint8)[..., None]
    array = np.asarray(image.convert(channels_of(image)))
    return array[..., None] if array.ndim == 2 else array


def _block_means(tile: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Colours and cover of blocks: (2 s + n) // (2 n) of the sum s of n pixels. A colour counts by its cover."""
    height, width, channels = tile.shape
    counts = block_sums(np.ones((height, width, 1), np.uint8), factor).astype(np.int64)
    if channels == 4:
        alpha = tile[..., 3:]
        covered = block_sums(alpha, factor).astype(np.int64)
        sums: Any = block_sums(tile[..., :3].astype(np.uint16) * alpha, factor).astype(np.int64)
        weight = np.maximum(covered, 1)
        colours = np.where(covered > 0, (2 * sums + weight) // (2 * weight), 255)
        cover = (2 * covered + counts) // (2 * counts)
    else:
        colours = (2 * block_sums(tile, factor).astype(np.int64) + counts) // (2 * counts)
        colours = np.broadcast_to(colours, (*colours.shape[:2], 3))
        cover = np.full((*colours.shape[:2], 1), 255)
    return colours.astype(np.uint8), cover[..., 0].astype(np.uint8)
