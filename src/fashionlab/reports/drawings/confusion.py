"""Where a classifier errs: the confusion matrix as a picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fashionlab.reports.drawings import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RIGHT_SCALE = ("#dcebf6", "#8fc1e3", "#2f86c0", "#0b4f82")
"""Colours of the diagonal, for recalls from 0 to 1, evenly spaced."""

_WRONG_SCALE = ("#fdf6ee", "#fde0bf", "#f9b06a", "#e2711d", "#9c3f06")
"""Colours off the diagonal, evenly spaced over the square roots of the rates from 0 to `_WRONG_FULL`."""

_WRONG_FULL = 0.4
"""The share of a class, gone wrong in one direction, that gets the darkest colour. The root makes 1 % visible and 10 %
stand out; a scale of its own, because beside a diagonal of 0.9 no error would show."""

_KEY, _SWATCH = 1.75, 0.26
"""Inches: the width kept for the meaning of the colours, the height of one of its swatches."""

_LABELLED = 32
"""With more classes than this, counts and names would overlap: colour alone speaks, and axes count classes."""


def confusion_figure(
    confusion: Sequence[Sequence[int]] | np.ndarray, class_names: Sequence[str], title: str
) -> "Figure":
    """Draw a confusion matrix: counts as text, the share of the true class as colour.

    confusion: counts int [classes, classes], row = true class, column = predicted; class_names: in their order; title:
    its first line, under which the accuracy and the most frequent error are said. Right answers are blue, errors
    orange on a scale of their own; a cell of 0 is blank. Beside each row stands the class's recall. Raises ValueError
    for a matrix that is not square, of another size than the names, or with negative counts.
    """
    counts = np.asarray(confusion)
    k = len(class_names)
    if k == 0 or counts.shape != (k, k) or counts.min() < 0:
        raise ValueError(f"given a matrix {counts.shape} for {k} class names, expected counts of 0 or more, [{k}, {k}]")
    names = [style.label(name) for name in class_names]
    totals = counts.sum(axis=1, keepdims=True)
    rates = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    with style.styled():
        return _draw(counts, rates, names, title)


def finding(counts: np.ndarray, names: Sequence[str]) -> str:
    """The accuracy and the most frequent error of a matrix [classes, classes], in a sentence."""
    n, right = int(counts.sum()), int(np.trace(counts))
    if not n:
        return "no pictures"
    said = f"{right / n:.1%} of {n:,} right".replace("%", " %")
    errors = counts * ~np.eye(len(counts), dtype=bool)
    if not errors.any():
        return f"{said}, no errors"
    true, predicted = (int(place) for place in np.unravel_index(errors.argmax(), errors.shape))
    often = f"{errors[true, predicted]:,} of {counts[true].sum():,}"
    return f"{said}; most frequent error: {names[true]} taken for {names[predicted]} ({often})"


def _draw(counts: np.ndarray, rates: np.ndarray, names: Sequence[str], title: str) -> "Figure":
    k = len(names)
    labelled = k <= _LABELLED
    probe = style.new_figure(1, 1)
    text_size = style.TEXT_SIZE if k <= 12 else style.SMALL_SIZE
    longest = style.widest(probe, names, text_size) if labelled else 0.3
    # As wide as the largest count needs, as high as a line of text needs, and never a small picture.
    digits = style.widest(probe, [f"{counts.max():,}"], text_size) + 0.14
    cell = max(min(0.62, 6.2 / k), digits, 0.3) if labelled else 6.5 / k
    side = cell * max(k, 5) if labelled else 6.5
    cell = side / k
    turned = longest > cell - 0.1
    below = 0.75 + (0.72 * longest if turned else 0.1)
    left, top, right = 0.75 + longest, 1.15, _KEY + (0.85 if labelled else 0.3)
    said = finding(counts, names)
    width = max(left + side + right, 0.6 + style.widest(probe, [said]), 0.6 + 1.1 * style.widest(probe, [title], 14))
    figure = style.new_figure(width, top + side + below)
    style.write(figure, 0.3, 0.42, title, style.TITLE_SIZE, weight="bold")
    style.write(figure, 0.3, 0.7, said, color=style.MUTED)

    axes = style.axes_at(figure, left, below, side, side)
    axes.imshow(colours(rates), interpolation="none", aspect="auto")
    axes.tick_params(length=0, pad=6, labelsize=text_size, colors=style.INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    number = "" if labelled else " (number, from 0)"
    axes.set_ylabel(f"true class{number}", labelpad=10)
    axes.set_xlabel(f"predicted class{number}", labelpad=10)
    _draw_key(figure, left + side + right - _KEY, top)
    if labelled:
        lines = np.arange(k - 1) + 0.5
        axes.hlines(lines, -0.5, k - 0.5, color=style.PAPER, linewidth=2)
        axes.vlines(lines, -0.5, k - 0.5, color=style.PAPER, linewidth=2)
        axes.set_yticks(range(k), names, parse_math=False)
        slant = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if turned else {}
        axes.set_xticks(range(k), names, parse_math=False, **slant)
        _write_counts(axes, counts, rates, text_size)
        recalls = [f"{rates[i, i]:.0%}".replace("%", " %") if counts[i].any() else "–" for i in range(k)]
        for i, recall in enumerate(recalls):
            axes.text(k - 0.5 + 0.12 / cell, i, recall, fontsize=text_size, color=_RIGHT_SCALE[-1], va="center")
        axes.text(k - 0.5 + 0.12 / cell, -0.5 - 0.08 / cell, "recall", fontsize=style.SMALL_SIZE, color=style.MUTED)
    return figure


def _draw_key(figure: "Figure", left: float, top: float) -> None:
    """Say what the colours mean, in swatches from an upper left corner, in inches from the figure's."""
    up = float(figure.get_size_inches()[1])
    width = 1.3 * _SWATCH
    style.write(figure, left, top - 0.08, "share of true class", style.SMALL_SIZE, style.MUTED)
    for heading, scale, shares in (
        ("right", _right, (1.0, 0.9, 0.75, 0.5)),
        ("wrong", _wrong, (_WRONG_FULL, 0.2, 0.1, 0.05, 0.01)),
    ):
        height = _SWATCH * len(shares)
        style.write(figure, left, top + 0.2, heading, weight="bold")
        top += 0.3
        axes = style.axes_at(figure, left, up - top - height, width, height)
        axes.imshow(scale(np.array(shares))[:, None], interpolation="none", aspect="auto")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        for i, share in enumerate(shares):
            said = f"{100 * share:.0f} %" + (" and more" if share == _WRONG_FULL else "")
            style.write(figure, left + width + 0.1, top + _SWATCH * (i + 0.5), said, style.SMALL_SIZE, va="center")
        top += height + 0.2


