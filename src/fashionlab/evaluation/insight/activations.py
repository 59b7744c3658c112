"""What the layers of a Keras network put out: for chosen images, as class means, and which units are dead.

For every functional or sequential model, on any backend; nested models count as one layer that is not looked into.
Only worker processes import this module.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import layers

from fashionlab.evaluation.insight.document import MAPPED, MAPS, MOSTLY, SILENT, Units

BATCH = 256
"""Images per forward pass: small enough to hold the outputs of every convolution at once."""

LARGEST_MAP = 64 * 64
"""Places; a larger feature map is not kept."""

WEIGHTED = (
    layers.Dense, layers.EinsumDense, layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.Conv2DTranspose,
    layers.DepthwiseConv2D, layers.SeparableConv2D,
)  # fmt: skip

_SELU_BOUND = 1.0507009873554805 * 1.6732632423543772


def _silent(outputs: np.ndarray) -> np.ndarray:
    return np.abs(outputs) <= SILENT


FLAT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **dict.fromkeys(("relu", "gelu", "silu", "mish", "softplus", "exponential"), _silent),
    "relu6": lambda a: (a <= SILENT) | (a >= 6 - SILENT),
    **dict.fromkeys(("tanh", "softsign"), lambda a: np.abs(a) > 0.95),
    **dict.fromkeys(("sigmoid", "hard_sigmoid"), lambda a: np.abs(a - 0.5) > 0.45),
    "elu": lambda a: a < -0.95,
    "selu": lambda a: a < -0.95 * _SELU_BOUND,
}
"""Where an activation is flat, by name, as a function of the output."""


@dataclass(frozen=True)
class Tap:
    """A hidden layer to look at: `output` is the symbolic tensor behind its activation, `axis` that of its units."""

    name: str
    kind: str
    activation: str
    units: int
    axis: int
    output: keras.KerasTensor

    @property
    def averaged(self) -> bool:
        """Whether a unit has several outputs per image, one per place."""
        return len(self.output.shape) > 2


def find_taps(model: keras.Model) -> list[Tap]:
    """The dense and convolutional layers but the last, in order, each behind its activation.

    The activation may be a layer of its own further on (as behind batch normalization): then its output is taken. The
    last such layer makes the logits and is no hidden one. Raises ValueError with the reason for a model that is not
    a graph of layers.
    """
    if not any(isinstance(layer, WEIGHTED) for layer in model.layers) and any(w.trainable for w in model.weights):
        raise ValueError("the network is one layer of its own making, so the layers in it cannot be told apart")
    if not hasattr(model, "inputs"):
        raise ValueError("the model is not a graph of layers, so the outputs of its layers cannot be taken")
    taps: list[Tap] = []
    last = [layer.name for layer in model.layers if isinstance(layer, WEIGHTED)][-1:]
    for layer in model.layers:
        if isinstance(layer, WEIGHTED):
            output = _output_in(model, layer)
            axis = 1 if getattr(layer, "data_format", None) == "channels_first" else len(output.shape) - 1
            units = int(output.shape[axis])
            taps.append(Tap(layer.name, type(layer).__name__, activation_name(layer), units, axis, output))
        elif taps and taps[-1].activation == "linear" and (name := activation_name(layer)) != "linear":
            output, tap = _output_in(model, layer), taps[-1]
            if len(output.shape) > tap.axis and output.shape[tap.axis] == tap.units:
                taps[-1] = replace(tap, activation=name, output=output)
    return [tap for tap in taps if tap.name not in last]


def _output_in(model: keras.Model, layer: layers.Layer) -> keras.KerasTensor:
    """What the layer puts out where this model first uses it: its layers may stand in other graphs as well."""
    nodes = {id(node) for level in getattr(model, "_nodes_by_depth", {}).values() for node in level}
    own = (node.outputs[0] for node in layer._inbound_nodes if id(node) in nodes)
    return next(own, layer.output)


def activation_name(layer: layers.Layer) -> str:
    """The name of a layer's activation, "linear" if it has none."""
    if isinstance(layer, (layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU)):
        return {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu", "PReLU": "prelu"}[type(layer).__name__]
    activation = getattr(layer, "activation", None)
    return "linear" if activation is None else getattr(activation, "__name__", type(activation).__name__)


@dataclass(frozen=True)
class Outputs:
    """What one tap put out. Units are the last axis; outputs of several places are averaged but for the counts.

    chosen: float32 [c, units]; class_means: float32 [k, units]; kept: float32 [m, units]; largest: float32 [units],
    the largest absolute output anywhere; flat: float64 [units], share of outputs in the flat part, None without one;
    maps: float16 [m, channels, height, width], of a convolution: for the first of the chosen images the outputs of the
    channels `mapped`, those with the largest mean; empty otherwise.
    """

    chosen: np.ndarray
    class_means: np.ndarray
    kept: np.ndarray
    largest: np.ndarray
    flat: np.ndarray | None
    maps: np.ndarray
    mapped: tuple[int, ...]

    @property
    def dead(self) -> Units:
        """Units that are silent everywhere."""
        return _share(self.largest <= SILENT)

    @property
    def saturated(self) -> Units | None:
        """Units that are not dead but mostly flat; None for an activation without a flat part."""
        return None if self.flat is None else _share((self.flat >= MOSTLY) & (self.largest > SILENT))

    @property
    def flat_share(self) -> float | None:
        """Of all outputs."""
        return None if self.flat is None else float(self.flat.mean())


def _share(units: np.ndarray) -> Units:
    """How many of the units, bool [units]."""
    count = int(units.sum())
    return Units(count, count / len(units))


def measure(
    model: keras.Model,
    taps: Sequence[Tap],
    images: np.ndarray,
    labels: np.ndarray,
    classes: int,
    chosen: np.ndarray,
    kept: np.ndarray,
) -> list[Outputs]:
    """The outputs of every tap over all images, in one pass and without holding them all.

    images: uint8 [n, height, width]; labels: int [n], 0 to classes - 1; chosen, kept: rows of the images. `kept` is
    filled for the last tap only, and empty for the others.
    """
    if not taps:
        return []
    probe = keras.Model(model.inputs, [tap.output for tap in taps])
    sums = [_Sums(tap, classes, len(chosen), len(kept) if tap is taps[-1] else 0) for tap in taps]
    for start in range(0, len(images), BATCH):
        rows = np.arange(start, min(start + BATCH, len(images)))
        # A short last batch would be compiled for its own size; it is filled up with row 0 and cut off again.
        batch = np.zeros((BATCH, *images.shape[1:]), images.dtype)
        batch[: len(rows)] = images[rows]
        answer = probe.predict_on_batch(batch)
        for each, outputs in zip(sums, answer if isinstance(answer, (list, tuple)) else [answer], strict=True):
            each.add(np.asarray(outputs)[: len(rows)], rows, labels[rows], chosen, kept)
    return [each.result(np.bincount(labels, minlength=classes)) for each in sums]


class _Sums:
    """What `measure` adds up for one tap."""

    def __init__(self, tap: Tap, classes: int, chosen: int, kept: int) -> None:
        self._axis, self._is_flat = tap.axis, FLAT.get(tap.activation)
        self._chosen = np.zeros((chosen, tap.units), np.float32)
        self._kept = np.zeros((kept, tap.units), np.float32)
        self._by_class = np.zeros((classes, tap.units))
        self._largest = np.zeros(tap.units, np.float32)
        self._flat = np.zeros(tap.units)
        self._count = 0
        places = tuple(size for axis, size in enumerate(tap.output.shape) if axis not in (0, tap.axis))
        whole = len(places) == 2 and all(places) and places[0] * places[1] <= LARGEST_MAP
        self._maps = np.zeros((min(chosen, MAPPED), *places, tap.units) if whole else (0, 0, 0, 0), np.float16)

    def add(
        self, outputs: np.ndarray, rows: np.ndarray, labels: np.ndarray, chosen: np.ndarray, kept: np.ndarray
    ) -> None:
        outputs = np.moveaxis(outputs, self._axis, -1).astype(np.float32, copy=False)
        places = outputs.reshape(-1, outputs.shape[-1])
        np.maximum(self._largest, np.abs(places).max(axis=0), out=self._largest)
        if self._is_flat is not None:
            self._flat += self._is_flat(places).sum(axis=0)
        self._count += len(places)
        means = outputs.reshape(len(rows), -1, outputs.shape[-1]).mean(axis=1)
        # As a product: `np.add.at` would take forty times as long.
        self._by_class += np.eye(len(self._by_class))[labels].T @ means.astype(np.float64)
        for target, wanted in ((self._chosen, chosen), (self._kept, kept)):
            if len(target):
                here = np.flatnonzero((wanted >= rows[0]) & (wanted <= rows[-1]))
                target[here] = means[wanted[here] - rows[0]]
        if len(self._maps):
            wanted = chosen[: len(self._maps)]
            here = np.flatnonzero((wanted >= rows[0]) & (wanted <= rows[-1]))
            self._maps[here] = outputs[wanted[here] - rows[0]]

    def result(self, sizes: np.ndarray) -> Outputs:
        means = self._by_class / np.maximum(sizes, 1)[:, None]
        flat = None if self._is_flat is None else self._flat / max(self._count, 1)
        sizes_of = np.abs(self._maps.astype(np.float32)).mean(axis=(0, 1, 2)) if len(self._maps) else np.empty(0)
        mapped = np.argsort(-sizes_of, kind="stable")[:MAPS]
        maps = np.ascontiguousarray(self._maps[..., mapped].transpose(0, 3, 1, 2))
        return Outputs(
            self._chosen, means.astype(np.float32), self._kept, self._largest, flat, maps, tuple(mapped.tolist())
        )
