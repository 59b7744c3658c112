"""Images on their way to the network: decoded within limits, upright, grey, of one size, 0 to 255.

decode    one image file
parts     what it is made of, counted before it is decoded
pixels    grey values and what covers them, of one image or many
prepare   from any number of these to uint8 [n, side, side], and what was done, in sentences
"""

from fashionlab.images.decode import FORMATS, PIXEL_LIMIT, channels_of, decode, open_upright
from fashionlab.images.pixels import Pixels, pixels_of
from fashionlab.images.prepare import (
    AS_FOUND,
    PLAIN,
    Fit,
    PixelFacts,
    Preparation,
    Stack,
    collect,
    find_facts,
    finish,
    stack_array,
)

__all__ = [
    "AS_FOUND",
    "FORMATS",
    "PIXEL_LIMIT",
    "PLAIN",
    "Fit",
    "PixelFacts",
    "Pixels",
    "Preparation",
    "Stack",
    "channels_of",
    "collect",
    "decode",
    "find_facts",
    "finish",
    "open_upright",
    "pixels_of",
    "stack_array",
]