def _write_counts(axes: "Axes", counts: np.ndarray, rates: np.ndarray, size: float) -> None:
    pixels = colours(rates)
    for i, j in np.argwhere(counts > 0):
        # Relative luminance (ITU-R BT.709, gamma 2.2). Where it is below 0.2, white has the greater contrast (WCAG 2).
        dark = float(pixels[i, j] ** 2.2 @ (0.2126, 0.7152, 0.0722)) < 0.2
        axes.text(
            j, i, f"{counts[i, j]:,}", ha="center", va="center", fontsize=size,
            color=style.PAPER if dark else style.INK, weight="bold" if i == j else "normal",
        )  # fmt: skip


def colours(rates: np.ndarray) -> np.ndarray:
    """Colours RGB [classes, classes, 3], 0 to 1, of the shares of the true class [classes, classes]."""
    pixels = _wrong(rates)
    pixels[rates == 0] = _rgb(style.QUIET)
    diagonal = np.arange(len(rates))
    pixels[diagonal, diagonal] = _right(np.diag(rates))
    return pixels


def _right(rates: np.ndarray) -> np.ndarray:
    return _scale(rates, _RIGHT_SCALE)


def _wrong(rates: np.ndarray) -> np.ndarray:
    return _scale(np.sqrt(np.minimum(rates / _WRONG_FULL, 1)), _WRONG_SCALE)


def _scale(values: np.ndarray, hexes: Sequence[str]) -> np.ndarray:
    stops = np.array([_rgb(h) for h in hexes])
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(values, at, stops[:, channel]) for channel in range(3)], axis=-1)


def _rgb(code: str) -> list[float]:
    return [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
