"""The insight's arrays as small pictures: activations as strips, weights and saliency as squares."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fashionlab.reports.sprite import BLUE_TO_RED, DARK_TO_LIGHT, heat

WIDEST = 640
"""Columns of a strip; of a wider layer, neighbouring units share a column."""

MOST_CHOSEN, MOST_CLASSES, MOST_FILTERS = 20, 40, 64
"""Pictures with their activations and saliency, classes with their means, and filters that a page shows."""


def draw_inside(inside: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Data addresses of PNGs, for the page: layers (their strips), filters and saliency; empty where there are none.

    Of a classic model: pixels, a picture for each of the section's names.
    """
    if "pixels" in inside:
        signed = inside["pixels"]["kind"] == "weights"
        return {
            "pixels": [_signed(p) if signed else heat(p, 0, float(p.max()), DARK_TO_LIGHT) for p in arrays["pixels"]]
        }
    drawn: dict[str, Any] = {"layers": [], "filters": [], "saliency": []}
    if inside["layers"]["reason"] is None:
        drawn["layers"] = [_layer(layer, arrays) for layer in inside["layers"]["items"]]
    if inside["filters"]["reason"] is None:
        drawn["filters"] = [_signed(w) for w in arrays["filters/weights"][:MOST_FILTERS]]
    if inside["saliency"]["reason"] is None:
        drawn["saliency"] = [_signed(v) for v in arrays["saliency/values"][:MOST_CHOSEN]]
    return drawn


def _layer(layer: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Strips of a layer, units sorted by the class that they answer to most, so that what belongs together is seen."""
    means, chosen = (np.asarray(arrays[f"{layer['key']}/{what}"], float) for what in ("class_means", "chosen"))
    strongest = means.argmax(axis=0)
    order = np.lexsort((-means.max(axis=0), strongest))
    means, chosen = (_narrow(values[:, order]) for values in (means, chosen))
    signed = bool(chosen.min() < -0.25 * max(chosen.max(), 1e-12))
    scale = BLUE_TO_RED if signed else DARK_TO_LIGHT

    def strips(values: np.ndarray, most: int) -> tuple[list[dict[str, Any]], float]:
        top = float(np.quantile(np.abs(values), 0.995)) or 1.0
        low = -top if signed else 0.0
        rows = [{"uri": heat(row[None], low, top, scale), "largest": float(row.max())} for row in values[:most]]
        return rows, top

    class_rows, class_top = strips(means, MOST_CLASSES)
    chosen_rows, chosen_top = strips(chosen, MOST_CHOSEN)
    ramp = np.linspace(0, 1, 64)[None]
    return {
        "means": class_rows, "means_top": class_top, "chosen": chosen_rows, "chosen_top": chosen_top,
        "signed": signed, "scale": heat(ramp, 0, 1, scale),
    }  # fmt: skip


def _narrow(values: np.ndarray) -> np.ndarray:
    """At most `WIDEST` columns, each the mean of its neighbours."""
    if values.shape[1] <= WIDEST:
        return values
    return np.stack([block.mean(axis=1) for block in np.array_split(values, WIDEST, axis=1)], axis=1)


def _signed(values: np.ndarray) -> str:
    """A square of values with a sign, white at 0, full colour at its own largest ones."""
    top = float(np.quantile(np.abs(values), 0.995)) or float(np.abs(values).max()) or 1.0
    return heat(values, -top, top, BLUE_TO_RED)
