"""Try it: whether the page carries the network, and which images one can begin with."""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from fashionlab.evaluation import Missing, Section
from fashionlab.portable import PORTABLE
from fashionlab.reports.run.sections.answer import NOTHING_PREDICTED
from fashionlab.reports.run.shown import PredictedSet, ShownImages
from fashionlab.store import Run
from fashionlab.training.softmax import softmax

MOST_WEIGHTS = 500_000
"""Of a network that a page carries: 1 MB in half precision."""

MOST_SIDE = 64
"""Pixels: a convolutional network of larger images takes a script seconds an image."""

PICKS, PICK_BYTES = 100, 102_400
"""Images to begin with, at most, and bytes of their pixels."""


class Pick(Struct, frozen=True):
    """An image to begin with. image: its number in the report; probabilities: by class, as the run computed them,
    calibrated where it can be."""

    image: int
    probabilities: tuple[float, ...]


class TryItSection(Section, frozen=True, kw_only=True):
    """What the page carries, beside arrays, to let its reader try the network.

    set: whose images can be picked, "validation", or "test" in a refit; picks: the first images of each class in it, by
    class; weights: numbers in the network; temperature: what logits are divided by, None where nothing is calibrated;
    nearest: training images that an image is compared with, 0 until they are found.
    """

    set: str
    picks: tuple[Pick, ...]
    weights: int
    temperature: float | None
    nearest: int = 0


def tryit(
    run: Run, sets: Mapping[str, PredictedSet], temperature: float | None, images: ShownImages
) -> TryItSection | Missing:
    """The section of a run, or why its page does not carry the network. sets: those that were predicted; temperature:
    that validation gave; images: gets those to begin with."""
    model, side, weights = run.spec.recipe.model.name, run.spec.data.side, run.environment.parameters or 0
    if run.spec.model_sha256 is not None or model not in PORTABLE:
        known = " and ".join(sorted(PORTABLE))
        return Missing(f"a page can carry networks of {known}; this model answers with fashionlab predict.")
    if weights > MOST_WEIGHTS:
        return Missing(
            f"the network has {weights:,} weights, and a page carries up to {MOST_WEIGHTS:,}; it answers with "
            "fashionlab predict."
        )
    if side > MOST_SIDE:
        return Missing(
            f"its images of {side} x {side} pixels are too much for a page, which takes up to {MOST_SIDE} x "
            f"{MOST_SIDE}; it answers with fashionlab predict."
        )
    predicted = sets.get("validation") or sets.get("test")
    if predicted is None:
        return Missing(NOTHING_PREDICTED)
    rows = _first_of_each_class(predicted.labels, min(PICKS, PICK_BYTES // side**2))
    shares = softmax(predicted.logits[rows] / (temperature or 1.0))
    picks = tuple(
        Pick(images.add(predicted, row), tuple(share.astype(float).round(6).tolist()))
        for row, share in zip(rows.tolist(), shares, strict=True)
    )
    return TryItSection(set=predicted.name, picks=picks, weights=weights, temperature=temperature)


def _first_of_each_class(labels: np.ndarray, most: int) -> np.ndarray:
    """Rows, as many of each class, `most` in all: the first of every class, then the second of every class, and so on;
    of more classes than `most` the first ones."""
    classes = np.unique(labels)[:most]
    places = [np.flatnonzero(labels == label)[: max(1, most // len(classes))] for label in classes]
    return np.array([rows[k] for k in range(max(map(len, places))) for rows in places if k < len(rows)])
