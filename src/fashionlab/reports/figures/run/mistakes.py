"""Misclassified images, each with its true class and the one that was predicted."""

from collections.abc import Sequence

import numpy as np

from fashionlab.reports.figures.canvas import WIDE, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.mosaic import draw_mosaic, shrunk
from fashionlab.reports.figures.palette import INK, MUTED, VALIDATION
from fashionlab.reports.figures.text import fitted
from fashionlab.reports.wording import certainty

_COLUMNS, _SIDE, _CAPTION = 6, 118.0, 50.0


def mistakes(
    images: np.ndarray,
    true: np.ndarray,
    predicted: np.ndarray,
    confidence: np.ndarray,
    class_names: Sequence[str],
) -> Display:
    """Mistakes in the order given. images: uint8 [n, height, width]; true, predicted: int [n]; confidence: the
    predicted class's probability, [n].
    """
    small = list(shrunk(images, 120)) if len(images) else []
    rows = [small[i : i + _COLUMNS] for i in range(0, len(small), _COLUMNS)]

    def draw(_: bool) -> Canvas:
        canvas = Canvas(WIDE, max(1, len(rows)) * (1.08 * _SIDE + _CAPTION) if rows else 4)
        if not rows:
            return canvas
        grid = draw_mosaic(canvas, rows, 2, 0, _SIDE, _CAPTION, _COLUMNS)
        for i, certain in enumerate(confidence):
            left, top = grid.at(*divmod(i, _COLUMNS))
            lines = (
                (f"true: {class_names[true[i]]}", INK),
                (f"predicted: {class_names[predicted[i]]}", VALIDATION),
                (f"confidence {certainty(float(certain))}", MUTED),
            )
            for line, (text, colour) in enumerate(lines):
                canvas.text(left, top + grid.height + 13 + 14 * line, fitted(text, grid.across - 6, 10.5), 10.5, colour)
        return canvas

    n = len(images)
    return Display(
        "mistakes", "Most confident mistakes" if n else "No mistakes",
        f"{n} misclassified images, the most confident mistakes first." if n else "No image was misclassified.", draw,
        note=f"the {n} with the highest confidence, at least {certainty(float(np.min(confidence)))}" if n else "",
    )  # fmt: skip
