"""Arrays of numbers as colours, for what is an image itself: activations, weights, gradients."""

import numpy as np

BLUE_TO_RED = (
    (0.0, (5, 48, 97)),
    (0.25, (67, 147, 195)),
    (0.5, (247, 247, 247)),
    (0.75, (214, 96, 77)),
    (1.0, (103, 0, 31)),
)
"""For values with a sign: blue below 0, white at 0, red above (after ColorBrewer's RdBu)."""

DARK_TO_LIGHT = (
    (0.0, (13, 8, 40)),
    (0.3, (92, 28, 110)),
    (0.6, (204, 71, 90)),
    (0.85, (251, 161, 60)),
    (1.0, (252, 253, 191)),
)
"""For sizes: dark at 0."""

Stops = tuple[tuple[float, tuple[int, int, int]], ...]


def colours(values: np.ndarray, low: float, high: float, stops: Stops) -> np.ndarray:
    """uint8 [..., 3] of values float [...], clipped to `low` to `high`."""
    share = np.clip((np.asarray(values, float) - low) / ((high - low) or 1.0), 0, 1)
    at = [stop for stop, _ in stops]
    channels = [np.interp(np.nan_to_num(share), at, [colour[c] for _, colour in stops]) for c in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def around_zero(values: np.ndarray) -> np.ndarray:
    """uint8 [..., 3]: white at 0, full colour at the array's own largest values."""
    top = float(np.quantile(np.abs(values), 0.995)) or float(np.abs(values).max()) or 1.0
    return colours(values, -top, top, BLUE_TO_RED)


def from_zero(values: np.ndarray) -> np.ndarray:
    """uint8 [..., 3]: dark at 0, light at the array's own largest value."""
    return colours(values, 0.0, float(np.max(values, initial=0.0)), DARK_TO_LIGHT)
