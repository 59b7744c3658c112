"""The ground of a photograph: the plain surface, evenly or softly unevenly lit, that reaches the border."""

from dataclasses import dataclass

import numpy as np

from fashionlab.photos.arrays import flood, percentile, rounded

RING = 0.03
"""Of the shorter edge: how wide the border is in which the ground is looked for."""

PLAIN, LEAST_PLAIN = 0.5, 0.25
"""Of the border's pixels: so many at least must lie on one smooth surface for the ground to be called plain, and to be
made use of."""

NEAR, FAR = 16, 48
"""Levels of difference up to which a pixel of the border counts as ground, when the surface has been fitted and while
it is looked for."""

LEAST, MOST = 7, 40
"""Levels of difference from the surface beyond which a pixel is not the ground; between them it follows the noise."""

LEAST_GARMENT = 0.004
"""Of all pixels: less than this is no garment but specks."""


@dataclass(frozen=True, eq=False)
class Ground:
    """surface: uint8 [h, w, 3], what the ground would look like everywhere; garment: bool [h, w], what is not ground;
    alike: bool [h, w], what has the ground's colour, also within the garment; plain: whether enough of
    the border is of it."""

    surface: np.ndarray
    garment: np.ndarray
    alike: np.ndarray
    plain: bool


def find_ground(colours: np.ndarray) -> Ground | None:
    """The plain ground of an image, uint8 [h, w, 3]; None where the border is not plain.

    For each channel a polynomial a + bx + cy + dxx + exy + fyy over x, y from -1 to 1, by least squares: first through
    the border's most common colour, then through what lies near, first a plane, in six rounds; then once more through
    all that the flood from the border reached.
    """
    height, width = colours.shape[:2]
    if min(height, width) < 8:
        return None
    ring = _ring(height, width)
    terms = _terms(height, width)
    border, places = colours[ring].astype(np.float64), terms[ring]
    near = np.abs(border - _most_common(colours[ring])).max(axis=1) <= FAR
    for limit, count in ((FAR, 3), (FAR, 3), (32, 3), (24, 6), (NEAR, 6), (NEAR, 6)):
        if near.sum() < 16:
            return None
        found = _fit(places[near], border[near], count)
        near = np.abs(border - places[:, :count] @ found).max(axis=1) <= limit
    if near.mean() < LEAST_PLAIN:
        return None
    share = float(near.mean())
    away = np.abs(border - places @ found).max(axis=1)[near]
    threshold = int(np.clip(2 * percentile(rounded(away), 0.9) + 4, LEAST, MOST))
    alike = _close(colours, terms @ found, threshold)
    reached = flood(alike)
    if reached.sum() > 64:
        found = _fit(terms[reached], colours[reached].astype(np.float64), 6)
        alike = _close(colours, terms @ found, threshold)
        reached = flood(alike)
    return Ground(rounded(terms @ found), ~reached, alike, share >= PLAIN)


def _close(colours: np.ndarray, surface: np.ndarray, threshold: int) -> np.ndarray:
    away: np.ndarray = np.abs(colours - surface).max(axis=2) <= threshold
    return away


def _ring(height: int, width: int) -> np.ndarray:
    wide = max(1, round(RING * min(height, width)))
    ring = np.ones((height, width), bool)
    ring[wide:-wide, wide:-wide] = False
    return ring


def _terms(height: int, width: int) -> np.ndarray:
    """[h, w, 6]: 1, x, y, xx, xy, yy."""
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)


def _fit(terms: np.ndarray, colours: np.ndarray, count: int) -> np.ndarray:
    """[count, 3]: by the normal equations, of which a ten-millionth is added to the diagonal."""
    terms = terms[:, :count]
    normal = terms.T @ terms + 1e-7 * len(terms) * np.eye(count)
    return np.linalg.solve(normal, terms.T @ colours)


def _most_common(pixels: np.ndarray) -> np.ndarray:
    """The mean of the pixels in the fullest of 8 x 8 x 8 boxes of colours; of equally full ones the darkest."""
    boxes = (pixels >> 5).astype(np.int64) @ np.array([64, 8, 1])
    fullest = np.bincount(boxes, minlength=512).argmax()
    mean: np.ndarray = pixels[boxes == fullest].mean(axis=0)
    return mean
