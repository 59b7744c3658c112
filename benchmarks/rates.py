"""The learning rate at which each optimizer does best, for the studies that compare optimizers.

    python -m benchmarks.rates --json evidence/rates.json
    python -m benchmarks.rates --only "reference sgd" --epochs 3      a first look

For the original's settings and for the lab's defaults: each optimizer at six learning rates, two seeds each, all epochs
run, judged on the whole validation set. The seeds are 0 and 1, which no study uses; the test set is not evaluated. The
runs have half the epochs that the studies have, as the grid is coarse. With --json the rates that were found are
written into `recipes/studies/optimizer*.toml`; a test says whether they agree.

How to read it: `best` has the highest mean accuracy; `at_the_edge` says that it is the lowest or highest of the grid,
so that a better one may lie outside. With --json it may be killed and started again.

Cost: about 12 minutes on 2 quiet cores.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, Evidence, print_table
from benchmarks.journal import Journal
from benchmarks.study import carry_on

GRIDS = {
    "adamw": (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3),
    "adam": (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3),
    "sgd": (5e-3, 1e-2, 2e-2, 5e-2, 1e-1, 2e-1),
    "rmsprop": (5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3),
}
"""The optimizers that are compared, and their rates; everything else is each one's own default."""

STUDIES = {"reference": "optimizer", "defaults": "optimizer-default"}
"""The studies in `recipes/studies/` that have the rates."""

BASES: dict[str, tuple[str, dict[str, Any]]] = {
    "reference": (str(ROOT / "recipes" / "reference.toml"), {"epochs": 10, "average": 1}),
    "defaults": ("mlp", {"epochs": 12}),
}
"""What the optimizer is part of: model, and settings."""


def accuracies(base: str, optimizer: str, runs: Path, **settings: Any) -> dict[str, float]:
    """Mean accuracy, percent, by learning rate. runs: a folder of its own; settings: of the recipe."""
    model, own = BASES[base]
    rates = GRIDS[optimizer]
    changes = [{"name": f"{rate:g}", "optimizer": optimizer, "learning_rate": rate} for rate in rates]
    # The baseline's rate is none of the grid's, or a change would change nothing.
    outside = {"optimizer": "adamw", "learning_rate": 0.0015, "weight_decay": 0.004, "early_stopping": False}
    found = carry_on(
        runs, model, changes=changes, seeds=2, first_seed=0, all_seeds=True, test=False, title=f"{base} {optimizer}",
        **{**own, **outside, **settings},
    )  # fmt: skip
    return {arm.name: arm.accuracy.mean for arm in found.arms if arm.accuracy.mean is not None}


def best_of(found: dict[str, float]) -> dict[str, Any]:
    """The best rate, and whether it is at an end of the grid."""
    rates = list(found)
    best = max(rates, key=lambda rate: found[rate])
    return {"accuracy": found, "best": float(best), "at_the_edge": best in (rates[0], rates[-1])}


def with_rates(text: str, found: Mapping[str, float]) -> str:
    """A study file with the learning rate of each optimizer, the baseline's adamw first, set to what was found."""
    places = iter(found)
    return re.sub(r"^learning_rate = .*$", lambda _: f"learning_rate = {found[next(places)]:g}", text, flags=re.M)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", default="", metavar="TEXT", help='cases with this text, of "reference sgd", ... [all]'
    )
    parser.add_argument("--epochs", type=int, help="of each run [10 and 12]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given = parser.parse_args()
    cases = [(base, optimizer) for base in BASES for optimizer in GRIDS if given.only in f"{base} {optimizer}"]
    evidence, journal = Evidence("rates"), Journal(given.json, len(cases))
    settings = {} if given.epochs is None else {"epochs": given.epochs}
    with tempfile.TemporaryDirectory() as temporary:
        place = journal.folder or Path(temporary)
        for base, optimizer in cases:
            make = partial(accuracies, base, optimizer, place / f"{base}-{optimizer}", **settings)
            journal.once(f"{base} {optimizer}", make)
    table = [["settings", "optimizer", "best rate", "accuracy at each rate, %"]]
    results: dict[str, Any] = {}
    for base, optimizer in cases:
        found = best_of(journal.found[f"{base} {optimizer}"])
        results.setdefault(base, {})[optimizer] = found
        each = ", ".join(f"{rate}: {accuracy:.2f}" for rate, accuracy in found["accuracy"].items())
        table.append([base, optimizer, f"{found['best']:g}" + (" (edge)" if found["at_the_edge"] else ""), each])
    print_table(table)
    evidence.write(given.json, 2, results)
    for base, study in STUDIES.items() if given.json and not given.only else ():
        path = ROOT / "recipes" / "studies" / f"{study}.toml"
        best = {optimizer: results[base][optimizer]["best"] for optimizer in GRIDS}
        path.write_text(with_rates(path.read_text(encoding="utf-8"), best), encoding="utf-8")
    journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
