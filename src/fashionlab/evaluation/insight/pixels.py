"""What a classic model does with each pixel, as pictures: read off its arrays, where they lie on a grid of pixels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def pixel_pictures(
    tensors: Mapping[str, np.ndarray], side: int, class_names: Sequence[str]
) -> tuple[dict[str, Any], np.ndarray]:
    """A section {"kind", "note", "names"} and its pictures float32 [names, side, side].

    kind "weights": a picture of each class that was trained, 0 is neutral; "questions": one picture, how many nodes of
    the trees look at the pixel.
    """
    if "weights" in tensors:
        note = (
            "The weights of each class as a picture. Red pixels, where they are bright, speak for the class, blue ones "
            "against it; each picture has a scale of its own."
        )
        names = [class_names[label] for label in tensors["classes"]]
        pictures = tensors["weights"].reshape(-1, side, side)
        return {"kind": "weights", "note": note, "names": names}, pictures.astype(np.float32)
    inner = tensors["trees/children"][:, 0] != 0
    counts = np.bincount(tensors["trees/feature"][inner], minlength=side * side)
    note = (
        f"How often the trees look at a pixel: dark never, light often. The {int(inner.sum()):,} questions of all "
        f"trees are about {int((counts > 0).sum()):,} of the {side * side:,} pixels."
    )
    pictures = counts.reshape(1, side, side).astype(np.float32)
    return {"kind": "questions", "note": note, "names": ["questions about the pixel"]}, pictures
