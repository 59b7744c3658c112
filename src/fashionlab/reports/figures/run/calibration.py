"""Can its confidence be believed: reliability, and accuracy when the model may abstain."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fashionlab.evaluation.calibration import Bin
from fashionlab.reports.figures.canvas import NARROW, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.lines import Box, Curve, draw_curves, measures
from fashionlab.reports.figures.palette import MUTED, PAPER, SERIES, TRAINING
from fashionlab.reports.figures.scales import Scale, floats
from fashionlab.reports.figures.text import TEXT
from fashionlab.reports.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 30
"""Predictions; the dot of a bin with fewer is hollow."""


def reliability(curves: Sequence[tuple[str, Sequence[Bin]]]) -> Display:
    """How often predictions of some confidence are correct; on the diagonal where calibration is perfect.

    curves: name, and those bins that hold predictions. The bars below are how many predictions of the first curve fall
    into each bin.
    """

    def draw(_: bool) -> Canvas:
        canvas = Canvas(NARROW, 300)
        axes = canvas.panel(
            52, 24, 314, 230,
            Scale(0, 1, "confidence (probability of the predicted class)", True), Scale(0, 1, "accuracy", True),
        )  # fmt: skip
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.3, linestyle=(0, (5, 4)), gid="diagonal", zorder=1)
        counted = curves[0][1] if curves else []
        most = max((b.n for b in counted), default=0) or 1
        for i, b in enumerate(counted):
            tall, across = 50 * b.n / most, 314 * (b.high - b.low)
            canvas.rectangle(
                52 + 314 * b.low + 1, 254 - tall, max(across - 2, 1), tall, MUTED, 0.28, gid=f"count-{i}", zorder=0.7
            )
            canvas.hovers[f"count-{i}"] = f"{b.n:,} predictions"
        for row, (name, bins) in enumerate(curves):
            _draw_bins(canvas, axes, row, name, bins)
            canvas.text(76, 42 + 17 * row, name, TEXT, SERIES[row], weight="bold")
            canvas.line([66], [38 + 17 * row], SERIES[row], marker="o", markersize=7, markeredgewidth=0)
        return canvas

    said = "; ".join(f"{name}: {_in_words(bins)}" for name, bins in curves)
    return Display(
        "reliability", "Reliability diagram", f"{said or 'no predictions'}.", draw,
        note=f"dashed: perfect calibration; grey: how many predictions, at most {_most(curves):,} in a bin; hollow: "
        f"fewer than {FEW} predictions",
    )  # fmt: skip


def coverage(covered: Sequence[float], accuracy: Sequence[float]) -> Display:
    """Accuracy against coverage: the share of images that is answered if the least certain are not. Fractions [n]."""
    curves = [Curve("accuracy", floats(accuracy), TRAINING)]
    at = [float(share) for share in covered]

    def draw(_: bool) -> Canvas:
        canvas = Canvas(NARROW, 300)
        x = Scale(min(at) if len(at) > 1 else 0.0, 1.0, "coverage (share of images that is answered)", True)
        y = measures(curves, "accuracy of the answers", as_percent=True)
        draw_curves(canvas, Box(52, 24, 314, 230), at, curves, x, y, "coverage", lambda v: percent(v, 2), names=False)
        return canvas

    return Display(
        "coverage", "Accuracy when it may abstain", f"Accuracy: {_at_shares(at, accuracy)}.", draw,
        note="abstaining from the images that it is least certain of",
    )  # fmt: skip


def _draw_bins(canvas: Canvas, axes: "Axes", row: int, name: str, bins: Sequence[Bin]) -> None:
    x, y = (floats([getattr(b, key) for b in bins]) for key in ("confidence", "accuracy"))
    low, high = (floats([getattr(b, key) for b in bins]) for key in ("accuracy_low", "accuracy_high"))
    colour = SERIES[row]
    axes.plot(x, y, color=colour, linewidth=2, gid=f"curve-{row}", zorder=2)
    for bottom, top, at in zip(low, high, x, strict=True):
        axes.plot([at, at], [bottom, top], color=colour, alpha=0.45, linewidth=1.3, zorder=2)
    for kind, some in (("many", [b.n >= FEW for b in bins]), ("few", [b.n < FEW for b in bins])):
        chosen = [i for i, here in enumerate(some) if here]
        if chosen:
            axes.plot(
                x[chosen], y[chosen], "o", color=colour if kind == "many" else PAPER, markersize=6.5,
                markeredgecolor=colour, markeredgewidth=1.5, gid=f"dots-{row}-{kind}", zorder=3,
            )  # fmt: skip
            canvas.hovers[f"dots-{row}-{kind}"] = [
                f"{name}: {b.n:,} predictions, mean confidence {percent(b.confidence)}, {percent(b.accuracy)} correct"
                for b in (bins[i] for i in chosen)
            ]


def _in_words(bins: Sequence[Bin]) -> str:
    pairs = [f"confidence {percent(b.confidence, 0)}: {percent(b.accuracy, 0)} correct" for b in bins]
    return ", ".join(pairs) or "no predictions"


def _most(curves: Sequence[tuple[str, Sequence[Bin]]]) -> int:
    return max((b.n for b in curves[0][1]), default=0) if curves else 0


def _at_shares(at: Sequence[float], accuracy: Sequence[float]) -> str:
    """The accuracy where about all, most and half of the images are answered."""
    nearest = [min(range(len(at)), key=lambda i: abs(at[i] - share)) for share in (1, 0.8, 0.5)] if at else []
    said = [f"{percent(accuracy[i])} when it answers {percent(at[i], 0)} of the images" for i in dict.fromkeys(nearest)]
    return ", ".join(said) or "no answers"
