"""A small grey image in a terminal: two pixels a character, the upper as its colour, the lower as its ground."""

import os
import sys

import numpy as np

WIDEST = 64
"""Pixels a side up to which an image is shown: a terminal has 80 columns."""


def colours_of_terminal() -> int:
    """How many colours standard output can show: 2**24, 256, or 0 where it is no terminal, or one without colours."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb":
        return 0
    if not (sys.stdout.encoding or "").lower().startswith("utf"):
        return 0
    return 2**24 if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") else 256


def half_blocks(image: np.ndarray, colours: int) -> str:
    """Lines of text that show an image, uint8 [h, w]; empty for one that is too large. colours: 2**24 or 256."""
    if max(image.shape) > WIDEST:
        return ""
    padded = np.pad(image, ((0, image.shape[0] % 2), (0, 0)))
    lines = []
    for upper, lower in zip(padded[::2].tolist(), padded[1::2].tolist(), strict=True):
        cells = (f"\x1b[38;{_code(a, colours)};48;{_code(b, colours)}m▀" for a, b in zip(upper, lower, strict=True))
        lines.append("".join(cells) + "\x1b[0m")
    return "\n".join(lines)


def _code(grey: int, colours: int) -> str:
    if colours > 256:
        return f"2;{grey};{grey};{grey}"
    # Of the 256 colours 232 to 255 are greys, from 8 to 238 in steps of 10; 16 is black and 231 white.
    step = (grey - 3) // 10
    return f"5;{16 if step < 0 else 231 if step > 23 else 232 + step}"
