"""Whether a model fits into this machine's memory, asked before it takes it."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from fashionlab.errors import UsageError
from fashionlab.machine import available_memory, has_gpu
from fashionlab.options import spelled

if TYPE_CHECKING:
    import keras

COPIES = {"jax": 16, "tensorflow": 20}
"""How many times its weights a network takes while it is trained, its gradients, AdamW's averages, the best epoch's
weights and the checkpoint that is being written included: measured at 20 and 74 million weights, 17 to 18 and 21."""


def require_room(need: int, what: str, instead: str) -> None:
    """Raise UsageError if there are not so many bytes. what: takes them, and more besides; instead: what to do."""
    free = available_memory()
    if free is not None and need > free:
        raise UsageError(
            f"{what} take {need / 2**30:,.1f} GiB of memory or more, of which {free / 2**30:.1f} are free here: "
            f"{instead}"
        )


def require_memory(build: Callable[[], "keras.Model"], name: str, batch: int) -> None:
    """Raise UsageError, with the estimate, if the network that `build` makes cannot be trained at this batch size.

    `build` is called without a weight being made; where it will not be, nothing is refused, nor on a GPU, whose memory
    is another, nor where the system does not tell how much is free.
    """
    import keras

    free = available_memory()
    if free is None or has_gpu():
        return
    # In a thread of its own, because Keras keeps a thread's unmade weights, and would make them later on.
    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            weights, outputs = pool.submit(_sizes, build).result()
        except Exception:  # whatever a user's own model raises: it is then built in earnest, and what it raises is told
            return
    need = 4 * (weights * COPIES[keras.backend.backend()] + outputs * batch)
    if need > free:
        raise UsageError(
            f"{name} has {weights:,} weights, and training it with {batch:,} images at once takes about "
            f"{need / 2**30:,.1f} GiB of memory, of which {free / 2**30:.1f} are free here: choose a smaller network "
            f"or a smaller {spelled('batch_size')}"
        )


def _sizes(build: Callable[[], "keras.Model"]) -> tuple[int, int]:
    """Weights of a network, and numbers that all its layers together give for one image."""
    import keras

    with keras.StatelessScope(initialize_variables=False):
        model = build()
    # A subclass is one layer, and only says what it gives when it has been called.
    outputs = sum(math.prod(layer.output.shape[1:]) for layer in model.layers if getattr(layer, "_inbound_nodes", None))
    return sum(math.prod(weight.shape) for weight in model.weights), outputs
