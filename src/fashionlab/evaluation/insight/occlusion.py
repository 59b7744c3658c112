"""What a Keras network's answer rests on, by covering parts of the image, on any backend.

Only worker processes import this module.
"""

import keras
import numpy as np

BATCH = 256


def patch_of(side: int) -> tuple[int, int]:
    """The side of the square that covers, pixels, and by how many it is moved: for 28 pixels 6 and 2."""
    patch = max(2, round(side / 5))
    return patch, max(1, patch // 3)


def occlusion(model: keras.Model, images: np.ndarray, classes: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """By how much the logit of class classes[i] falls where image i is covered, float32 [n, height, width].

    images: uint8 [n, height, width]; cover: uint8 [height, width], what is seen instead, such as the mean of many
    images. A square moves over the image; a pixel has the mean of all squares that cover it, in units of the logit.
    Positive: the network's answer rests on it. M. D. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional
    Networks", arXiv 1311.2901, section 4.2.
    """
    n, height, width = images.shape
    patch, step = patch_of(min(height, width))
    # The last square ends at the edge.
    tops, lefts = (sorted({*range(0, side - patch + 1, step), side - patch}) for side in (height, width))
    places = [(top, left) for top in tops for left in lefts]
    falls, counts = np.zeros(images.shape, np.float64), np.zeros((height, width))
    for top, left in places:
        counts[top : top + patch, left : left + patch] += 1
    for i in range(n):
        covered = np.repeat(images[i][None], len(places) + 1, axis=0)
        for number, (top, left) in enumerate(places, start=1):
            here = slice(top, top + patch), slice(left, left + patch)
            covered[number][here] = cover[here]
        logits = _logits(model, covered)[:, classes[i]]
        for fall, (top, left) in zip(logits[0] - logits[1:], places, strict=True):
            falls[i, top : top + patch, left : left + patch] += fall
    return (falls / counts).astype(np.float32)


def _logits(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """float32 [n, classes]; batches are filled up, so that one size is compiled."""
    parts = []
    for start in range(0, len(images), BATCH):
        own = images[start : start + BATCH]
        batch = np.concatenate([own, np.repeat(own[:1], BATCH - len(own), axis=0)])
        parts.append(np.asarray(model.predict_on_batch(batch), np.float32)[: len(own)])
    return np.concatenate(parts)
