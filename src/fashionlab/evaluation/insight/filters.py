"""The weights of a network's first layer as images: what each of its units looks for."""

import keras
import numpy as np
from keras import layers

from fashionlab.evaluation.insight.activations import WEIGHTED
from fashionlab.evaluation.insight.document import Filters
from fashionlab.evaluation.section import Missing

SHOWN = 64

ORDERLY = (
    layers.InputLayer, layers.Rescaling, layers.Normalization, layers.BatchNormalization, layers.LayerNormalization,
    layers.Flatten, layers.Reshape, layers.Dropout, layers.GaussianNoise, layers.Activation, layers.Identity,
)  # fmt: skip
"""Layers that leave every pixel where it is, so that behind them a weight still belongs to its pixel."""


def first_filters(model: keras.Model, side: tuple[int, int]) -> tuple[Filters | Missing, np.ndarray | None]:
    """The section `filters` of an insight, and its weights float32 [shown, height, width] or None.

    A dense layer on the flattened pixels gives images of their size, one per unit; a convolution gives its kernels, one
    per channel, averaged over input channels. At most SHOWN, by falling Euclidean norm of all the unit's weights, the
    earlier of equals first.
    """
    ahead = True
    for layer in model.layers:
        if isinstance(layer, WEIGHTED):
            weights = _on_grid(layer, side) if ahead else None
            if weights is None:
                return Missing(f"the weights of the first layer ({layer.name}) do not lie on a grid of pixels"), None
            return _largest(layer, *weights)
        ahead = ahead and isinstance(layer, ORDERLY)
    return Missing("the network has no dense or convolutional layer"), None


def _on_grid(layer: layers.Layer, side: tuple[int, int]) -> tuple[np.ndarray, np.ndarray] | None:
    """Weights [units, height, width] and norms [units]."""
    if isinstance(layer, (layers.Dense, layers.Conv2D)):
        kernel = np.asarray(keras.ops.convert_to_numpy(layer.kernel), np.float32)
        norms = np.sqrt((kernel.reshape(-1, kernel.shape[-1]) ** 2).sum(axis=0))
        if isinstance(layer, layers.Conv2D):
            return kernel.mean(axis=2).transpose(2, 0, 1), norms
        if kernel.shape[0] == side[0] * side[1]:
            return kernel.T.reshape(-1, *side), norms
    return None


def _largest(layer: layers.Layer, weights: np.ndarray, norms: np.ndarray) -> tuple[Filters, np.ndarray]:
    units = np.argsort(-norms, kind="stable")[:SHOWN]
    section = Filters(
        layer=layer.name,
        kind="dense" if isinstance(layer, layers.Dense) else "convolution",
        total=len(norms),
        units=tuple(units.tolist()),
        norms=tuple(norms[units].tolist()),
    )
    return section, np.ascontiguousarray(weights[units])
