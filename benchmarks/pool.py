"""Do studies of a small true effect decide within ten minutes? A pool of seeds to draw studies from, and whole studies.

    python -m benchmarks.pool --json evidence/pool.json                                      the pool, 1,000 drawn
    python -m benchmarks.pool --whole 10 --of evidence/pool.json --json evidence/pool-studies.json   10 really run

The change is `--change` at the lab's defaults with a fixed number of epochs (docs/decisions/0027). The pool is one
study of 120 paired seeds. Its mean difference is taken for the true effect, and should be 0.25 to 0.35 points either
way. The time that a seed took says how many seeds ten minutes allow (at most half of the pool). Studies of so many
seeds, which they declare, are drawn from the pool without replacement, in random order, and judged as the lab judges
a study of one arm.

A whole study has seeds of its own, none of the pool's, and ends when it is decided. With --json both may be killed and
started again: they go on behind the last run that was finished.

How to read it: `decided` is the share of drawn studies with the right word, which says the sign of the effect; 0.9 is
asked for. Of ten whole studies eight should have it. `wrong` says helps where the pool says hurts, or the other way.

Cost: the pool about 35 minutes, ten whole studies about 40, on 2 cores that have nothing else to do.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Evidence, print_table
from benchmarks.journal import Journal
from benchmarks.pages import percent, read
from benchmarks.study import carry_on
from fashionlab.studies.stats.verdict import judge

CHANGE = "epochs=16"
"""Two thirds of the default epochs: by a pilot on seeds below 100, which no study uses, the one of five changes whose
effect is of the size wanted."""

SETTINGS: dict[str, Any] = {"early_stopping": False}
"""At the defaults of `mlp` otherwise."""

MINUTES = 10

LEAST, MOST = 0.25, 0.35
"""Points, either way: what the pool's effect should be."""

WHOLE_FROM, WHOLE_APART = 1000, 100
"""First seed of the first whole study, and how far the next one's is from it."""


def make_pool(change: str, seeds: int, settings: dict[str, Any], workers: int | None, runs: Path) -> dict[str, Any]:
    """The pairs of so many seeds, and what judging needs to know. runs: a folder of its own."""
    found = carry_on(
        runs, "mlp", workers=workers, changes=[change], seeds=seeds, all_seeds=True, test=False, **settings
    )  # fmt: skip
    (arm,) = found.arms
    return {
        "pairs": [{"seed": pair.seed, "baseline": pair.baseline, "arm": pair.arm} for pair in arm.pairs],
        "change": change,
        "alpha": arm.verdict.alpha,
        "margin": found.margin,
        "judge_rows": found.judge_rows,
        "seconds": found.seconds,
    }


def draw_studies(
    differences: Sequence[float], seeds: int, studies: int, *, alpha: float, margin: float, resolution: float
) -> dict[str, Any]:
    """How many of so many studies, each of `seeds` differences drawn without replacement, say what.

    differences: of the pool, points, whose mean is taken for the true effect; the rest as of `judge`.
    """
    random = np.random.default_rng(0)
    right = "helps" if float(np.mean(differences)) > 0 else "hurts"
    words: dict[str, int] = {}
    settled: list[int] = []
    for _ in range(studies):
        drawn = random.choice(differences, size=seeds, replace=False)
        verdict = judge(drawn, alpha=alpha, resolution=resolution, margin=margin, declared_seeds=seeds)
        words[verdict.word] = words.get(verdict.word, 0) + 1
        if verdict.word == right and verdict.settled_at is not None:
            settled.append(verdict.settled_at)
    return {
        "right": right,
        "seeds": seeds,
        "studies": studies,
        "words": words,
        "decided": words.get(right, 0) / studies,
        "wrong": words.get("hurts" if right == "helps" else "helps", 0) / studies,
        "median_seeds": float(np.median(settled)) if settled else None,
    }


