"""Images made worse on purpose: noise, blur, less light, a shift. Plain NumPy, uint8 in and out."""

from collections.abc import Callable
from typing import Literal

import numpy as np

Disturbance = Literal["noise", "blur", "brightness", "shift"]

UNITS: dict[Disturbance, str] = {
    "noise": "standard deviation of Gaussian noise, share of the full range",
    "blur": "standard deviation of a Gaussian blur, pixels",
    "brightness": "share of the light taken away",
    "shift": "pixels moved, left, right, up or down",
}
"""What a strength of each is; at 0 nothing is changed."""


def disturb(images: np.ndarray, kind: Disturbance, strength: float, seed: int) -> np.ndarray:
    """The images, uint8 [n, height, width], with one thing changed. strength: in the unit of the kind (`UNITS`).

    The same seed gives the same noise and directions, so that networks are compared on the same images.
    """
    return _CHANGES[kind](images, strength, np.random.default_rng(seed))


def _noise(images: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    return _as_bytes(images + 255 * strength * rng.standard_normal(images.shape, np.float32))


def _blur(images: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Beyond its border an image is taken to go on as it ends there."""
    reach = max(1, round(3 * strength))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(strength, 1e-6)) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    blurred = images.astype(np.float32)
    for axis in (1, 2):
        side = images.shape[axis]
        border = [(reach, reach) if each == axis else (0, 0) for each in range(3)]
        wide = np.pad(blurred, border, mode="edge")
        blurred = sum(
            (weight * wide.take(range(at, at + side), axis) for at, weight in enumerate(weights)),
            np.zeros_like(blurred),
        )
    return _as_bytes(blurred)


def _darken(images: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    return _as_bytes(images * np.float32(1 - strength))


def _shift(images: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """What is moved in is black."""
    pixels = round(strength)
    height, width = images.shape[1:]
    wide = np.pad(images, [(0, 0), (pixels, pixels), (pixels, pixels)])
    directions = rng.integers(0, 4, len(images))
    moved = np.empty_like(images)
    for direction, (down, right) in enumerate(((0, 1), (0, -1), (1, 0), (-1, 0))):
        top, left = pixels * (1 - down), pixels * (1 - right)
        chosen = directions == direction
        moved[chosen] = wide[chosen, top : top + height, left : left + width]
    return moved


def _as_bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


_CHANGES: dict[Disturbance, Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    "noise": _noise,
    "blur": _blur,
    "brightness": _darken,
    "shift": _shift,
}
