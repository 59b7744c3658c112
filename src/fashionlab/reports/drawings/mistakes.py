"""Pictures that were predicted wrongly, each with what it is and what it was taken for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fashionlab.reports.drawings import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS, _SIDE, _GAP, _CAPTION = 6, 1.15, 0.3, 0.62
"""Pictures a row, and in inches: a picture's side, the space between columns, the three lines below a picture."""


def mistakes_figure(
    images: np.ndarray,
    true: np.ndarray,
    predicted: np.ndarray,
    confidence: np.ndarray,
    class_names: Sequence[str],
) -> "Figure":
    """Draw mistakes in the order given. images: uint8 [n, height, width]; true, predicted: int [n]; confidence: the
    predicted class's probability, [n].
    """
    rows = max(1, -(-len(images) // _COLUMNS))
    width = 0.6 + _COLUMNS * (_SIDE + _GAP)
    with style.styled():
        figure = style.new_figure(width, 1.0 + rows * (_SIDE + _CAPTION))
        style.write(figure, 0.3, 0.42, "Most confident mistakes" if len(images) else "No mistakes", 14.0, weight="bold")
        if len(images):
            text = f"the surest {len(images)}: the least sure of them was {_sure(np.min(confidence))} sure"
            style.write(figure, 0.3, 0.7, text, color=style.MUTED)
        height = float(figure.get_size_inches()[1])
        for number, picture in enumerate(images):
            row, column = divmod(number, _COLUMNS)
            left, top = 0.3 + column * (_SIDE + _GAP), 0.9 + row * (_SIDE + _CAPTION)
            axes = style.axes_at(figure, left, height - top - _SIDE, _SIDE, _SIDE)
            axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="none")
            axes.set_axis_off()
            lines = (
                (f"is {style.label(class_names[true[number]], 16)}", style.INK),
                (f"taken for {style.label(class_names[predicted[number]], 14)}", style.VALIDATION),
                (f"{_sure(confidence[number])} sure", style.MUTED),
            )
            for line, (text, color) in enumerate(lines):
                style.write(figure, left, top + _SIDE + 0.16 * (line + 1), text, 8.0, color)
    return figure


def _sure(confidence: float) -> str:
    """A probability in percent, which is never rounded up to certainty."""
    return "over 99.9 %" if confidence > 0.999 else f"{100 * confidence:.1f} %"