def summarise(pool: dict[str, Any], studies: int, seeds: int | None) -> dict[str, Any]:
    """The effect of the pool, and what studies drawn from it say. seeds: of each; None: as many as MINUTES allow."""
    differences = [100 * (pair["arm"] - pair["baseline"]) for pair in pool["pairs"]]
    n, effect = len(differences), float(np.mean(differences))
    deviation = float(np.std(differences, ddof=1))
    a_seed = pool["seconds"] / n
    seeds = seeds or min(n // 2, int(60 * MINUTES / a_seed))
    return {
        "n": n,
        "effect": effect,
        "standard_error": deviation / n**0.5,
        "deviation": deviation,
        "in_range": LEAST <= abs(effect) <= MOST,
        "seconds_of_a_seed": a_seed,
        "drawn": draw_studies(
            differences, seeds, studies, alpha=pool["alpha"], margin=pool["margin"],
            resolution=100 / pool["judge_rows"],
        ),
        **pool,
    }  # fmt: skip


def run_whole(
    change: str, number: int, seeds: int, settings: dict[str, Any], workers: int | None, runs: Path
) -> dict[str, Any]:
    """What a whole study says, of so many declared seeds, which ends when it is decided. number: from 0."""
    first = WHOLE_FROM + WHOLE_APART * number
    found = carry_on(
        runs, "mlp", workers=workers, changes=[change], seeds=seeds, first_seed=first, test=False, **settings
    )  # fmt: skip
    (arm,) = found.arms
    return {
        "seeds": [pair.seed for pair in arm.pairs],
        "differences": [pair.difference for pair in arm.pairs],
        "word": arm.verdict.word,
        "effect": arm.verdict.effect,
        "low": arm.verdict.low,
        "high": arm.verdict.high,
        "seconds": found.seconds,
    }


def sentence() -> str:
    """For docs/benchmarks.md, from the evidence."""
    results = read("pool")["results"]
    drawn = results["drawn"]
    return (
        f"- `{results['change']}` has an effect of {results['effect']:+.2f} points (standard error "
        f"{results['standard_error']:.2f}, {results['n']} seeds) at the defaults with a fixed number of epochs. "
        f"{percent(drawn['decided'])} of {drawn['studies']:,} studies drawn from these seeds find it within the "
        f"{drawn['seeds']} seeds that {MINUTES} minutes allow (`python -m benchmarks.pool`)."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--change", default=CHANGE, help=f"of the pool, as `fashionlab study` takes it [{CHANGE}]")
    parser.add_argument("--seeds", type=int, default=120, help="of the pool [120]")
    parser.add_argument("--studies", type=int, default=1000, help="drawn from it [1000]")
    parser.add_argument("--study-seeds", type=int, help=f"of each study [as many as {MINUTES} minutes allow]")
    parser.add_argument("--whole", type=int, help="really run so many studies instead")
    parser.add_argument("--of", type=Path, metavar="FILE", help="the pool's evidence, which says what --whole expects")
    parser.add_argument("--limit", type=int, help="rows of the training set, to try it out [all]")
    parser.add_argument("--epochs", type=int, help="of each run, to try it out [the default]")
    parser.add_argument("--workers", type=int, help="[one a core]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given = parser.parse_args()
    if (given.whole is None) != (given.of is None):
        parser.error("given one of --whole and --of, expected both or none: a pool says what whole studies should find")
    trial = {name: getattr(given, name) for name in ("limit", "epochs") if getattr(given, name) is not None}
    settings = {**SETTINGS, **trial}
    evidence, journal = Evidence("pool"), Journal(given.json, given.whole or 1)
    with tempfile.TemporaryDirectory() as temporary:
        place = journal.folder or Path(temporary)
        if given.whole is None:
            make = partial(make_pool, given.change, given.seeds, settings, given.workers, place)
            results = summarise(journal.once("the pool", make), given.studies, given.study_seeds)
            found = results["drawn"]
            print_table([["change", "effect", "deviation", "seconds a seed", "seeds", "decided", "wrong"],
                         [given.change, f"{results['effect']:+.3f}", f"{results['deviation']:.3f}",
                          f"{results['seconds_of_a_seed']:.1f}", str(found["seeds"]), f"{found['decided']:.3f}",
                          f"{found['wrong']:.3f}"]])  # fmt: skip
            if not results["in_range"]:
                print(f"the effect is not {LEAST} to {MOST} points either way")
            evidence.write(given.json, results["n"], results)
        else:
            pool = json.loads(given.of.read_text(encoding="utf-8"))["results"]
            drawn = pool["drawn"]
            rows, seeds = [], given.study_seeds or drawn["seeds"]
            for number in range(given.whole):
                folder = place / str(number)
                make = partial(run_whole, pool["change"], number, seeds, settings, given.workers, folder)
                rows.append(journal.once(f"whole study {number}", make))
                shutil.rmtree(folder, ignore_errors=True)
            decided = sum(row["word"] == drawn["right"] for row in rows)
            table = [["first seed", "seeds", "effect", "verdict", "minutes"]]
            table += [[str(row["seeds"][0]), str(len(row["seeds"])), f"{row['effect']:+.2f}", row["word"],
                       f"{row['seconds'] / 60:.1f}"] for row in rows]  # fmt: skip
            print_table(table)
            print(f"{decided} of {len(rows)} say {drawn['right']}")
            evidence.write(given.json, len(rows), {"right": drawn["right"], "decided": decided, "studies": rows})
    journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
