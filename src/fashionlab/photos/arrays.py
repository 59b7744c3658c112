"""The array operations that the steps are made of, each defined exactly: whole numbers, or float64 rounded half up.

Nothing here is a library's own resampling or filter, so another language gives the same values.
"""

import numpy as np

LUMINANCE = (299, 587, 114)
"""Thousandths of red, green and blue in grey: ITU-R 601."""


def grey_of(colours: np.ndarray) -> np.ndarray:
    """Grey uint8 [h, w] of colours uint8 [h, w, 3]: (299 r + 587 g + 114 b + 500) // 1000."""
    weights = np.array(LUMINANCE, np.int32)
    return ((colours.astype(np.int32) @ weights + 500) // 1000).astype(np.uint8)


def rounded(values: np.ndarray) -> np.ndarray:
    """uint8 of numbers: half up, cut to 0 to 255."""
    return np.clip(np.floor(np.asarray(values, np.float64) + 0.5), 0, 255).astype(np.uint8)


def block_sums(values: np.ndarray, factor: int) -> np.ndarray:
    """Sums, uint32, over blocks of factor x factor pixels of [h, w, c]; the last row and column of blocks may be
    smaller."""
    rows = np.add.reduceat(values, np.arange(0, values.shape[0], factor), axis=0, dtype=np.uint32)
    sums: np.ndarray = np.add.reduceat(rows, np.arange(0, values.shape[1], factor), axis=1, dtype=np.uint32)
    return sums


def area_average(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Float64 [height, width] of whole numbers [h, w]: each new pixel is the mean over the area that it covers, parts
    of pixels weighted by their part. Where it grows, areas are smaller than a pixel, and values repeat.

    The weighted sums are whole numbers below 2**53, so their order does not matter; they are divided once.
    """
    down, across = _overlaps(values.shape[0], height), _overlaps(values.shape[1], width)
    averaged: np.ndarray = down @ values.astype(np.float64) @ across.T / values.size
    return averaged


def _overlaps(old: int, new: int) -> np.ndarray:
    """[new, old]: the part that each old pixel has in each new one, in units of 1/new of an old one; rows sum to
    old."""
    edges, starts = np.arange(new + 1) * old, np.arange(old) * new
    overlap = np.minimum(edges[1:, None], starts[None] + new) - np.maximum(edges[:-1, None], starts[None])
    return np.maximum(overlap, 0).astype(np.float64)


def sharpen(image: np.ndarray) -> np.ndarray:
    """Unsharp mask, uint8 [h, w]: v + (v - b) / 2, where b is v blurred by (1 2 1; 2 4 2; 1 2 1) / 16, black around it.

    In whole numbers, with B the weighted sum before it is divided by 16: (48 v - B + 16) // 32.
    """
    v = np.pad(image.astype(np.int32), 1)
    rows = v[:-2] + 2 * v[1:-1] + v[2:]
    blurred = rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]
    return np.clip((48 * image.astype(np.int32) - blurred + 16) // 32, 0, 255).astype(np.uint8)


def flood(allowed: np.ndarray) -> np.ndarray:
    """What can be reached from the border through pixels that are allowed, bool [h, w]; steps go to the four sides."""
    reached = np.zeros_like(allowed)
    reached[[0, -1]] = allowed[[0, -1]]
    reached[:, [0, -1]] |= allowed[:, [0, -1]]
    return _spread(reached.astype(np.int32), allowed) > 0


def components(mask: np.ndarray) -> np.ndarray:
    """int32 [h, w]: 0 outside the mask, in it one number for each connected part (by the four sides), the highest
    position in it plus 1."""
    numbers = np.arange(1, mask.size + 1, dtype=np.int32).reshape(mask.shape)
    return _spread(np.where(mask, numbers, 0).astype(np.int32), mask)


def _spread(values: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Each connected part of what is allowed gets its highest value: runs along rows, then along columns, until nothing
    changes."""
    while True:
        spread = _along_rows(_along_rows(values, allowed).T, allowed.T).T
        if np.array_equal(spread, values):
            return values
        values = spread


def _along_rows(values: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Each run of allowed pixels in a row gets its highest value."""
    allowed = np.ascontiguousarray(allowed)
    begins = np.ones(allowed.shape, bool)
    begins[:, 1:] = allowed[:, 1:] != allowed[:, :-1]
    starts = np.flatnonzero(begins)
    highest = np.maximum.reduceat(np.ascontiguousarray(values).reshape(-1), starts)
    lengths = np.diff(np.append(starts, allowed.size))
    return np.where(allowed, np.repeat(highest, lengths).reshape(allowed.shape), 0).astype(np.int32)


def percentile(values: np.ndarray, share: float) -> int:
    """Of uint8 values the least one that at least `share` of them do not exceed; 0 for none."""
    if not values.size:
        return 0
    counts = np.cumsum(np.bincount(values.reshape(-1), minlength=256))
    return int(np.searchsorted(counts, share * values.size))
