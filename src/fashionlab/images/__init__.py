"""Images from files: decoded within limits, upright, grey."""

from fashionlab.images.decode import FORMATS, PIXEL_LIMIT, decode

__all__ = ["FORMATS", "PIXEL_LIMIT", "decode"]
