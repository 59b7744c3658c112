"""A study as a user types it, timed as a whole, and what it found.

    python -m benchmarks.study mlp --take-away --epochs 12 --seeds 10 --within 900 --json evidence/take-away.json
    python -m benchmarks.study recipes/studies/depth.toml --json evidence/claim-depth.json

Everything but `--within`, `--keep` and `--json` goes to `fashionlab study`: `--limit 6000` makes any study small. Whole
process, from the command to the page, with an empty folder of runs.

How to read it: the verdicts are what they are; with `--within`, `seconds` should not be above it.

Cost: the ablation about 5 minutes on 2 cores, each of the studies in `recipes/studies/` 5 to 15.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from benchmarks.common import FASHIONLAB, ROOT, Evidence, announce, print_table


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--within", type=float, help="seconds that it may take at most; more is a failure")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the study with its page there  [deleted]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given, words = parser.parse_known_args()
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
        summary = json.loads(answer.stdout)
        page = (Path(runs) / summary["name"] / "report" / "index.html").is_file()
    table = [["arm", "effect", "low", "high", "n", "verdict"]]
    for arm in summary["arms"]:
        verdict = arm["verdict"]
        figures = ["–" if verdict[key] is None else f"{verdict[key]:+.2f}" for key in ("effect", "low", "high")]
        table.append([arm["name"], *figures, str(verdict["n"]), verdict["word"]])
    print_table(table)
    print(f"{summary['runs']['done']} runs in {seconds:.0f} s, with a page: {page}")
    results = {
        "command": f"fashionlab {shlex.join(command)}",
        "title": summary["title"],
        "seconds": seconds,
        "within": given.within,
        "state": summary["state"],
        "page": page,
        "runs": summary["runs"],
        "workers": summary["workers"],
        "judge_rows": summary["part"]["n"],
        "margin": summary["margin"],
        "verdicts": {arm["name"]: arm["verdict"] for arm in summary["arms"]},
        "accuracy": summary["accuracy"],
        "test": summary["test"],
    }
    evidence.write(given.json, len(summary["seeds"]["complete"]), results)
    return 0 if page and (given.within is None or seconds <= given.within) else 1


if __name__ == "__main__":
    sys.exit(main())
