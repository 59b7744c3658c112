"""Nothing against nothing, really trained: how often does a study find an effect where there is none?

    python -m benchmarks.null_studies --json evidence/null-studies.json

The two arms are one network with two keys (`contenders/null_network.py`): independent initial weights and independent
dropout, the same split and order, so that the true effect is 0. Each study declares its seeds and is watched after
every one of them, up to the last. The runs of BLOCK seeds are made as one long study whose seeds are then dealt out: a
run is a function of arm and seed alone, so these are the runs that as many separate studies with their own seeds would
make. With --json it may be killed and started again: it goes on behind the last run that was finished.

How to read it: of the studies, `wrong` said *helps* or *hurts* at some moment. A study of one arm is allowed to with
probability 0.04 (a fifth of the 0.05 is kept for arms that may be added later), so of 200 about 8 are what to expect at
most, and 14 or more would be a reason to doubt (probability 0.03). `rate` has the exact 95 % interval of Clopper and
Pearson. `excluded` counts those whose interval excluded 0 at some moment, also after "no practical difference" had been
said. `seconds_of_a_study` is wall time with all workers: at most 20.

Cost: about 40 minutes on 2 cores that have nothing else to do: 6,000 rows and 2 epochs a run, 5 seeds a study.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, Evidence, print_table
from benchmarks.journal import Journal
from benchmarks.study import carry_on
from fashionlab.studies.design.plan import FIRST_SEED
from fashionlab.studies.stats.verdict import judge

NETWORK = ROOT / "benchmarks" / "contenders" / "null_network.py"

BLOCK = 100
"""Seeds that are made in one go, about 4 minutes of work."""


def make_block(first: int, seeds: int, settings: dict[str, Any], workers: int | None, runs: Path) -> dict[str, Any]:
    """The differences of so many seeds, in points, and what judging needs to know. runs: a folder of its own."""
    found = carry_on(
        runs, f"{NETWORK}:build", workers=workers, changes=["key=1"], seeds=seeds, first_seed=first, all_seeds=True,
        test=False, **settings,
    )  # fmt: skip
    (arm,) = found.arms
    return {
        "pairs": [{"seed": pair.seed, "baseline": pair.baseline, "arm": pair.arm} for pair in arm.pairs],
        "alpha": arm.verdict.alpha,
        "margin": found.margin,
        "judge_rows": found.judge_rows,
        "failed": found.runs.failed,
        "seconds": found.seconds,
    }


def judge_each(
    pairs: Sequence[dict[str, Any]], seeds: int, *, alpha: float, judge_rows: int, margin: float
) -> list[dict[str, Any]]:
    """A row a study of so many seeds, which it declared: the verdict after its last seed, and whether its interval ever
    excluded 0."""
    rows = []
    for start in range(0, len(pairs) - seeds + 1, seeds):
        mine = pairs[start : start + seeds]
        differences = [100 * (pair["arm"] - pair["baseline"]) for pair in mine]
        verdict = judge(
            differences, alpha=alpha, resolution=100 / judge_rows, margin=margin, declared_seeds=seeds
        )  # fmt: skip
        rows.append(
            {
                "seeds": [pair["seed"] for pair in mine],
                "differences": differences,
                "word": verdict.word,
                "settled_at": verdict.settled_at,
                "effect": verdict.effect,
                "low": verdict.low,
                "high": verdict.high,
                "deviation": verdict.deviation,
                "p_value": verdict.p_value,
                "excluded": verdict.p_value < alpha,
            }
        )
    return rows


def rate_of(count: int, n: int) -> dict[str, float]:
    """A share with its exact 95 % interval (Clopper and Pearson 1934)."""
    from scipy.stats import binomtest

    interval = binomtest(count, n).proportion_ci(method="exact")
    return {"share": count / n, "low": float(interval.low), "high": float(interval.high)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200, help="[200]")
    parser.add_argument("--seeds", type=int, default=5, help="of each study, at least 4 [5]")
    parser.add_argument("--epochs", type=int, default=2, help="of each run [2]")
    parser.add_argument("--limit", type=int, default=6000, help="rows of the training set [6000]")
    parser.add_argument("--dataset", default="fashion-mnist", help="[fashion-mnist]")
    parser.add_argument("--workers", type=int, help="[one a core]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given = parser.parse_args()
    if given.studies < 1 or given.seeds < 4:
        parser.error(f"given {given.studies} studies of {given.seeds} seeds, expected 1 and 4 at least")
    evidence = Evidence("null_studies")
    settings = {
        "epochs": given.epochs, "limit": given.limit, "dataset": given.dataset, "early_stopping": False,
    }  # fmt: skip
    total = given.studies * given.seeds
    starts = range(FIRST_SEED, FIRST_SEED + total, BLOCK)
    journal = Journal(given.json, len(starts))
    with tempfile.TemporaryDirectory() as temporary:
        blocks = []
        for first in starts:
            seeds = min(BLOCK, FIRST_SEED + total - first)
            folder = (journal.folder or Path(temporary)) / str(first)
            make = partial(make_block, first, seeds, settings, given.workers, folder)
            blocks.append(journal.once(f"{seeds} seeds from {first} on", make))
            # Half a gigabyte of weights that nobody needs any more.
            shutil.rmtree(folder, ignore_errors=True)
    alpha, margin, judge_rows = (blocks[0][name] for name in ("alpha", "margin", "judge_rows"))
    pairs = [pair for block in blocks for pair in block["pairs"]]
    rows = judge_each(pairs, given.seeds, alpha=alpha, judge_rows=judge_rows, margin=margin)
    wrong = [row for row in rows if row["word"] in ("helps", "hurts")]
    table = [["wrong study, first seed", "effect", "low", "high", "verdict"]]
    table += [
        [str(row["seeds"][0]), *(f"{row[key]:+.2f}" for key in ("effect", "low", "high")), row["word"]] for row in wrong
    ]
    print_table(table)
    rate, seconds = rate_of(len(wrong), len(rows)), sum(block["seconds"] for block in blocks) / len(rows)
    print(
        f"{len(wrong)} of {len(rows)} studies said helps or hurts where there is nothing: {rate['share']:.1%}, 95 % "
        f"interval {rate['low']:.1%} to {rate['high']:.1%}, allowed {alpha:.0%}; {seconds:.1f} s each"
    )
    results = {
        "settings": settings,
        "seeds_of_a_study": given.seeds,
        "alpha": alpha,
        "margin": margin,
        "judge_rows": judge_rows,
        "studies": len(rows),
        "wrong": len(wrong),
        "rate": rate,
        "excluded": sum(row["excluded"] for row in rows),
        "failed_runs": sum(block["failed"] for block in blocks),
        "seconds_of_a_study": seconds,
        "verdicts": rows,
    }
    evidence.write(given.json, len(rows), results)
    journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
