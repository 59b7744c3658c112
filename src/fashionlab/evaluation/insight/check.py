"""Whether an insight that was read fits the run that it is said to be of: its numbers, its rows, its arrays."""

from collections.abc import Mapping

import numpy as np

from fashionlab.evaluation.insight.document import (
    MAPPED,
    EmbeddingMap,
    Filters,
    Layers,
    NetworkInsight,
    Saliency,
)
from fashionlab.evaluation.section import Missing

Shape = tuple[int | None, ...]
"""None for any length."""


def fits(document: NetworkInsight, arrays: Mapping[str, np.ndarray], classes: int, rows: int, side: int) -> bool:
    """Whether all that the document names is there. classes, rows, side: of the run's validation set."""
    return (
        document.n == rows
        and all(each.true < classes and each.predicted < classes for each in document.chosen)
        and all(0 <= each.row < rows for each in document.chosen)
        and all(each.true >= 0 and each.predicted >= 0 for each in document.chosen)
        and _filters_fit(document.filters)
        and _map_fits(document.map, rows)
        and (isinstance(document.saliency, Missing) or document.saliency.images == len(document.chosen))
        and document.occlusion.images == min(len(document.chosen), MAPPED)
        and _arrays_fit(document, arrays, classes, side)
    )


def _filters_fit(filters: Filters | Missing) -> bool:
    if isinstance(filters, Missing):
        return True
    return len(filters.units) == len(filters.norms) and all(0 <= unit < filters.total for unit in filters.units)


def _map_fits(plane: EmbeddingMap | Missing, rows: int) -> bool:
    return isinstance(plane, Missing) or all(0 <= row < rows for row in plane.rows)


def _arrays_fit(document: NetworkInsight, arrays: Mapping[str, np.ndarray], classes: int, side: int) -> bool:
    for name, (kinds, shape) in _expected(document, classes, side).items():
        array = arrays.get(name)
        if array is None or array.dtype.kind not in kinds or array.ndim != len(shape):
            return False
        if any(want is not None and want != have for want, have in zip(shape, array.shape, strict=True)):
            return False
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return False
        if name in ("map/labels", "map/predicted") and array.size and not 0 <= array.min() <= array.max() < classes:
            return False
    return True


def _expected(document: NetworkInsight, classes: int, side: int) -> dict[str, tuple[str, Shape]]:
    """By name: the kinds of numbers and the shape, as `find.Insight` describes them."""
    chosen = len(document.chosen)
    found: dict[str, tuple[str, Shape]] = {
        "chosen/images": ("u", (chosen, side, side)),
        "chosen/probabilities": ("f", (chosen, classes)),
    }
    if isinstance(document.layers, Layers):
        for layer in document.layers.items:
            found[f"{layer.key}/chosen"] = ("f", (chosen, layer.units))
            found[f"{layer.key}/class_means"] = ("f", (classes, layer.units))
            found[f"{layer.key}/largest"] = ("f", (layer.units,))
            if layer.maps:
                found[f"{layer.key}/maps"] = ("f", (min(chosen, MAPPED), len(layer.maps), None, None))
    if isinstance(document.filters, Filters):
        found["filters/weights"] = ("f", (len(document.filters.units), None, None))
    if isinstance(document.map, EmbeddingMap):
        points = len(document.map.rows)
        found |= {"map/pca": ("f", (points, 2)), "map/labels": ("i", (points,)), "map/predicted": ("i", (points,))}
        found["map/images"] = ("u", (points, side, side))
        if not isinstance(document.map.neighbours, Missing):
            found["map/neighbours"] = ("f", (points, 2))
    if isinstance(document.saliency, Saliency):
        found["saliency/values"] = ("f", (chosen, side, side))
    found["occlusion/values"] = ("f", (document.occlusion.images, side, side))
    return found
