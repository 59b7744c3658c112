"""Ours: a runner, driven in chunks as `fashionlab.training.loop` drives it, without validation."""

import importlib
import os
import time
from typing import TYPE_CHECKING, Any

from benchmarks.contenders.turns import (
    BATCHES,
    CLASSES,
    CONVOLUTION_RATE,
    CONVOLUTIONS,
    LEARNING_RATE,
    RATES,
    WEIGHT_DECAY,
    WIDTHS,
    Data,
    Turns,
)

if TYPE_CHECKING:
    from fashionlab.recipe.config import Precision


def serve(
    data: Data,
    turns: Turns,
    *,
    network: str,
    trainer: str = "auto",
    precision: "Precision" = "float32",
    average: float = 0.0,
) -> None:
    """Train with the environment of a fashionlab worker. trainer, precision, average: as of `fashionlab train`."""
    from fashionlab.models import CONVOLUTIONAL, NETWORK, find_architecture
    from fashionlab.recipe.config import TrainingConfig
    from fashionlab.training.engines import choose_engine
    from fashionlab.training.loop import CHUNK_SECONDS
    from fashionlab.training.runners.runner import Runner
    from fashionlab.workers.parent import environment

    engine, _ = choose_engine(trainer, "auto", kind=NETWORK, convolutional=network in CONVOLUTIONAL)
    os.environ.update(environment(engine.backend))
    options: dict[str, Any] = {"widths": WIDTHS, "dropout": RATES, "activation": "gelu", "norm": "batch"}
    if network == "cnn":
        depth = tuple(len(stage) for stage in CONVOLUTIONS)
        options = {"filters": [stage[0] for stage in CONVOLUTIONS], "depth": depth, "dropout": CONVOLUTION_RATE}
    model = find_architecture(network).build((28, 28), CLASSES, options, seed=0)
    fit = TrainingConfig(
        epochs=turns.epochs,
        batch_size=BATCHES[network],
        learning_rate=LEARNING_RATE,
        schedule="constant",
        weight_decay=WEIGHT_DECAY,
        precision=precision,
        average=average,
    )
    module, _, name = engine.runner.partition(":")
    runner: Runner = getattr(importlib.import_module(module), name)(model, fit, 0, data.images, data.labels, CLASSES)
    chunk = 1
    for epoch in range(1, turns.epochs + 1):
        turns.wait()
        runner.prepare_epoch(epoch)
        runner.state.start_epoch(epoch)
        done = 0
        while done < runner.steps:
            last = min(runner.steps, done + chunk)
            start = time.monotonic()
            sums = runner.run(done, last)
            rate = (last - done) / max(time.monotonic() - start, 1e-9)
            # The first chunk of all compiles and says nothing about the speed.
            chunk = 32 if chunk == 1 else max(2, round(rate * CHUNK_SECONDS))
            done = last
        turns.report(sums.loss / sums.rows, sums.correct / sums.rows)
    turns.finish(runner.logits(data.validation_images).argmax(axis=1) == data.validation_labels, trainer=engine.trainer)
