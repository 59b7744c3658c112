"""What the hidden layers answer to each class, on average."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fashionlab.reports.drawings import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LEFT, _WIDTH, _ROW, _BETWEEN = 1.75, 7.6, 0.22, 0.85
"""Inches: before the maps, their width, the height of a class's row, the space for a layer's title and axis."""


def activations_figure(
    layers: Sequence[tuple[str, np.ndarray]], class_names: Sequence[str], pictures: np.ndarray
) -> "Figure":
    """Draw a map a layer: a row a class, a column a unit, colour its mean activation.

    layers: name and float [classes, units]; pictures: uint8 [classes, height, width], one of each class. Units are
    sorted by the class that excites them most, so that what belongs to a class stands together.
    """
    classes = len(class_names)
    height = 1.0 + len(layers) * (classes * _ROW + _BETWEEN)
    with style.styled():
        figure = style.new_figure(_LEFT + _WIDTH + 1.2, height)
        style.write(figure, 0.3, 0.42, "What each hidden layer answers to each class", 14.0, weight="bold")
        style.write(figure, 0.3, 0.7, "mean activation over the validation pictures of a class", color=style.MUTED)
        top = 1.15
        for name, values in layers:
            order = np.lexsort((-values.max(axis=0), values.argmax(axis=0)))
            most = float(np.abs(values).max()) or 1.0
            tall = classes * _ROW
            axes = style.axes_at(figure, _LEFT, height - top - tall, _WIDTH, tall)
            drawn = axes.imshow(
                values[:, order], aspect="auto", cmap="RdBu_r", vmin=-most, vmax=most, interpolation="none"
            )
            axes.set_yticks(range(classes), [style.label(text, 16) for text in class_names])
            axes.set_xlabel(f"units of {name}, sorted by the class that excites them most", fontsize=style.SMALL_SIZE)
            axes.tick_params(length=0, colors=style.MUTED)
            for number, picture in enumerate(pictures):
                small = style.axes_at(figure, 0.3, height - top - (number + 1) * _ROW, _ROW, _ROW)
                small.imshow(picture, cmap="gray", vmin=0, vmax=255)
                small.set_axis_off()
            bar = figure.colorbar(
                drawn, cax=style.axes_at(figure, _LEFT + _WIDTH + 0.15, height - top - tall, 0.12, tall)
            )
            bar.ax.tick_params(length=0, colors=style.MUTED)
            bar.outline.set_visible(False)
            bar.set_label("activation", fontsize=style.SMALL_SIZE)
            top += tall + _BETWEEN
    return figure
