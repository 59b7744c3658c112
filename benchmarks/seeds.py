"""How accurate a model is at given settings, over seeds: mean, spread, and each seed's own figures.

    python -m benchmarks.seeds --json evidence/seeds.json                  five seeds of the defaults
    python -m benchmarks.seeds --seeds 3 --model mlp --dropout 0.2 --epochs 12     any model, any settings
    python -m benchmarks.seeds --model recipes/dense.toml --json evidence/recipe-dense.json

A seed decides the split, the initial weights, the order and the dropout. Every one of them counts: the result is
the mean, never the best. The test set is evaluated once a seed; the settings were chosen on validation.

Cost: what `fashionlab train` costs, for each seed (about 1 minute on 2 cores at the defaults).
"""

import argparse
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import Evidence, announce, print_table
from benchmarks.journal import Journal

COLUMNS = ("test_accuracy", "validation_accuracy", "test_loss", "epochs", "best_epoch", "training_seconds", "seconds")


def train(model: str, seed: int, settings: dict[str, Any], runs: Path) -> dict[str, Any]:
    """Train one seed and return its figures."""
    from fashionlab import lab
    from fashionlab.store import Run
    from fashionlab.workers.events import EpochDone, Event

    def tell(event: Event) -> None:
        if isinstance(event, EpochDone):
            row = event.row
            announce(f"seed {seed} epoch {row.epoch:>3}/{event.epochs}: val_accuracy {row.val_accuracy:.2%}")

    execution = lab.ExecutionOptions(report=False, on_event=tell)
    trained = lab.train(model, seed=seed, runs=runs, again=True, execution=execution, **settings)
    metrics = trained.metrics
    test, validation = metrics.test, metrics.validation
    assert test is not None
    assert validation is not None
    return {
        "seed": seed,
        "test_accuracy": test.accuracy,
        "validation_accuracy": validation.accuracy,
        "test_loss": test.loss,
        "epochs": metrics.epochs,
        "best_epoch": metrics.best_epoch,
        "training_seconds": metrics.seconds.training,
        "seconds": metrics.seconds.total,
        "parameters": Run(trained.path).environment.parameters,
        "test_recall": {figures.name: figures.recall for figures in test.per_class},
        "test_confusion": test.confusion,
    }


def summarise(rows: list[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """By column: mean, standard deviation (of one seed; n - 1), least and greatest."""
    summary: dict[str, dict[str, float | None]] = {}
    for column in COLUMNS:
        values = [row[column] for row in rows]
        summary[column] = {
            "mean": statistics.mean(values),
            "standard_deviation": statistics.stdev(values) if len(values) > 1 else None,
            "min": min(values),
            "max": max(values),
        }
    return summary


def parse_settings(words: list[str]) -> dict[str, Any]:
    """`--dropout 0.2 --epochs=12` -> {"dropout": "0.2", "epochs": "12"}. Raises ValueError."""
    settings: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.removeprefix("--").partition("=")
        following = value if equals else next(rest, None)
        if not word.startswith("--") or following is None or name in ("seed", "refit"):
            raise ValueError(f"given {word!r}, expected --FIELD VALUE of a recipe (the seeds are --seeds)")
        settings[name.replace("-", "_")] = following
    return settings


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--model", default="mlp", help="a model's name or a recipe file [mlp]")
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0 [5]")
    parser.add_argument("--runs", type=Path, help="keep the runs in this folder [a temporary one]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given, words = parser.parse_known_args()
    try:
        settings = parse_settings(words)
    except ValueError as error:
        parser.error(str(error))
    from fashionlab.errors import UsageError

    evidence, journal = Evidence("seeds"), Journal(given.json, given.seeds)
    with tempfile.TemporaryDirectory() as temporary:
        runs = given.runs or Path(temporary)
        try:
            rows = [
                journal.once(f"seed {seed}", partial(train, given.model, seed, settings, runs))
                for seed in range(given.seeds)
            ]
        except UsageError as error:
            parser.error(str(error))
    summary = summarise(rows)
    table = [["", *COLUMNS]]
    table += [[f"seed {row['seed']:.0f}", *(f"{row[column]:.4f}" for column in COLUMNS)] for row in rows]
    for figure in ("mean", "standard_deviation", "min", "max"):
        values = [summary[column][figure] for column in COLUMNS]
        table.append([figure.replace("_", " "), *("" if value is None else f"{value:.4f}" for value in values)])
    print_table(table)
    evidence.write(
        given.json, given.seeds, {"model": given.model, "settings": settings, "summary": summary, "seeds": rows}
    )
    journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
