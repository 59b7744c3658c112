"""Images that are in two sets, found by their hashes."""

from hashlib import blake2b

import numpy as np


def rows_among(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Rows of `images` that are, pixel for pixel, among `others`; both uint8 [n, side, side], the result int64."""
    known = {blake2b(each.data).digest() for each in np.ascontiguousarray(others)}
    found = [row for row, each in enumerate(np.ascontiguousarray(images)) if blake2b(each.data).digest() in known]
    return np.array(found, np.int64)
