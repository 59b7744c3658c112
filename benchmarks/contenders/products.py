"""The limit of the machine: the matrix products of an epoch and nothing else, by the fastest of three libraries.

Forward and backward through the four kernels as if the network were linear: three products a layer (output,
gradient of the kernel, gradient of the input) but for the first layer's input, which needs no gradient. Everything
else that training does (activations, normalization, dropout, loss, AdamW, gathering rows) is left out.
"""

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.contenders.turns import BATCHES, CLASSES, WIDTHS, Data, Turns

BATCH = BATCHES["mlp"]

SHAPES = tuple(zip((28 * 28, *WIDTHS), (*WIDTHS, CLASSES), strict=False))
TRIALS = 3
"""Epochs that each library runs before the fastest is chosen."""


def serve(data: Data, turns: Turns, *, network: str) -> None:
    """Choose the fastest library in the first turn, then run its products."""
    images = data.images.reshape(len(data.images), -1).astype(np.float32) / 255
    random = np.random.default_rng(0)
    kernels = [random.normal(0, shape[0] ** -0.5, shape).astype(np.float32) for shape in SHAPES]
    makers: dict[str, Callable[[np.ndarray, list[np.ndarray]], Callable[[], object]]]
    makers = {"jax": with_jax, "numpy": with_numpy}
    if find_spec("torch"):
        makers["torch"] = with_torch
    seconds: dict[str, float] = {}
    fastest: Callable[[], object] | None = None
    for _ in range(turns.epochs):
        turns.wait()
        if fastest is None:
            runs = {name: make(images, kernels) for name, make in makers.items()}
            seconds = {name: measure(run) for name, run in runs.items()}
            fastest = runs[min(seconds, key=lambda name: seconds[name])]
        fastest()
        turns.report(None, None)
    flops = (
        2
        * len(images)
        * sum((2 if number == 0 else 3) * inputs * outputs for number, (inputs, outputs) in enumerate(SHAPES))
    )
    turns.finish(None, library=min(seconds, key=lambda name: seconds[name]), trials=seconds, flops=flops)


def measure(run: Callable[[], object]) -> float:
    """Seconds of the fastest of a few epochs, after one that compiles."""
    run()
    times = []
    for _ in range(TRIALS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def with_jax(images: np.ndarray, kernels: list[np.ndarray]) -> Callable[[], object]:
    """A compiled loop over the steps. The gradients are its state, so that no product can be left out."""
    import jax

    x, weights = jax.device_put(images), [jax.device_put(kernel) for kernel in kernels]

    def epoch(x: Any, weights: list[Any]) -> list[Any]:
        def step(number: Any, gradients: list[Any]) -> list[Any]:
            outputs = [jax.lax.dynamic_slice_in_dim(x, number * BATCH, BATCH)]
            for weight in weights:
                outputs.append(outputs[-1] @ weight)
            delta, gradients = outputs.pop(), []
            for weight in reversed(weights):
                gradients.append(outputs.pop().T @ delta)
                if outputs:
                    delta = delta @ weight.T
            return gradients[::-1]

        return jax.lax.fori_loop(0, len(images) // BATCH, step, [weight * 0 for weight in weights])

    compiled = jax.jit(epoch)
    return lambda: jax.block_until_ready(compiled(x, weights))


def with_numpy(images: np.ndarray, kernels: list[np.ndarray]) -> Callable[[], object]:
    """NumPy's BLAS, into memory that is there already."""
    return lambda: products(images, kernels, np.matmul, np.empty)


def with_torch(images: np.ndarray, kernels: list[np.ndarray]) -> Callable[[], object]:
    """PyTorch's, likewise."""
    import torch

    x, weights = torch.from_numpy(images), [torch.from_numpy(kernel) for kernel in kernels]

    def run() -> None:
        with torch.inference_mode():
            products(x, weights, torch.mm, torch.empty)

    return run


def products(images: Any, kernels: list[Any], multiply: Callable[..., Any], empty: Callable[..., Any]) -> None:
    """The products of an epoch by a `multiply(a, b, out=c)`."""
    outputs = [empty((BATCH, kernel.shape[1]), dtype=kernel.dtype) for kernel in kernels]
    deltas = [empty((BATCH, kernel.shape[0]), dtype=kernel.dtype) for kernel in kernels]
    gradients = [kernel * 0 for kernel in kernels]
    for start in range(0, len(images) - BATCH + 1, BATCH):
        inputs = [images[start : start + BATCH], *outputs[:-1]]
        for layer, kernel in enumerate(kernels):
            multiply(inputs[layer], kernel, out=outputs[layer])
        delta = outputs[-1]
        for layer in reversed(range(len(kernels))):
            multiply(inputs[layer].T, delta, out=gradients[layer])
            if layer:
                delta = multiply(delta, kernels[layer].T, out=deltas[layer])
