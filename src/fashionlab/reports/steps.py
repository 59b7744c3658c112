"""The steps from a photograph to what the network sees, as one picture."""

import io
from collections.abc import Sequence
from typing import Protocol

import numpy as np

TILE, GAP, LINE = 280, 12, 18
"""Pixels: the side of a step's image, the distance between them, the height of its name."""

COLUMNS = 5


class Shown(Protocol):
    """name: of the step; image: uint8 [h, w] or [h, w, 3]."""

    @property
    def name(self) -> str:
        """In a few words."""

    @property
    def image(self) -> np.ndarray:
        """What it looked like."""


def steps_png(steps: Sequence[Shown]) -> bytes:
    """A PNG with the steps in rows of `COLUMNS`, numbered and named, each as large as its tile allows."""
    from PIL import Image, ImageDraw

    columns, rows = min(COLUMNS, len(steps)), -(-len(steps) // COLUMNS)
    across, down = TILE + GAP, TILE + LINE + GAP
    sheet = Image.new("RGB", (columns * across + GAP, rows * down + GAP), (236, 236, 236))
    draw = ImageDraw.Draw(sheet)
    for number, step in enumerate(steps):
        left, top = GAP + number % COLUMNS * across, GAP + number // COLUMNS * down
        draw.text((left, top), f"{number + 1}  {step.name}", fill=(0, 0, 0))
        picture = Image.fromarray(np.ascontiguousarray(step.image)).convert("RGB")
        scale = TILE / max(picture.size)
        size = tuple(max(1, round(side * scale)) for side in picture.size)
        # Pixels are shown as squares: what is small is meant to be seen as it is.
        picture = picture.resize((size[0], size[1]), Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX)
        sheet.paste(picture, (left, top + LINE))
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()
