"""The ablation as a user types it: `fashionlab study mlp --take-away --epochs 12 --seeds 10`, timed as a whole.

    python -m benchmarks.take_away --json evidence/take-away.json

Every regularizer of the default recipe in turn, without it, beside the whole recipe. Whole process, from the command to
the page, with an empty folder of runs. Further options go to the command: `--limit 6000` makes it small.

How to read it: `seconds` should be below 900 on 2 cores; the verdicts are what they are.

Cost: under 15 minutes on 2 cores.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import FASHIONLAB, Evidence, announce, print_table

TARGET = 900.0
"""Seconds that it may take on 2 cores."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--epochs", default="12", help="[12]")
    parser.add_argument("--seeds", default="10", help="[10]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given, more = parser.parse_known_args()
    evidence = Evidence("take_away")
    command = ["study", "mlp", "--take-away", "--epochs", given.epochs, "--seeds", given.seeds, *more]
    announce(f"fashionlab {' '.join(command)}")
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        answer = subprocess.run([*FASHIONLAB, *command, "--json"], cwd=folder, stdout=subprocess.PIPE, text=True)
        seconds = time.monotonic() - start
        if answer.returncode:
            return answer.returncode
        pages = list(Path(folder).glob("runs/*/report/index.html"))
    summary = json.loads(answer.stdout)
    table = [["arm", "effect", "low", "high", "n", "verdict"]]
    for arm in summary["arms"]:
        verdict = arm["verdict"]
        figures = ["–" if verdict[key] is None else f"{verdict[key]:+.2f}" for key in ("effect", "low", "high")]
        table.append([arm["name"], *figures, str(verdict["n"]), verdict["word"]])
    print_table(table)
    print(f"{summary['runs']['done']} runs in {seconds:.0f} s, with a page: {len(pages) == 1}")
    results = {
        "command": f"fashionlab {' '.join(command)}",
        "seconds": seconds,
        "target_seconds": TARGET,
        "state": summary["state"],
        "page": len(pages) == 1,
        "runs": summary["runs"],
        "workers": summary["workers"],
        "verdicts": {arm["name"]: arm["verdict"] for arm in summary["arms"]},
        "accuracy": summary["accuracy"],
        "test": summary["test"],
    }
    evidence.write(given.json, len(summary["seeds"]["complete"]), results)
    return 0 if seconds <= TARGET and len(pages) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
