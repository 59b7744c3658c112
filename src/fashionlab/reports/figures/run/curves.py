"""How a model learned: loss and accuracy by epoch, and what went on beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fashionlab.reports.figures.canvas import NARROW, WIDE, Canvas
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.lines import (
    Box,
    Curve,
    by_layer,
    described,
    draw_curves,
    mark_step,
    measures,
    steps,
)
from fashionlab.reports.figures.palette import PAPER, SERIES, TRAINING, VALIDATION
from fashionlab.reports.figures.scales import floats
from fashionlab.reports.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHADE = "Shade: the generalization gap, in the colour of the worse curve."
MEASURED = {
    "epoch": "Training is measured while the epoch runs, with dropout, augmentation and label smoothing where the "
    "recipe has them; validation after it, without.",
    "round": "Both are measured after the round; no tree was made for the validation images.",
}
"""When training and validation are measured, by what is counted."""

_ALONE = "No images were held out for validation, so these curves cannot show overfitting."


@dataclass(frozen=True)
class _Measure:
    """One panel. sign: +1 if more of it is worse, -1 if more is better; say: writes a value."""

    name: str
    label: str
    sign: int
    say: Callable[[float], str]
    curves: list[Curve]


def learning_curves(
    epochs: Sequence[float],
    loss: Sequence[float | None],
    accuracy: Sequence[float | None],
    val_loss: Sequence[float | None],
    val_accuracy: Sequence[float | None],
    unit: str = "epoch",
) -> Display:
    """Both losses and both accuracies, with the generalization gap between training and validation.

    epochs: 1, 2, …; loss, val_loss: nats; accuracy, val_accuracy: fractions; val_* may be NaN or None, everywhere in a
    run without validation. unit: what is counted, "epoch", or "round" of a boosted model. The best epoch, the first of
    lowest validation loss, is marked. Raises ValueError for columns of unequal length, or without a row.
    """
    columns = [floats(column) for column in (loss, accuracy, val_loss, val_accuracy)]
    lengths = [len(epochs), *map(len, columns)]
    if len(set(lengths)) > 1 or not lengths[0]:
        raise ValueError(f"given a history with columns of lengths {lengths}; expected equal ones, of at least 1")
    at = [float(epoch) for epoch in epochs]
    best = int(np.nanargmin(columns[2])) if np.isfinite(columns[2]).any() else None
    measured = [
        _Measure("loss", "loss (cross-entropy, nats)", 1, _nats, _pair(columns[0], columns[2], _nats)),
        _Measure("accuracy", "accuracy", -1, percent, _pair(columns[1], columns[3], percent)),
    ]

    def draw(narrow: bool) -> Canvas:
        canvas = Canvas(NARROW if narrow else WIDE, 556 if narrow else 282)
        for number, measure in enumerate(measured):
            left, top = (0, 280 * number) if narrow else ((WIDE - NARROW) * number, 0)
            box = Box(left + 50, top + 36, 252, 202)
            x, y = steps(at, unit), measures(measure.curves, measure.label, as_percent=measure.name == "accuracy")
            axes = draw_curves(canvas, box, at, measure.curves, x, y, measure.name, measure.say, raised=8)
            _shade_gap(axes, at, measure)
            if best is not None:
                mark_step(canvas, box, canvas.places(axes)[0](at[best]), f"best {unit}: {at[best]:.0f}")
                axes.plot(
                    at[best], measure.curves[1].values[best], "o", color=VALIDATION, markersize=8,
                    markeredgecolor=PAPER, markeredgewidth=1.5, gid=f"best-{measure.name}", zorder=4,
                )  # fmt: skip
        return canvas

    title = (
        f"Training loss ends at {_nats(columns[0][-1])}, after {unit} {at[-1]:.0f}" if best is None
        else f"Validation loss is lowest at {unit} {at[best]:.0f} ({_nats(columns[2][best])})"
    )  # fmt: skip
    said = [f"{measure.name}: {described(measure.curves, measure.say)}" for measure in measured]
    note = [] if best is None else [_gap(columns, best, unit), _SHADE]
    return Display(
        "learning-curves", title, ". ".join(said) + ".", draw,
        note=" ".join([*note, MEASURED[unit] if best is not None else _ALONE]), narrow=True,
    )  # fmt: skip


def learning_rate(epochs: Sequence[float], rates: Sequence[float | None]) -> Display:
    """The learning rate by epoch. rates: per step."""
    curves = [Curve("learning rate", floats(rates), SERIES[2])]
    return _over_epochs("learning-rate", "Learning rate", "", epochs, curves, "learning rate (per step)", names=False)


def weight_norms(epochs: Sequence[float], norms: Mapping[str, Sequence[float | None]]) -> Display:
    """The size of each layer's weights by epoch. norms: by the layer's name, Euclidean."""
    note = "by layer: the square root of the sum of all squared weights"
    label = "Euclidean norm of the weights"
    return _over_epochs("weight-norms", "Size of the weights", note, epochs, by_layer(norms), label)


def update_norms(epochs: Sequence[float], norms: Mapping[str, Sequence[float | None]]) -> Display:
    """By how much an epoch changed each layer's weights. norms: by the layer's name, Euclidean."""
    note = "by layer: how far an epoch moved the weights"
    return _over_epochs(
        "update-norms", "Size of the updates", note, epochs, by_layer(norms), "norm of an epoch’s change"
    )


def _over_epochs(
    name: str, title: str, note: str, epochs: Sequence[float], curves: Sequence[Curve], label: str, names: bool = True
) -> Display:
    at = [float(epoch) for epoch in epochs]

    def draw(_: bool) -> Canvas:
        canvas = Canvas(NARROW, 275)
        box = Box(52, 24, 240 if names else 316, 206)
        draw_curves(
            canvas, box, at, curves, steps(at, "epoch"), measures(curves, label, zero=True), name, _short, names
        )
        return canvas

    return Display(name, title, f"{label} by epoch: {described(curves, _short)}.", draw, note=note)


def _pair(training: np.ndarray, validation: np.ndarray, say: Callable[[float], str]) -> list[Curve]:
    named = (("training", training, TRAINING), ("validation", validation, VALIDATION))
    known = [(name, values, colour, values[np.isfinite(values)]) for name, values, colour in named]
    return [
        Curve(name, values, colour, say(float(finite[-1])) if len(finite) else "")
        for name, values, colour, finite in known
        if len(finite) or name == "training"
    ]


def _shade_gap(axes: "Axes", at: Sequence[float], measure: _Measure) -> None:
    """Fill between the curves, in the colour of the one that is worse."""
    if len(measure.curves) < 2:
        return
    training, validation = (curve.values for curve in measure.curves)
    gap = measure.sign * (validation - training)
    for where, curve in ((gap > 0, measure.curves[1]), (gap < 0, measure.curves[0])):
        if not where.any():
            continue
        gid = f"gap-{measure.name}-{curve.name}"
        if len(at) == 1:  # nothing to fill between: a bar as wide as a line
            axes.vlines(at, training, validation, color=curve.colour, alpha=0.2, linewidth=8, gid=gid)
        else:  # interpolate: the shading ends where the curves cross, not an epoch before
            axes.fill_between(
                at, training, validation, where=where.tolist(), interpolate=True, color=curve.colour, alpha=0.13,
                linewidth=0, gid=gid, zorder=0.8,
            )  # fmt: skip


def _gap(columns: Sequence[np.ndarray], best: int, unit: str) -> str:
    _, accuracy, _, val_accuracy = (float(column[best]) for column in columns)
    points = 100 * (val_accuracy - accuracy)
    where = f"{abs(points):.1f} points {'above' if points > 0 else 'below'} training"
    return f"At the best {unit} validation accuracy is {percent(val_accuracy)}, {where}."


def _nats(value: float) -> str:
    return f"{value:.3f}"


def _short(value: float) -> str:
    return f"{value:.4g}"
