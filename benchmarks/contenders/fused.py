"""Ours: the fused runner, driven in chunks as `fashionlab.training.loop` drives it, without validation."""

import os
import time

from benchmarks.contenders.turns import BATCH, CLASSES, LEARNING_RATE, RATES, WEIGHT_DECAY, WIDTHS, Data, Turns


def serve(data: Data, turns: Turns) -> None:
    """Train with the environment of a fashionlab worker."""
    from fashionlab.workers.parent import environment

    os.environ.update(environment("jax"))
    from fashionlab.models import find_architecture
    from fashionlab.training.fused import FusedRunner
    from fashionlab.training.loop import CHUNK_SECONDS
    from fashionlab.training.recipe import Fit

    options = {"widths": WIDTHS, "dropout": RATES, "activation": "gelu", "batch_norm": True}
    model = find_architecture("mlp").build((28, 28), CLASSES, options, seed=0)
    fit = Fit(
        epochs=turns.epochs,
        batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        schedule="constant",
        weight_decay=WEIGHT_DECAY,
    )
    runner = FusedRunner(model, fit, 0, data.images, data.labels, CLASSES)
    chunk = 1
    for epoch in range(1, turns.epochs + 1):
        turns.wait()
        runner.begin_epoch(epoch)
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
    turns.finish(runner.logits(data.validation_images).argmax(axis=1) == data.validation_labels)
