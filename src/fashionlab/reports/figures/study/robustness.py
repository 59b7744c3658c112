"""Accuracy on images that are made worse, against how much: a panel for each way, a colour for each name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fashionlab.reports.figures.canvas import NARROW, WIDE, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.lines import Box, Curve, draw_curves
from fashionlab.reports.figures.palette import SERIES
from fashionlab.reports.figures.scales import Scale, padded
from fashionlab.reports.figures.text import TEXT, fitted
from fashionlab.reports.wording import percent
from fashionlab.text import one_line

_ROW, _TALL = 262.0, 184.0
"""Points from one row of panels to the next, and of a panel."""

_NAME = 80.0
"""Points of a name at the end of its line."""


@dataclass(frozen=True)
class Worsened:
    """One way to change images. name: of it, as "noise"; unit: what a strength is; strengths: ascending, the first of
    them 0; accuracies: by name, a fraction for each strength."""

    name: str
    unit: str
    strengths: Sequence[float]
    accuracies: Mapping[str, Sequence[float]]


def robustness(ways: Sequence[Worsened]) -> Display:
    """The accuracies of all names, way by way, on one scale. Raises ValueError where there is no way."""
    if not ways:
        raise ValueError("given no way to change images, expected at least one")
    values = [value for way in ways for accuracies in way.accuracies.values() for value in accuracies]
    low, high = padded(values)
    accuracy = Scale(max(0.0, low), min(1.0, high), "accuracy", as_percent=True)

    def draw(narrow: bool) -> Canvas:
        across = 1 if narrow else 2
        canvas = Canvas(NARROW if narrow else WIDE, _ROW * -(-len(ways) // across) - 5)
        for place, way in enumerate(ways):
            left = (canvas.width - NARROW) * (place % across)
            box = Box(left + 50, _ROW * (place // across) + 36, 252, _TALL)
            curves = [
                Curve(fitted(one_line(name), _NAME, TEXT, "bold"), np.asarray(found, float), SERIES[i % len(SERIES)])
                for i, (name, found) in enumerate(way.accuracies.items())
            ]
            ticks = [(strength, f"{strength:g}") for strength in way.strengths]
            x = Scale(way.strengths[0], way.strengths[-1], way.name, own=ticks)
            draw_curves(canvas, box, way.strengths, curves, x, accuracy, f"robust-{place}", percent, raised=8)
        return canvas

    said = "; ".join(
        f"{way.name} {way.strengths[-1]:g}: "
        + ", ".join(f"{one_line(name)} {percent(found[-1])}" for name, found in way.accuracies.items())
        for way in ways
    )
    units = "; ".join(f"{way.name}: {way.unit}" for way in ways)
    note = f"Means over the seeds; at 0 the images are as they are. Strengths: {units}. All panels have one scale."
    return Display("robustness", "Accuracy on changed images", f"{said}.", draw, note=note, narrow=True)
