"""A study as a user types it, timed as a whole, and what it found.

    python -m benchmarks.study mlp --ablate --epochs 12 --seeds 10 --within 900 --json evidence/ablation.json
    python -m benchmarks.study recipes/studies/depth.toml --json evidence/claim-depth.json

Everything but `--within`, `--keep` and `--json` goes to `fashionlab study`: `--limit 6000` makes any study small. Whole
process, from the command to the page, with an empty folder of runs.

How to read it: the verdicts are what they are; with `--within`, `seconds` should not be above it.

Cost: the ablation about 5 minutes on 2 cores, each of the studies in `recipes/studies/` 5 to 15.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import msgspec

from benchmarks.common import FASHIONLAB, ROOT, Evidence, announce, print_table


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--within", type=float, help="seconds that it may take at most; more is a failure")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the study with its page there  [deleted]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given, words = parser.parse_known_args()
    from fashionlab.reports.study import StudyReport
    from fashionlab.reports.study.produce import PAGE

    evidence = Evidence("study")
    command = ["study", *words]
    announce(f"fashionlab {shlex.join(command)}")
    with tempfile.TemporaryDirectory() if given.keep is None else nullcontext(given.keep) as runs:
        start = time.monotonic()
        whole = [*FASHIONLAB, *command, "--runs", str(runs), "--json"]
        answer = subprocess.run(whole, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        seconds = time.monotonic() - start
        if answer.returncode:
            return answer.returncode
        report = msgspec.json.decode(answer.stdout, type=StudyReport)
        page = (Path(runs) / report.name / PAGE).is_file()
    table = [["arm", "effect", "low", "high", "n", "verdict"]]
    for arm in report.arms:
        verdict = arm.verdict
        figures = ["–" if value is None else f"{value:+.2f}" for value in (verdict.effect, verdict.low, verdict.high)]
        table.append([arm.name, *figures, str(verdict.n), verdict.word])
    print_table(table)
    print(f"{report.runs.done} runs in {seconds:.0f} s, with a page: {page}")
    tested = report.test.arms if report.test else ()
    results = {
        "command": f"fashionlab {shlex.join(command)}",
        "title": report.title,
        "seconds": seconds,
        "within": given.within,
        "state": report.state,
        "page": page,
        "runs": report.runs,
        "workers": report.workers,
        "judge_rows": report.judge_rows,
        "margin": report.margin,
        "verdicts": {arm.name: arm.verdict for arm in report.arms},
        "accuracy": {each.name: each.accuracy for each in report.everyone},
        "test": report.test
        and {
            "n": report.test.n,
            "evaluations": report.test.evaluations,
            "arms": {arm.name: arm.accuracy for arm in tested},
            "differences": {arm.name: arm.difference for arm in tested if arm.difference},
            "mcnemar": {arm.name: arm.mcnemar for arm in tested if arm.mcnemar},
        },
    }
    evidence.write(given.json, len(report.seeds.complete), msgspec.to_builtins(results))
    return 0 if page and (given.within is None or seconds <= given.within) else 1


if __name__ == "__main__":
    sys.exit(main())
