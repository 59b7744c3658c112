"""Photographs of garments that tests make: drawn shapes on grounds of all kinds."""

import numpy as np
from PIL import Image, ImageDraw

SHIRT = [(30, 10), (50, 18), (70, 10), (97, 30), (87, 48), (76, 40), (76, 95), (24, 95), (24, 40), (13, 48), (3, 30)]
"""Corners of a T-shirt, in hundredths of a side."""


def shirt_mask(width=300, height=300, inset=0.15):
    """Bool [height, width]: where a T-shirt is that leaves `inset` of the shorter side free."""
    side = min(width, height) * (1 - 2 * inset)
    left, top = (width - side) / 2, (height - side) / 2
    image = Image.new("L", (width, height))
    ImageDraw.Draw(image).polygon([(left + x * side / 100, top + y * side / 100) for x, y in SHIRT], fill=255)
    return np.asarray(image) > 0


def photograph(ground=(255, 255, 255), garment=(60, 40, 30), noise=2.0, light=0.0, **shape):
    """uint8 [h, w, 3]: a T-shirt on a ground. light: how much darker the lower right corner is than the upper left."""
    mask = shirt_mask(**shape)
    height, width = mask.shape
    colours = np.where(mask[..., None], garment, ground).astype(np.float64)
    y, x = np.indices((height, width)) / max(height, width)
    colours *= (1 - light * (x + y) / 2)[..., None]
    colours += np.random.default_rng(0).normal(0, noise, colours.shape)
    return np.clip(colours, 0, 255).astype(np.uint8)
