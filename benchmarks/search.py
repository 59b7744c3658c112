"""How the defaults of `mlp` were chosen: candidate settings, several seeds each, on validation alone.

    python -m benchmarks.search --json evidence/search.json

Every candidate keeps the reference network's layers and the original's limit of 30 epochs. The test part stays closed
(`test=False`): these runs hold no test predictions. The list is what was tried, the losers too.

How to read it: sorted by mean validation accuracy at the kept epoch. Differences below two standard errors say nothing
by themselves; among such equals the default is the one that trains in less time.

Cost: about 12 minutes on 2 cores.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import Evidence, announce, print_table

Settings = dict[str, Any]

ORIGINAL: Settings = {
    "batch_size": 64, "learning_rate": 1e-3, "schedule": "constant", "weight_decay": 0.004, "dropout": "0.3,0.3,0.2",
}  # fmt: skip
"""What the notebook did; its weight decay is Keras' default, rates and patience are ours."""

CANDIDATES: list[Settings] = [
    ORIGINAL,
    {**ORIGINAL, "schedule": "cosine"},
    {**ORIGINAL, "schedule": "cosine", "batch_size": 128},
    {},
    {"weight_decay": 0.01},
    {"weight_decay": 0.3},
    {"learning_rate": 0.001},
    {"learning_rate": 0.004},
    {"dropout": 0.2},
    {"dropout": 0.4},
    {"label_smoothing": 0.1},
    {"flip": 0.5, "dropout": 0.2},
    {"cutout": 8},
    {"mixup": 0.2, "dropout": 0.2},
    {"epochs": 20},
]
"""Changes to the defaults; {} are the defaults themselves."""


def try_out(settings: Settings, seed: int, runs: Path) -> dict[str, float]:
    """Train one candidate under one seed; its validation figures at the kept epoch."""
    import fashionlab

    model = fashionlab.train(
        "mlp", seed=seed, runs=runs, test=False, on_event=lambda event: None, report=False, **settings
    )
    part, seconds = model.metrics["validation"], model.metrics["seconds"]["training"]
    return {"seed": seed, "accuracy": part["accuracy"], "loss": part["loss"], "seconds": seconds}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="seeds a candidate, from 0 [3]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given = parser.parse_args()
    evidence = Evidence("search")
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, settings in enumerate(CANDIDATES, start=1):
            runs = [try_out(settings, seed, Path(folder)) for seed in range(given.seeds)]
            figures = {key: statistics.mean(run[key] for run in runs) for key in ("accuracy", "loss", "seconds")}
            spread = statistics.stdev(run["accuracy"] for run in runs) if given.seeds > 1 else None
            results.append({"settings": settings, **figures, "accuracy_deviation": spread, "runs": runs})
            announce(f"{number}/{len(CANDIDATES)}: {figures['accuracy']:.2%} {settings or 'the defaults'}")
    results.sort(key=lambda result: -result["accuracy"])
    rows = [["settings", "accuracy", "deviation", "loss", "seconds"]]
    for result in results:
        words = " ".join(f"{key}={value}" for key, value in result["settings"].items()) or "(defaults)"
        deviation = result["accuracy_deviation"]
        rows.append(
            [
                words,
                f"{result['accuracy']:.4f}",
                "" if deviation is None else f"{deviation:.4f}",
                f"{result['loss']:.4f}",
                f"{result['seconds']:.1f}",
            ]
        )
    print_table(rows)
    evidence.write(given.json, given.seeds, {"candidates": results})
    return 0


if __name__ == "__main__":
    sys.exit(main())
