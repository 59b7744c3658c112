"""The operations of a run's network, and its arrays by name, from `weights.safetensors`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec import Struct

from fashionlab.errors import RunCorrupt
from fashionlab.models.registry import registered
from fashionlab.store import Run
from fashionlab.store.format import REMEDY


class Operation(Struct, frozen=True):
    """One operation. kind: "flatten", "channel", "dense", "convolution", "max_pooling", "average", "batch_norm",
    "layer_norm", "activation"; arrays: names of what it needs, in order; function: of an activation."""

    kind: str
    arrays: tuple[str, ...] = ()
    function: str = ""


@dataclass(frozen=True, eq=False)
class Network:
    """uint8 images [n, side, side], divided by 255, go through the operations in their order; the last gives the logits
    [n, classes], and what goes into it is the last hidden layer. arrays: float32, by name."""

    operations: tuple[Operation, ...]
    arrays: Mapping[str, np.ndarray]


def open_portable(run: Run) -> Network | None:
    """The run's network; None for a model that is not one of `PORTABLE`.

    Raises RunCorrupt if its arrays are not those of its model.
    """
    recipe = run.spec.recipe
    if run.spec.model_sha256 is not None or recipe.model.name not in PORTABLE:
        return None
    options = registered(recipe.model.name).fill(recipe.model.options)
    operations = PORTABLE[recipe.model.name](options)
    # "003/hidden_1/kernel": the number keeps Keras' order, which the names make up for here.
    arrays = {name.partition("/")[2]: array for name, array in run.weights.items()}
    wanted = [name for operation in operations for name in operation.arrays]
    if sorted(wanted) != sorted(arrays) or len(arrays) != len(run.weights):
        raise RunCorrupt(f"run {run.name}: weights.safetensors does not fit the model {recipe.model.name!r}; {REMEDY}")
    network = Network(tuple(operations), arrays)
    _require_shapes(network, run)
    return network


def _require_shapes(network: Network, run: Run) -> None:
    """Raise RunCorrupt unless an image goes through all operations and comes out as logits."""
    from fashionlab.portable.forward import forward

    side, classes = run.spec.data.side, len(run.spec.data.class_names)
    try:
        if any(array.dtype != np.float32 for array in network.arrays.values()):
            raise ValueError("its arrays are not float32")
        logits = forward(network, np.zeros((1, side, side), np.uint8)).logits
        if logits.shape != (1, classes):
            raise ValueError(f"it gives {logits.shape[1:]} numbers for {classes} classes")
    except (ValueError, IndexError, TypeError) as error:
        raise RunCorrupt(
            f"run {run.name}: weights.safetensors does not fit the model {run.spec.recipe.model.name!r} ({error}); "
            f"{REMEDY}"
        ) from None


def _mlp(options: Mapping[str, Any]) -> list[Operation]:
    operations = [Operation("flatten")]
    widths, norm = options["widths"], options["norm"]
    for number in range(1, len(widths) + 1):
        operations += [_dense(f"hidden_{number}"), Operation("activation", function=options["activation"])]
        if norm != "none" and number < len(widths):
            operations.append(_norm(norm, f"norm_{number}"))
    return [*operations, _dense("logits")]


def _cnn(options: Mapping[str, Any]) -> list[Operation]:
    operations = [Operation("channel")]
    filters, depth, batch_norm = options["filters"], options["depth"], options["batch_norm"]
    for stage, count in enumerate(depth * len(filters) if len(depth) == 1 else depth, start=1):
        for number in range(1, count + 1):
            name = f"{stage}_{number}"
            arrays = (f"conv_{name}/kernel", *(() if batch_norm else (f"conv_{name}/bias",)))
            operations.append(Operation("convolution", arrays))
            if number == count:
                operations.append(Operation("max_pooling"))
            if batch_norm:
                operations.append(_norm("batch", f"norm_{name}"))
            operations.append(Operation("activation", function=options["activation"]))
    return [*operations, Operation("average"), _dense("logits")]


def _dense(name: str) -> Operation:
    return Operation("dense", (f"{name}/kernel", f"{name}/bias"))


def _norm(kind: str, name: str) -> Operation:
    moving = ("moving_mean", "moving_variance") if kind == "batch" else ()
    return Operation(f"{kind}_norm", tuple(f"{name}/{each}" for each in ("gamma", "beta", *moving)))


PORTABLE: dict[str, Callable[[Mapping[str, Any]], list[Operation]]] = {"mlp": _mlp, "cnn": _cnn}
"""Name in the registry -> the operations of such a network with all its options; those of `models.networks`."""
