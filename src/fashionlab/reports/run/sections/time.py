"""Learning over time: what a network was like after some of its epochs."""

import numpy as np
from msgspec import Struct

from fashionlab.evaluation import Missing, Section
from fashionlab.reports.figures.heat import BLUE_TO_RED, colours
from fashionlab.store import Run

_COLUMNS = 6
"""Images of units in a row of a frame, where that fills its rows."""

_STEPS = 15
"""Colours to either side of white."""

_SHARP = 9
"""Pixels a side, at least, of a unit's image in a frame: smaller ones are enlarged, so that the gaps are thin."""


class TimeSection(Section, frozen=True, kw_only=True):
    """epochs: after which there is a snapshot, ascending; confusion: for each, counts [classes][classes] on validation,
    row = true class, none where there are too many classes or no validation set; units: of the first layer whose
    weights are shown, 0 for none; side: pixels of a unit's image."""

    epochs: tuple[int, ...]
    confusion: tuple[tuple[tuple[int, ...], ...], ...]
    units: int
    side: int


class Frames(Struct, frozen=True):
    """The first layer's weights at every snapshot. image: uint8 [height, width, 3], the frames below each other, in the
    order of time, in few colours; width, height: of one frame, pixels."""

    image: np.ndarray
    width: int
    height: int


def over_time(run: Run) -> TimeSection | Missing:
    """What a run kept of the way; Missing, with a sentence, where it kept nothing."""
    found = run.snapshots
    if found is None or not found.epochs:
        return Missing("this run kept no snapshots")
    return TimeSection(
        epochs=tuple(found.epochs),
        confusion=tuple(tuple(map(tuple, each.tolist())) for each in found.confusion),
        units=len(found.weights[0]) if found.weights else 0,
        side=found.weights[0].shape[-1] if found.weights else 0,
    )


def frames_of(run: Run) -> Frames | None:
    """The first layer's weights over time as one image; None where none were kept. A unit has one scale for all time,
    so that it is seen to grow: white at 0, red above it, blue below."""
    found = run.snapshots
    if found is None or not found.weights:
        return None
    weights = np.stack(found.weights).astype(np.float32)
    top = np.abs(weights).max(axis=(0, 2, 3), keepdims=True)
    # In few steps: what looks like noise would fill the page otherwise.
    shown = colours(np.round(weights / np.where(top > 0, top, 1) * _STEPS) / _STEPS, -1, 1, BLUE_TO_RED)
    grow = -(-_SHARP // shown.shape[2])
    shown = shown.repeat(grow, axis=2).repeat(grow, axis=3)
    n, units, tall, wide, _ = shown.shape
    columns = min(units, next((each for each in (_COLUMNS, 8, 5, 7) if units % each == 0), _COLUMNS))
    rows = -(-units // columns)
    frames = np.full((n, rows, tall + 1, columns, wide + 1, 3), 128, np.uint8)
    for unit in range(units):
        row, column = divmod(unit, columns)
        frames[:, row, :tall, column, :wide] = shown[:, unit]
    height, width = rows * (tall + 1), columns * (wide + 1)
    return Frames(frames.reshape(n * height, width, 3), width, height)
