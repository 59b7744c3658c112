"""One image file as pixels, within limits."""

import io
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from fashionlab.errors import DataInvalid
from fashionlab.files import read_capped
from fashionlab.images.pixels import Pixels, pixels_of

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
"""Formats that are decoded; every other decoder of Pillow's is one more way in for a hostile file."""

FILE_LIMIT = 2**27 + 2**20
"""Bytes of one image file: as many as the largest image takes uncompressed, of 64 bits a pixel."""

PIXEL_LIMIT = 2**24
"""Pixels that one image may have, checked before it is decoded: 4096 x 4096."""


def decode(path: Path) -> Pixels:
    """One image, [1, height, width], turned upright as its EXIF data say; of an animation the first.

    Raises DataInvalid, naming the file.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        content = read_capped(path, FILE_LIMIT, follow_links=True)
    except OSError as error:
        raise DataInvalid(f"{path} cannot be read: {error.strerror or error}") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a damaged file's remarks, which are its text
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                if image.width * image.height > PIXEL_LIMIT:
                    size = f"{image.width} x {image.height} pixels"
                    raise DataInvalid(f"{path} has {size}; at most {PIXEL_LIMIT:,} pixels are allowed")
                animated = int(bool(getattr(image, "is_animated", False)))
                image.load()
                # In place: a copy of the largest image takes 64 MB.
                ImageOps.exif_transpose(image, in_place=True)
                upright: Image.Image = image
                # 16 bits a pixel, which convert("L") would clip instead of scale.
                if upright.mode.startswith("I"):
                    return Pixels(np.asarray(upright).astype(np.float32)[None] / 257, deep=1)
                mode = "L" if upright.mode in ("1", "L") else "RGB"
                array = np.asarray(upright.convert("RGBA" if upright.has_transparency_data else mode))
                channels = array[None, :, :, None] if array.ndim == 2 else array[None]
                return replace(pixels_of(channels), animated=animated)
    except UnidentifiedImageError:
        raise DataInvalid(f"{path} is not an image in one of the formats {', '.join(FORMATS)}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataInvalid(f"{path} has more pixels than the {PIXEL_LIMIT:,} that are allowed") from None
    except DataInvalid:
        raise
    except Exception as error:  # whatever Pillow's decoders raise for a damaged file: some of twelve kinds so far
        raise DataInvalid(f"{path} cannot be decoded: {str(error) or type(error).__name__}") from None
