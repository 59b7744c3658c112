"""Photographs for networks of other data than Fashion-MNIST: the size, ground and polarity of their training images."""

from typing import Literal

import numpy as np

from fashionlab.images import PixelFacts
from fashionlab.photos.arrays import area_average, grey_of, percentile, rounded
from fashionlab.photos.garment import Photo, Step
from fashionlab.photos.reading import Picture

Ground = Literal["black", "white", "other", "unknown"]
"""What the border of the training images is; "unknown" where they cannot be had."""


def prepare_simple(picture: Picture, side: int, ground: Ground, invert: bool, facts: PixelFacts) -> Photo:
    """The image that the network sees, uint8 [side, side].

    What is transparent gets the training images' ground. Grey. Dark and bright are exchanged where the border of the
    photograph is bright and the training images' is black, or the other way round. The whole of it is brought to the
    size, areas averaged, with its border's grey around it where it is not square.
    """
    steps, remarks = [Step("the photograph", picture.colours)], []
    grey = grey_of(picture.colours).astype(np.float64)
    if (picture.cover < 255).any():
        under = 255 if facts.ground else 0
        share = picture.cover / 255
        grey = grey * share + under * (1 - share)
    values = rounded(grey)
    steps.append(Step("grey", values))
    if facts.high > facts.low and (facts.low, facts.high) != (0, 255):
        values = rounded((values.astype(np.float64) - facts.low) * (255 / (facts.high - facts.low)))
        steps.append(Step("stretched as the training images were", values))
    border = percentile(np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]]), 0.5)
    if ground == "unknown":
        negated = invert
        remarks.append("it is not known whether the training images have a black ground, so dark and bright stay")
    else:
        negated = (ground == "black" and border >= 128) or (ground == "white" and border < 128)
    if negated:
        values, border = 255 - values, 255 - border
        steps.append(Step("negated", values))
    height, width = values.shape
    longest = max(height, width)
    new = [max(1, (2 * side * each + longest) // (2 * longest)) for each in (height, width)]
    image = np.full((side, side), border, np.uint8)
    top, left = (side - new[0]) // 2, (side - new[1]) // 2
    image[top : top + new[0], left : left + new[1]] = rounded(area_average(values, new[0], new[1]))
    steps.append(Step(f"{side} x {side}, areas averaged", image))
    return Photo(image, True, steps, remarks)
