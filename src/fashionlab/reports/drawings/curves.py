"""How a network learned: loss and accuracy by epoch, with the generalization gap between training and validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fashionlab.reports.drawings import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT, _WIDTH, _LABELS = 0.75, 4.1, 1.25
"""Inches across a panel: before its axes, the axes, and after them for the names and last values of the curves."""

_TOP, _HEIGHT, _BOTTOM = 1.2, 3.3, 1.15
"""Inches down the figure: titles and key, axes, axis label and caption."""

_INDENT = 0.5
"""Inches by which titles begin before the axes."""

_CAPTION = (
    "Training: average over the epoch as it ran, with dropout, augmentation and label smoothing where the recipe has "
    "them."
)
_CAPTION_VALIDATION = (
    "Validation: after the epoch, with all of these off. So training may look like the worse of the two."
)
_CAPTIONS_ROUND = (
    "Training: the training pictures, after the round.",
    "Validation: pictures that no tree was made for, after the round.",
)
_CAPTION_ALONE = "No pictures were held back for validation, so these curves cannot show over-fitting."


@dataclass(frozen=True)
class _Panel:
    """One measure over the epochs. sign: +1 if more of it is worse, -1 if more is better; best: a row, or None.

    pace: what a row is, "epoch" or "round".
    """

    name: str
    unit: str
    pace: str
    sign: int
    epoch: np.ndarray
    training: np.ndarray
    validation: np.ndarray
    best: int | None

    def gap(self) -> np.ndarray:
        """By how much validation is worse than training, at each epoch; negative where training is."""
        return self.sign * (self.validation - self.training)

    def value(self, value: float) -> str:
        return f"{value:.3f}" if self.unit == "nats" else f"{value:.1f} %"

    def titles(self) -> tuple[str, str]:
        """The finding, and a line below it."""
        if self.best is None:
            title = f"Training {self.name} ends at {self.value(self.training[-1])}"
            return title, f"after {self.pace} {self.epoch[-1]:.0f}, without validation"
        at = f"{self.pace} {self.epoch[self.best]:.0f}"
        value, gap = self.value(self.validation[self.best]), self.gap()[self.best]
        size = f"{abs(gap):.3f}" if self.unit == "nats" else f"{abs(gap):.1f} points"
        below = f"generalization gap there: {size} ({'validation' if gap >= 0 else 'training'} worse)"
        if self.name == "loss":
            return f"Validation loss is lowest at {at} ({value})", below
        return f"Validation accuracy at {at}: {value}", below


def learning_curves(history: Mapping[str, Sequence[float]], pace: str = "epoch") -> "Figure":
    """Draw both losses (left) and both accuracies (right) over the epochs.

    history: columns of equal length, a row an epoch, of which these are read: epoch (1, 2, …), loss and val_loss
    (nats), accuracy and val_accuracy (fractions). val_* may be NaN, everywhere in a run without validation. pace: what
    a row is, "epoch", or "round" of a boosted model.

    The gap between the curves is shaded: in validation's colour where validation is the worse one, as over-fitting
    makes it, in training's colour where training is, as dropout makes it. The best epoch, the first of lowest val_loss,
    is marked in both panels and named in the titles. Raises ValueError for a history without epochs or with columns of
    unequal length.
    """
    names = ("epoch", "loss", "val_loss", "accuracy", "val_accuracy")
    columns = {name: np.asarray(history[name], np.float64) for name in names}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1 or not lengths["epoch"]:
        raise ValueError(f"given a history with columns of lengths {lengths}; expected equal ones, of at least 1")
    val_loss = columns["val_loss"]
    best = int(np.nanargmin(val_loss)) if np.isfinite(val_loss).any() else None
    epoch = columns["epoch"]
    panels = (
        _Panel("loss", "nats", pace, 1, epoch, columns["loss"], val_loss, best),
        _Panel("accuracy", "%", pace, -1, epoch, 100 * columns["accuracy"], 100 * columns["val_accuracy"], best),
    )
    with style.styled():
        figure = style.new_figure(len(panels) * (_LEFT + _WIDTH + _LABELS), _TOP + _HEIGHT + _BOTTOM)
        for number, panel in enumerate(panels):
            left = number * (_LEFT + _WIDTH + _LABELS) + _LEFT
            axes = style.axes_at(figure, left, _BOTTOM, _WIDTH, _HEIGHT)
            _draw(axes, panel)
            title, below = panel.titles()
            style.write(figure, left - _INDENT, 0.42, title, style.TITLE_SIZE, weight="bold")
            style.write(figure, left - _INDENT, 0.7, below, color=style.MUTED)
        training, validation = _CAPTIONS_ROUND if pace == "round" else (_CAPTION, _CAPTION_VALIDATION)
        captions = (training, _CAPTION_ALONE if best is None else validation)
        for number, caption in enumerate(captions):
            down = _TOP + _HEIGHT + 0.78 + 0.2 * number
            style.write(figure, _LEFT - _INDENT, down, caption, style.SMALL_SIZE, style.MUTED)
    return figure


def _draw(axes: "Axes", panel: _Panel) -> None:
    from matplotlib.ticker import MaxNLocator

    epoch = panel.epoch
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="y", color=style.QUIET, linewidth=1.2)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=style.MUTED)
    axes.set_xlabel(panel.pace)
    axes.set_ylabel(f"{panel.name} ({panel.unit})")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
    margin = max(0.03 * (epoch[-1] - epoch[0]), 0.1)
    axes.set_xlim(epoch[0] - margin, epoch[-1] + margin)

    curves = {"training": (panel.training, style.TRAINING)}
    if panel.best is not None:
        curves["validation"] = (panel.validation, style.VALIDATION)
        _shade_gap(axes, panel)
        axes.axvline(
            epoch[panel.best], color=style.MUTED, linewidth=1.1, linestyle=(0, (4, 3)), label=f"best {panel.pace}"
        )
    for name, (values, color) in curves.items():
        axes.plot(epoch, values, color=color, linewidth=2.3, marker="o" if len(epoch) == 1 else "", gid=name)
    if panel.best is not None:
        axes.plot(
            epoch[panel.best], panel.validation[panel.best], "o", gid="best", color=style.VALIDATION,
            markersize=8, markeredgecolor=style.PAPER, markeredgewidth=1.5, zorder=4,
        )  # fmt: skip
        axes.legend(  # above the axes: no corner within them is empty in every run
            loc="lower left", bbox_to_anchor=(-_INDENT / _WIDTH, 1.0), ncols=3, borderaxespad=0.5, borderpad=0,
            columnspacing=1.3, handlelength=1.6, fontsize=style.SMALL_SIZE, frameon=False, labelcolor=style.MUTED,
        )  # fmt: skip
    _name_curves(axes, panel, curves)


def _shade_gap(axes: "Axes", panel: _Panel) -> None:
    """Fill between the curves, in the colour of the one that is worse."""
    gap = panel.gap()
    for where, color, who in (
        (gap > 0, style.VALIDATION, "validation"),
        (gap < 0, style.TRAINING, "training"),
    ):
        if not where.any():
            continue
        label = f"gap: {who} worse"
        if len(gap) == 1:  # nothing to fill between: a bar as wide as a line
            axes.vlines(panel.epoch, panel.training, panel.validation, color=color, alpha=0.2, linewidth=8, label=label)
        else:  # interpolate: the shading ends where the curves cross, not an epoch before
            axes.fill_between(
                panel.epoch, panel.training, panel.validation, where=where.tolist(), interpolate=True, color=color,
                alpha=0.16, linewidth=0, label=label,
            )  # fmt: skip


def _name_curves(axes: "Axes", panel: _Panel, curves: Mapping[str, tuple[np.ndarray, str]]) -> None:
    """Write each curve's name and last value beside its end, moved apart where the ends are close."""
    low, high = axes.get_ylim()
    ends = []
    for name, (values, color) in curves.items():
        last = values[np.isfinite(values)][-1]
        ends.append([(last - low) / (high - low), f"{name}\n{panel.value(last)}", color])
    ends.sort(key=lambda end: end[0])
    apart = 0.38 / _HEIGHT  # two lines of text
    if len(ends) == 2 and ends[1][0] - ends[0][0] < apart:
        middle = (ends[0][0] + ends[1][0]) / 2
        ends[0][0], ends[1][0] = middle - apart / 2, middle + apart / 2
    for height, text, color in ends:
        axes.text(
            1.025, height, text, color=color, fontsize=style.TEXT_SIZE, weight="bold", va="center",
            linespacing=1.25, transform=axes.transAxes,
        )  # fmt: skip
