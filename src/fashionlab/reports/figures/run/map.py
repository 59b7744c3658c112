"""Images as points in two dimensions, coloured by class."""

from collections.abc import Sequence

import numpy as np

from fashionlab.reports.figures.canvas import Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.palette import CLASSES
from fashionlab.reports.figures.scales import Scale, padded

_WIDTH, _HEIGHT = 560.0, 440.0


def point_map(
    name: str,
    title: str,
    points: np.ndarray | Sequence[Sequence[float]],
    labels: Sequence[int],
    class_names: Sequence[str],
    axis_names: tuple[str, str],
    note: str = "",
) -> Display:
    """A point an image, in the order given, in the group with the gid "points".

    points: float [n, 2]; labels: int [n]; axis_names: of the horizontal and the vertical axis.
    """
    places = np.asarray(points, np.float64).reshape(-1, 2)
    x, y = (Scale(*padded(list(places[:, k]), 0.03), axis_names[k]) for k in (0, 1))

    def draw(_: bool) -> Canvas:
        canvas = Canvas(_WIDTH, _HEIGHT)
        axes = canvas.panel(44, 24, _WIDTH - 56, _HEIGHT - 66, x, y)
        axes.scatter(
            places[:, 0], places[:, 1], s=30, c=[CLASSES[label % len(CLASSES)] for label in labels] or None,
            alpha=0.75, linewidths=0, gid="points",
        )  # fmt: skip
        return canvas

    classes = sorted(set(labels))
    said = f"{len(places):,} images of {len(classes)} classes: {', '.join(class_names[c] for c in classes)}."
    return Display(name, title, said, draw, note=note)
