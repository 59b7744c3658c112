"""Single images of an insight beside the images that they are about: activations as strips, saliency as squares."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fashionlab.evaluation import Missing
from fashionlab.reports.figures.heat import around_zero
from fashionlab.reports.figures.run.activations import coloured, unit_order
from fashionlab.reports.run.sections.inside import InsideSection, PixelSection
from fashionlab.reports.sprite import data_uri, image_png

MOST_CHOSEN = 20
"""Images with their activations and saliency that a page shows."""


@dataclass(frozen=True)
class Strip:
    """A row of activations as a PNG's data address, and the largest of them."""

    uri: str
    largest: float


@dataclass(frozen=True)
class Strips:
    """activations: by layer, a strip for each chosen image; saliency: for each a square, as a PNG's data address."""

    activations: list[list[Strip]] = field(default_factory=list)
    saliency: list[str] = field(default_factory=list)


def draw_strips(inside: InsideSection | PixelSection | Missing, arrays: Mapping[str, np.ndarray]) -> Strips:
    """What the page shows beside its chosen images; empty where there is nothing. arrays: of the insight."""
    if not isinstance(inside, InsideSection):
        return Strips()
    layers = inside.network.layers
    return Strips(
        [] if isinstance(layers, Missing) else [_strips(layer.key, arrays) for layer in layers.items],
        [_uri(around_zero(values)) for values in arrays.get("saliency/values", ())[:MOST_CHOSEN]],
    )


def _strips(layer: str, arrays: Mapping[str, np.ndarray]) -> list[Strip]:
    """A layer's, units in the order of its map by class."""
    chosen = np.asarray(arrays[f"{layer}/chosen"], float)[:, unit_order(arrays[f"{layer}/class_means"])]
    image, *_ = coloured(chosen)
    return [
        Strip(_uri(row[None]), float(values.max())) for row, values in zip(image, chosen, strict=True)
    ][:MOST_CHOSEN]  # fmt: skip


def _uri(image: np.ndarray) -> str:
    return data_uri(image_png(image))
