"""What a network sees of a photograph: which of the rules applies, and what comes of it.

`reports/templates/photos/` has the same steps in JavaScript, for the run's page. Both are given `PhotoFacts` and
nothing else of the run, and give the same values.
"""

from typing import Literal

import numpy as np
from msgspec import Struct

from fashionlab.images import PLAIN, PixelFacts
from fashionlab.photos.garment import Photo, Step, prepare_garment
from fashionlab.photos.reading import Picture
from fashionlab.photos.simple import Ground, prepare_simple


class PhotoFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """All that the steps need to know of a run.

    rule: "garment" for a network of Fashion-MNIST, whose side is 28, "simple" for any other; side: of the images that
    the network sees, in pixels. For the simple rule alone: ground, of the training images' border; invert: whether dark
    and bright were exchanged in them; pixels: what values became 0 and 255, and what transparent images were put on.
    """

    rule: Literal["garment", "simple"]
    side: int
    ground: Ground = "unknown"
    invert: bool = False
    pixels: PixelFacts = PLAIN


def see(picture: Picture, facts: PhotoFacts, cropped: bool = False) -> Photo:
    """What the network sees of one photograph, uint8 [side, side], and how it came about. cropped: whether the picture
    is a part of the photograph."""
    if not cropped and _as_in_the_data(picture, facts.side):
        image = np.ascontiguousarray(picture.colours[..., 0])
        return Photo(image, True, [Step("as in the data set", image)])
    if facts.rule == "garment":
        return prepare_garment(picture)
    return prepare_simple(picture, facts.side, facts.ground, facts.invert, facts.pixels)


def _as_in_the_data(picture: Picture, side: int) -> bool:
    """Whether a picture is one of the data set's own, or looks so: of its size, grey, opaque, on black."""
    colours = picture.colours
    if colours.shape[:2] != (side, side) or (picture.cover < 255).any():
        return False
    border = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
    return bool((colours == colours[..., :1]).all() and np.median(border) <= 16)
