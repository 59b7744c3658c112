"""Every lesson, carried out from several starts: how long it takes, and whether its checks hold.

    python -m benchmarks.lessons --json evidence/lessons.json
    python -m benchmarks.lessons overfit --starts 100       one of them, once

Each lesson is run as a user types it, with its own number of seeds, the first of which is 100, 200 or 300: no two
starts share a training. Whole processes, from the command to the page, with an empty folder of runs.

`python -m benchmarks.readme` writes the times into docs/lessons.md.

How to read it: every check should hold from every start, `slack` says by how much of its bound; `seconds` should be
below 300.

Cost: about 25 minutes on 2 quiet cores.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import FASHIONLAB, ROOT, Evidence, announce, print_table
from benchmarks.journal import Journal
from benchmarks.pages import Blocks, has, quiet, read, table
from fashionlab import lab
from fashionlab.studies.design.lesson import Lesson

STARTS = (100, 200, 300)

WITHIN = 300
"""Seconds that a lesson may take."""


def carry_out(lesson: Lesson, start: int) -> dict[str, Any]:
    """One lesson from one start. Raises CalledProcessError where it fails."""
    with tempfile.TemporaryDirectory() as runs:
        command = ["lesson", lesson.name, "--first-seed", str(start), "--no-ask", "--runs", runs, "--json"]
        began = time.monotonic()
        answer = subprocess.run([*FASHIONLAB, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        seconds = time.monotonic() - began
        found = json.loads(answer.stdout)
        page = found["page"] is not None and Path(found["page"]).is_file()
    checks = [
        {
            "say": each["check"]["say"],
            "measure": each["check"]["measure"],
            "at_least": each["check"]["at_least"],
            "at_most": each["check"]["at_most"],
            "value": each["value"],
            "values": each["values"],
            "holds": each["holds"],
            "slack": slack(each["value"], each["check"]["at_least"], each["check"]["at_most"]),
        }
        for each in found["lesson"]["checks"]
    ]
    holds = all(check["holds"] for check in checks)
    return {"seconds": seconds, "page": page, "holds": holds, "checks": checks}


def slack(value: float, at_least: float | None, at_most: float | None) -> float:
    """How far a value is inside its bounds, in the unit of the check; below 0 it is outside."""
    inside = [value - at_least] if at_least is not None else []
    return min([*inside, at_most - value] if at_most is not None else inside)


def measured() -> str:
    """A row for each lesson: what it took, and from how many starts everything that was expected was seen."""
    if not has("lessons"):
        return "Not measured yet: `python -m benchmarks.lessons --json evidence/lessons.json`."
    document = read("lessons")
    rows = []
    for name, result in document["results"]["lessons"].items():
        starts = result["starts"].values()
        seconds = sorted(start["seconds"] for start in starts)
        took = f"{seconds[0]:.0f} to {seconds[-1]:.0f}" if quiet(document) else "–"
        held = sum(start["holds"] for start in starts)
        rows.append([f"`{name}`", took, f"{held} of {len(starts)}", str(len(next(iter(starts))["checks"]))])
    return table(["lesson", "seconds on 2 cores", "starts from which all checks hold", "checks"], rows)


BLOCKS: Blocks = {"lessons": measured}


def main() -> int:
    known = {lesson.name: lesson for lesson in lab.list_lessons()}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help=f"of {', '.join(known)}  [all]")
    parser.add_argument("--starts", nargs="+", type=int, default=list(STARTS), metavar="SEED", help="first seeds")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given = parser.parse_args()
    unknown = [name for name in given.lessons if name not in known]
    if unknown:
        parser.error(f"given {unknown[0]!r}, expected of {', '.join(known)}")
    chosen = given.lessons or list(known)
    evidence, journal = Evidence("lessons"), Journal(given.json)
    for name in chosen:
        for start in given.starts:
            case = f"{name} from {start}"
            if case not in journal.found:
                announce(case)
                journal.add(case, carry_out(known[name], start))
    results: dict[str, Any] = {}
    lines = [["lesson", "start", "seconds", "checks that hold", "that do not"]]
    for name in chosen:
        starts = {str(start): journal.found[f"{name} from {start}"] for start in given.starts}
        results[name] = {"minutes_stated": known[name].minutes, "starts": starts}
        for start, found in starts.items():
            held = sum(check["holds"] for check in found["checks"])
            failed = "; ".join(check["say"] for check in found["checks"] if not check["holds"])
            lines.append([name, start, f"{found['seconds']:.0f}", f"{held} of {len(found['checks'])}", failed])
    print_table(lines)
    every = [found for result in results.values() for found in result["starts"].values()]
    results = {
        "lessons": results,
        "all_hold": all(found["holds"] for found in every),
        "slowest_seconds": max(found["seconds"] for found in every),
        "within": WITHIN,
    }
    evidence.write(given.json, len(given.starts), results)
    journal.close()
    return 0 if results["all_hold"] and results["slowest_seconds"] <= WITHIN else 1


if __name__ == "__main__":
    sys.exit(main())
