"""How the defaults of `mlp` were chosen: candidate settings, several seeds each, on validation alone.

    python -m benchmarks.search --json evidence/search.json
    python -m benchmarks.search --round 2 --seeds 5 --json evidence/search-2.json
    python -m benchmarks.search --round 3 --seeds 5 --json evidence/search-3.json

Every candidate keeps the reference network's layers and the original's limit of 30 epochs. The test set is not used
(`test=False`): these runs hold no test predictions. The list is what was tried, the losers too.

How to read it: sorted by mean validation accuracy at the kept epoch. Differences below two standard errors say nothing
by themselves; how the choice was made among such near equals is in docs/decisions/0006.

Cost: about 20, 10 and 3 minutes on 2 cores.
"""

import argparse
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import Evidence, announce, print_table
from benchmarks.journal import Journal

Settings = dict[str, Any]

ORIGINAL: Settings = {
    "batch_size": 64, "learning_rate": 1e-3, "schedule": "constant", "weight_decay": 0.004, "dropout": "0.3,0.3,0.2",
    "patience": 5,
}  # fmt: skip
"""What the notebook did; its weight decay is Keras' default, rates and patience are ours."""

BASE: Settings = {**ORIGINAL, "schedule": "cosine", "batch_size": 128}

FIRST: list[Settings] = [
    ORIGINAL,
    {**ORIGINAL, "schedule": "cosine"},
    BASE,
    {**BASE, "learning_rate": 0.002},
    {**BASE, "batch_size": 256},
    {**BASE, "batch_size": 256, "learning_rate": 0.002},
    {**BASE, "dropout": "0.1"},
    {**BASE, "dropout": "0.2"},
    {**BASE, "dropout": "0.3"},
    {**BASE, "dropout": "0.4,0.3,0.2"},
    {**BASE, "weight_decay": 0.05},
    {**BASE, "weight_decay": 0.2},
    {**BASE, "label_smoothing": 0.1},
    {**BASE, "flip": 0.5},
    {**BASE, "flip": 0.5, "dropout": "0.2"},
    {**BASE, "shift": 1, "dropout": "0.2"},
    {**BASE, "mixup": 0.2, "dropout": "0.2"},
    {**BASE, "cutout": 8, "dropout": "0.2"},
]
"""The first round, all with patience 5; settings that are not named are the recipe's defaults."""

PLAIN: Settings = {**BASE, "dropout": "0.3"}

SECOND: list[Settings] = [
    {**PLAIN, "patience": 5},
    {**PLAIN, "patience": 8},
    {**PLAIN, "patience": 12},
    {**PLAIN, "patience": 30},
    {**BASE, "dropout": "0.2", "patience": 12},
    {**BASE, "dropout": "0.2", "mixup": 0.2, "patience": 12},
]
"""The second round: the first one's deviations came from seeds that patience 5 had stopped far too soon."""

LARGER: Settings = {**PLAIN, "batch_size": 256, "learning_rate": 0.002, "patience": 8}

THIRD: list[Settings] = [{**LARGER, "epochs": epochs} for epochs in (16, 20, 24)]
"""The third round: how much of it can be had in less time."""

ROUNDS = {1: FIRST, 2: SECOND, 3: THIRD}


def try_out(settings: Settings, seed: int, runs: Path) -> dict[str, float]:
    """Train one candidate under one seed; its validation figures at the kept epoch."""
    import fashionlab

    execution = fashionlab.ExecutionOptions(on_event=lambda event: None, report=False)
    model = fashionlab.train("mlp", seed=seed, runs=runs, test=False, execution=execution, **settings)
    metrics = model.metrics
    assert metrics.validation is not None
    return {
        "seed": seed,
        "accuracy": metrics.validation.accuracy,
        "loss": metrics.validation.loss,
        "epochs": metrics.epochs,
        "seconds": metrics.seconds.training,
    }


def words_of(settings: Settings) -> str:
    """Settings as one reads them."""
    return " ".join(f"{key}={value}" for key, value in settings.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--round", type=int, choices=ROUNDS, default=1, help="which candidates [1]")
    parser.add_argument("--seeds", type=int, default=3, help="seeds a candidate, from 0 [3]")
    parser.add_argument("--parallel", type=int, default=2, help="runs at a time; changes no number but the seconds [2]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given = parser.parse_args()
    evidence, candidates = Evidence("search"), ROUNDS[given.round]
    journal = Journal(given.json, len(candidates) * given.seeds)
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(given.parallel) as pool:
        jobs = [
            [
                pool.submit(journal.once, f"seed {seed} {words_of(s)}", partial(try_out, s, seed, Path(folder)))
                for seed in range(given.seeds)
            ]
            for s in candidates
        ]
        for number, (settings, seeds) in enumerate(zip(candidates, jobs, strict=True), start=1):
            runs = [job.result() for job in seeds]
            figures = {key: statistics.mean(run[key] for run in runs) for key in ("accuracy", "loss", "seconds")}
            spread = statistics.stdev(run["accuracy"] for run in runs) if given.seeds > 1 else None
            results.append({"settings": settings, **figures, "accuracy_deviation": spread, "runs": runs})
            announce(f"{number}/{len(candidates)}: {figures['accuracy']:.2%} {settings}")
    results.sort(key=lambda result: -result["accuracy"])
    rows = [["settings", "accuracy", "deviation", "loss", "seconds"]]
    for result in results:
        words = words_of(result["settings"])
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
    journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
