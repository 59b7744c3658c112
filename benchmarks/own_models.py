"""Models of one's own with the lab and with plain Keras `fit`: the same optimizer, loss and epochs on the same rows.

    python -m benchmarks.own_models --json evidence/own-models.json
    python -m benchmarks.own_models --seeds 1 --rows 600 --epochs 1 --models lenet,course

Twelve models (`models_of_ones_own`), each on every trainer whose backend it runs on. The mean validation accuracy over
the seeds should be within 2 points of Keras'; the lab's own seeds decide the initial weights and the order, so single
runs differ.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean, variance
from typing import Any

from benchmarks.common import Evidence
from benchmarks.journal import Journal

FILE = Path(__file__).with_name("models_of_ones_own.py")

ENGINES = {"fused": "jax", "tape": "tensorflow", "fit": "jax"}

SETTINGS: dict[str, Any] = {"batch_size": 64, "learning_rate": 0.001, "schedule": "constant", "early_stopping": False}


def facts_of(model: str) -> tuple[str, bool, list[str]]:
    """As the model's docstring has them: its shape, whether it ends with softmax, the backends it runs on."""
    text = FILE.read_text().split(f"def {model}(")[1].split('"""')[1]
    shape, gives, backends = text.rpartition("[")[2].rstrip("].").split("; ")
    return shape, gives == "softmax", ["jax", "tensorflow"] if backends == "any" else [backends]


def with_keras(model: str, rows: int, epochs: int, backend: str, seed: int) -> float:
    """Validation accuracy of plain Keras, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.own_models", "--alone", model, str(seed), str(rows), str(epochs)]
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True)
    if answer.returncode:
        sys.exit(f"plain Keras on {backend} does not train {model!r}: {answer.stderr.splitlines()[-1]}")
    return float(answer.stdout.splitlines()[-1])


def train_alone(model: str, seed: int, rows: int, epochs: int) -> None:
    """What somebody without the lab would write; prints the validation accuracy."""
    import keras

    from benchmarks import models_of_ones_own
    from fashionlab import load
    from fashionlab.recipe.recipe import Recipe
    from fashionlab.training.partition import divide
    from fashionlab.training.runners.optimizers import make_optimizer

    recipe = Recipe.make("mlp", {**SETTINGS, "epochs": epochs, "limit": rows, "seed": seed})
    assert recipe.training is not None
    data = load().limited(rows)
    parts = divide(recipe, seed, False, data)
    shape, is_softmax, _ = facts_of(model)
    images = data.images.astype("float32").reshape(
        {"plain": (-1, 28, 28), "channel": (-1, 28, 28, 1), "flat": (-1, 784)}[shape]
    )
    keras.utils.set_random_seed(seed)
    network = getattr(models_of_ones_own, model)((28, 28), 10)
    network.compile(
        make_optimizer(recipe.training, -(-len(parts.train) // recipe.training.batch_size)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=not is_softmax),
        metrics=["accuracy"],
    )
    network.fit(images[parts.train], data.labels[parts.train], batch_size=64, epochs=epochs, verbose=0)
    print(network.evaluate(images[parts.stopping], data.labels[parts.stopping], verbose=0)[1])


def with_lab(model: str, rows: int, epochs: int, trainer: str, backend: str, runs: Path, seed: int) -> float:
    """Validation accuracy of the lab's run."""
    from fashionlab import ExecutionOptions, train

    run = train(
        f"{FILE}:{model}", trainer=trainer, backend=backend, seed=seed, limit=rows, epochs=epochs, test=False,
        runs=runs, execution=ExecutionOptions(report=False, on_event=lambda event: None), **SETTINGS,
    )  # fmt: skip
    assert run.metrics.validation is not None
    return run.metrics.validation.accuracy


def measure(
    models: list[str], seeds: int, rows: int, epochs: int, runs: Path, journal: Journal
) -> list[dict[str, Any]]:
    """A line for each model and trainer: the accuracy of each seed with Keras and with the lab, and in points the
    difference of their means and its standard error."""
    lines = []

    def each_seed(name: str, run: Callable[[int], float]) -> list[float]:
        for seed in range(seeds):
            if f"{name} {seed}" not in journal.found:
                journal.add(f"{name} {seed}", run(seed))
        return [journal.found[f"{name} {seed}"] for seed in range(seeds)]

    for model in models:
        backends = facts_of(model)[2]
        alone = {
            backend: each_seed(f"{model} keras {backend}", partial(with_keras, model, rows, epochs, backend))
            for backend in backends
        }
        for trainer in ENGINES:
            for backend in [b for b in backends if trainer == "fit" or ENGINES[trainer] == b]:
                lab = each_seed(
                    f"{model} {trainer} {backend}", partial(with_lab, model, rows, epochs, trainer, backend, runs)
                )
                error = ((variance(lab) + variance(alone[backend])) / seeds) ** 0.5 if seeds > 1 else None
                line = {
                    "model": model, "trainer": trainer, "backend": backend, "keras": alone[backend], "lab": lab,
                    "points": round(100 * (mean(lab) - mean(alone[backend])), 2),
                    "standard_error": error and round(100 * error, 2),
                }  # fmt: skip
                print(json.dumps(line), flush=True)
                lines.append(line)
    return lines


def main() -> None:
    """Measure, print a line each, write the evidence."""
    if sys.argv[1:2] == ["--alone"]:
        model, *numbers = sys.argv[2:]
        train_alone(model, *map(int, numbers))
        return
    names = FILE.read_text().split("MODELS = (")[1].split(")")[0].replace(",", " ").split()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in {"seeds": 3, "rows": 6000, "epochs": 6}.items():
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--models", default=",".join(names))
    parser.add_argument("--runs", type=Path, default=Path("runs/own-models"))
    parser.add_argument("--json", type=Path, help="where to write the evidence")
    given = parser.parse_args()
    evidence, journal = Evidence("own_models"), Journal(given.json)
    lines = measure(given.models.split(","), given.seeds, given.rows, given.epochs, given.runs, journal)
    settings = {**SETTINGS, "rows": given.rows, "epochs": given.epochs}
    evidence.write(given.json, given.seeds, {"settings": settings, "lines": lines})
    journal.close()


if __name__ == "__main__":
    main()
