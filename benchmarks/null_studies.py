"""Nothing against nothing, really trained: how often does a study find an effect where there is none?

    python -m benchmarks.null_studies --json evidence/null-studies.json

The two arms are one network with two keys (`contenders/null_network.py`): independent initial weights and independent
dropout, the same split and order, so that the true effect is 0. Each study is watched after every seed, up to the last.
All are made as one long study whose seeds are then dealt out, ten to each: a run is a function of arm and seed alone,
so these are the runs that as many separate studies with their own seeds would make.

How to read it: of the studies, `wrong` said *helps* or *hurts* at some moment. Each is allowed to with probability
0.04, so of 20 none or one is what to expect, and three or more would be a reason to doubt (probability 0.04).
`excluded` counts those whose interval excluded 0 at some moment, also after "no practical difference" had been said.

Cost: about 8 minutes on 2 cores: 6,000 rows and 3 epochs a run.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from benchmarks.common import ROOT, Evidence, announce, print_table

if TYPE_CHECKING:
    from fashionlab.studies.summary import Pair, StudySummary

NETWORK = ROOT / "benchmarks" / "contenders" / "null_network.py"


def train(studies: int, seeds: int, settings: dict[str, Any], workers: int | None, runs: Path) -> "StudySummary":
    """The summary of the one long study."""
    from fashionlab import lab
    from fashionlab.studies.events import RunDone, RunFailed, StudyEvent

    def tell(event: StudyEvent) -> None:
        if isinstance(event, RunDone):
            announce(f"seed {event.seed} {event.arm}: {event.accuracy}")
        elif isinstance(event, RunFailed):
            announce(f"seed {event.seed} {event.arm}: {event.reason}")

    execution = lab.ExecutionOptions(report=False, on_event=tell, workers=workers)
    return lab.study(
        f"{NETWORK}:build", changes=["key=1"], seeds=studies * seeds, all_seeds=True, test=False, runs=runs,
        execution=execution, **settings,
    ).summary  # fmt: skip


def judge_each(pairs: "Sequence[Pair]", seeds: int, alpha: float, judge_rows: int) -> list[dict[str, Any]]:
    """A row a study: the verdict after its last seed, and whether its interval ever excluded 0."""
    from fashionlab.studies.stats.verdict import judge

    rows = []
    for start in range(0, len(pairs) - seeds + 1, seeds):
        mine = pairs[start : start + seeds]
        verdict = judge([pair.difference for pair in mine], alpha=alpha, resolution=100 / judge_rows)
        rows.append(
            {
                "seeds": [pair.seed for pair in mine],
                "differences": [pair.difference for pair in mine],
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=20, help="[20]")
    parser.add_argument("--seeds", type=int, default=10, help="of each study [10]")
    parser.add_argument("--epochs", type=int, default=3, help="of each run [3]")
    parser.add_argument("--limit", type=int, default=6000, help="rows of the training set [6000]")
    parser.add_argument("--dataset", default="fashion-mnist", help="[fashion-mnist]")
    parser.add_argument("--workers", type=int, help="[one a core]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given = parser.parse_args()
    if given.studies * given.seeds > 1000:
        parser.error(f"given {given.studies} studies of {given.seeds} seeds, expected 1,000 seeds together at most")
    evidence = Evidence("null_studies")
    settings = {"epochs": given.epochs, "limit": given.limit, "dataset": given.dataset}
    with tempfile.TemporaryDirectory() as folder:
        summary = train(given.studies, given.seeds, settings, given.workers, Path(folder))
    arm = summary.arms[0]
    alpha, judge_rows = arm.verdict.alpha, summary.judge_rows
    assert judge_rows is not None
    rows = judge_each(arm.pairs, given.seeds, alpha, judge_rows)
    wrong = sum(row["word"] in ("helps", "hurts") for row in rows)
    table = [["study", "effect", "low", "high", "verdict"]]
    for number, row in enumerate(rows):
        figures = ["–" if row[key] is None else f"{row[key]:+.2f}" for key in ("effect", "low", "high")]
        table.append([str(number), *figures, row["word"]])
    print_table(table)
    excluded = sum(row["excluded"] for row in rows)
    print(f"{wrong} of {len(rows)} studies said helps or hurts where there is nothing (allowed: {alpha:.0%} each)")
    results = {
        "settings": settings,
        "alpha": alpha,
        "margin": summary.margin,
        "judge_rows": summary.judge_rows,
        "studies": len(rows),
        "wrong": wrong,
        "excluded": excluded,
        "runs": msgspec.to_builtins(summary.runs),
        "verdicts": rows,
    }
    evidence.write(given.json, len(rows), results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
