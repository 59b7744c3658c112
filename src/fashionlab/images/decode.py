"""One image file as pixels, within limits."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fashionlab.errors import DataInvalid, FashionlabError
from fashionlab.files import near_path, read_capped
from fashionlab.images.parts import excess, is_progressive
from fashionlab.images.pixels import Pixels, pixels_of

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
"""Formats that are decoded; every other decoder of Pillow's is one more way in for a hostile file."""

FILE_LIMIT = 2**27 + 2**20
"""Bytes of one image file: as many as the largest image takes uncompressed, of 64 bits a pixel."""

PIXEL_LIMIT = 2**24
"""Pixels that one image may have, checked before it is decoded: 4096 x 4096."""

MEMORY_LIMIT = 2**27
"""Bytes that decoding may take, beside the file: what counts for the formats that need more than the pixels."""

REDUCED_LIMIT, REDUCTION = 2**26, 4
"""Pixels that a JPEG may have, such as phones make them, if it may be decoded at a quarter of its width and height: the
format allows for it, in little memory. Not a progressive one, of which all must be held at once."""


def decode(path: Path) -> Pixels:
    """One image, [1, height, width], turned upright as its EXIF data say; of an animation the first.

    Raises DataInvalid, naming the file.
    """
    with open_upright(path) as (upright, _):
        animated = int(bool(getattr(upright, "is_animated", False)))
        # 16 bits a pixel, which convert("L") would clip instead of scale.
        if upright.mode.startswith("I"):
            return Pixels(np.asarray(upright).astype(np.float32)[None] / 257, deep=1)
        array = np.asarray(upright.convert(channels_of(upright)))
        channels = array[None, :, :, None] if array.ndim == 2 else array[None]
        return replace(pixels_of(channels), animated=animated)


def channels_of(image: "Image.Image") -> str:
    """Pillow's mode in which nothing of an image of 8 bits is lost: grey, colour, or colour and transparency."""
    if image.has_transparency_data:
        return "RGBA"
    return "L" if image.mode in ("1", "L") else "RGB"


@contextmanager
def open_upright(path: Path, reduce: bool = False) -> "Iterator[tuple[Image.Image, int]]":
    """One image file, decoded within limits and turned upright as its EXIF data say; of an animation the first frame.

    With it, by how much it is smaller than the file says: 1, or `REDUCTION` for a JPEG of more than `PIXEL_LIMIT`
    pixels, which is refused unless `reduce`. Whatever is wrong with the file, also in the block, becomes DataInvalid,
    which names it.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        content = read_capped(path, FILE_LIMIT, follow_links=True)
    except OSError as error:
        near = near_path(path) if isinstance(error, FileNotFoundError) else []
        hint = f"; did you mean {near[0]}?" if near else ""
        raise DataInvalid(f"{path} cannot be read: {error.strerror or error}{hint}") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a damaged file's remarks, which are its text
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if (too_much := excess(content)) is not None:
                raise DataInvalid(f"{path} has {too_much}; save it anew, as a JPEG or PNG")
            progressive = is_progressive(content)
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                del content  # Pillow lets go of it once the image is decoded.
                width, height = image.size
                if reduce and PIXEL_LIMIT < width * height <= REDUCED_LIMIT and not progressive:
                    image.draft(None, (width // REDUCTION, height // REDUCTION))
                _require_small(image, f"{width} x {height} pixels", progressive, path, reduce)
                image.load()
                factor = -(-width // image.width)
                # In place: a copy of the largest image takes 64 MB.
                ImageOps.exif_transpose(image, in_place=True)
                yield image, factor
    except UnidentifiedImageError:
        raise DataInvalid(f"{path} is not an image in one of the formats {', '.join(FORMATS)}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataInvalid(f"{path} has too many pixels; {_allowed(reduce)}") from None
    except FashionlabError:
        raise
    except Exception as error:  # whatever Pillow's decoders raise for a damaged file: some of twelve kinds so far
        raise DataInvalid(f"{path} cannot be decoded: {str(error) or type(error).__name__}") from None


def _require_small(image: "Image.Image", size: str, progressive: bool, path: Path, reduce: bool) -> None:
    """Raise DataInvalid for an image that has too many pixels, or takes too much memory until it is decoded.

    size: as the file has it, in words; reduce: whether a larger JPEG might have been decoded smaller.
    """
    pixels = image.width * image.height
    if pixels > PIXEL_LIMIT:
        raise DataInvalid(f"{path} has {size}; {_allowed(reduce)}")
    kind, each = str(image.format), 4
    if kind == "WEBP":
        each = 20  # the frame, the one before it, what a lossless one is made in, a copy for Pillow, and Pillow's
    elif progressive:
        kind, each = "progressive JPEG", 4 + 2 * len(image.getbands())  # the coefficients of all of it
    # A pointer to each row, and two rows that are being decoded.
    needed = pixels * each + 8 * (image.height + image.width)
    if needed > MEMORY_LIMIT:
        most = f"decoding that takes {needed >> 20} MiB, at most {MEMORY_LIMIT >> 20} are allowed"
        raise DataInvalid(f"{path} is a {kind} of {size}; {most}: save it smaller, or as PNG")


def _allowed(reduce: bool) -> str:
    more = f", in a JPEG that is not progressive {REDUCED_LIMIT:,}" if reduce else ""
    return f"at most {PIXEL_LIMIT:,} pixels are allowed{more}"
