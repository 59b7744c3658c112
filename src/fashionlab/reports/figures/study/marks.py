"""What the figures of a study have in common: marks of a verdict, told apart without colour."""

from functools import cache
from typing import Any

from fashionlab.reports.figures.canvas import Canvas
from fashionlab.reports.figures.palette import PAPER, VERDICTS


def draw_mark(canvas: Canvas, word: str, x: float, y: float, size: float = 13.0, gid: str | None = None) -> None:
    """A triangle up for helps, down for hurts, an equals sign for no practical difference, a ring for undecided."""
    colour, hollow = VERDICTS[word], word == "undecided"
    markers = {"helps": "^", "hurts": "v", "undecided": "o", "no practical difference": _equals()}
    edge = 2.2 if hollow else 1.2 if size > 10 else 0.0
    canvas.line(
        [x], [y], colour, marker=markers[word], markersize=size - 3 if hollow else size,
        markerfacecolor=PAPER if hollow else colour, markeredgecolor=colour if hollow else PAPER,
        markeredgewidth=edge, zorder=4, gid=gid,
    )  # fmt: skip


@cache
def _equals() -> Any:
    from matplotlib.path import Path

    bars = [(-6, 1.5), (6, 1.5), (6, 6), (-6, 6), (-6, 1.5), (-6, -6), (6, -6), (6, -1.5), (-6, -1.5), (-6, -6)]
    return Path(bars, [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * 2)
