"""Rare large differences: whether a conclusion hangs on one seed, or on a few, that lie far from all others.

The t-test takes differences to be normally distributed. If one seed in twenty loses 3 points, a study that has not seen
such a seed cannot know of it; one that has seen it must not conclude anything that holds only with it, or only without.
"""

import numpy as np

from fashionlab.studies.stats.boundary import Boundary

FAR = 5.0
"""Median deviations from the median beyond which a difference is far from the others. Of normally distributed ones it
is 1 in 1,300; of few seeds more, as their median deviation is uncertain."""

RARE = 10
"""One seed in so many, or a single one, is rare; what happens more often is a part of the distribution."""

LEAST = 4
"""Seeds without which nothing lies far from the others, nor is there an interval."""


def rare(values: np.ndarray, resolution: float) -> np.ndarray:
    """Which of the values [..., n] lie far from the others and are rare, bool [..., n].

    The median deviation counts as one `resolution` at least.
    """
    n = values.shape[-1]
    if n < LEAST:
        return np.zeros(values.shape, bool)
    distance = np.abs(values - np.median(values, axis=-1, keepdims=True))
    far = distance > FAR * np.maximum(np.median(distance, axis=-1, keepdims=True), resolution)
    return far & (far.sum(axis=-1, keepdims=True) <= max(1, n // RARE))


def intervals_without(values: np.ndarray, *, boundary: Boundary, resolution: float) -> tuple[np.ndarray, np.ndarray]:
    """After each of the values [..., n], the interval of those so far that are not `rare`: low and high [..., n], NaN
    where all of them are in it."""
    low, high = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    for n in range(LEAST, values.shape[-1] + 1):
        so_far = values[..., :n]
        away = rare(so_far, resolution)
        place = away.any(axis=-1)
        if not place.any():
            continue
        kept, some = ~away[place], so_far[place]
        count = kept.sum(axis=-1)
        mean = (some * kept).sum(axis=-1) / count
        squares = (((some - mean[..., np.newaxis]) ** 2) * kept).sum(axis=-1)
        half = boundary.half_width(count, np.maximum(squares, (count - 1) * resolution**2))
        low[place, n - 1], high[place, n - 1] = mean - half, mean + half
    return low, high
