"""A study as a user types it, timed as a whole, and what it found.

    python -m benchmarks.study mlp --ablate --epochs 12 --seeds 10 --within 900 --json evidence/ablation.json
    python -m benchmarks.study recipes/studies/depth.toml --json evidence/claim-depth.json

Everything but `--within`, `--keep` and `--json` goes to `fashionlab study`: `--limit 6000` makes any study small. Whole
process, from the command to the page, with an empty folder of runs.

How to read it: the verdicts are what they are; with `--within`, `seconds` should not be above it.

For every arm `pairs` has the seed, both accuracies (fractions of the judging images), and the share of these images to
which the two runs give different classes; `recompute` makes the verdict from them again. With --json it may be killed
and started again: the study goes on.

Cost: the ablation about 5 minutes on 2 cores, each of the studies in `recipes/studies/` 5 to 15.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.common import FASHIONLAB, ROOT, Evidence, announce, print_table
from benchmarks.journal import Journal
from fashionlab import lab
from fashionlab.reports.study import StudyReport
from fashionlab.studies.folder import StudyFolder, list_studies
from fashionlab.studies.stats.verdict import Verdict, judge


def carry_on(runs: Path, model: str, *, workers: int | None = None, **asked: Any) -> StudyReport:
    """What a study has found at its end, whose progress and time left are told on the way.

    runs: a folder of its own. If a program that was killed has left the study there, it goes on. asked: as of
    `lab.study`.
    """
    execution = lab.ExecutionOptions(report=False, workers=workers)
    if list_studies(runs):
        return lab.resume_study(runs=runs, execution=execution).summary
    return lab.study(model, runs=runs, execution=execution, **asked).summary


def pairs_of(report: StudyReport, folder: StudyFolder) -> dict[str, list[dict[str, Any]]]:
    """By arm, what its verdict rests on: a row for each pair that counts."""

    def answers(arm: str, seed: int) -> np.ndarray:
        run = folder.finished(folder.plan.arm(arm), seed)
        assert run is not None
        assert run.predictions.validation is not None
        return np.asarray(run.predictions.validation.logits.argmax(axis=1))

    return {
        arm.name: [
            {
                "seed": pair.seed,
                "baseline": pair.baseline,
                "arm": pair.arm,
                "disagree": float(np.mean(answers(report.baseline.name, pair.seed) != answers(arm.name, pair.seed))),
            }
            for pair in arm.pairs
        ]
        for arm in report.arms
    }


def recompute(results: Mapping[str, Any], arm: str) -> Verdict:
    """The verdict on an arm from its pairs in an evidence document's `results`."""
    said, pairs = results["verdicts"][arm], results["pairs"][arm]
    return judge(
        [100 * (pair["arm"] - pair["baseline"]) for pair in pairs], alpha=said["alpha"], resolution=said["resolution"],
        margin=said["margin"], declared_seeds=said["declared_seeds"],
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--within", type=float, help="seconds that it may take at most; more is a failure")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the study with its page there  [deleted]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given, words = parser.parse_known_args()
    from fashionlab.reports.study.produce import PAGE

    evidence, journal = Evidence("study"), Journal(given.json)
    command = ["study", *words]
    with tempfile.TemporaryDirectory() as temporary:
        runs = given.keep or journal.folder or Path(temporary)
        begun = runs == journal.folder and bool(list_studies(runs))
        announce(f"fashionlab {shlex.join(command)}{', which goes on' if begun else ''}")
        start = time.monotonic()
        whole = [*FASHIONLAB, *(["study", "resume", "last"] if begun else command), "--runs", str(runs), "--json"]
        answer = subprocess.run(whole, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        seconds = time.monotonic() - start
        if answer.returncode:
            return answer.returncode
        report = msgspec.json.decode(answer.stdout, type=StudyReport)
        folder = StudyFolder(runs / report.name)
        page, pairs = (folder.path / PAGE).is_file(), pairs_of(report, folder)
    # Of a study that was killed on the way the whole process was not timed: of all its sessions the study knows.
    seconds = report.seconds if begun else seconds
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
        "resumed": begun,
        "within": given.within,
        "state": report.state,
        "page": page,
        "runs": report.runs,
        "workers": report.workers,
        "judge_rows": report.judge_rows,
        "margin": report.margin,
        "verdicts": {arm.name: arm.verdict for arm in report.arms},
        "pairs": pairs,
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
    journal.close()
    return 0 if page and (given.within is None or seconds <= given.within) else 1


if __name__ == "__main__":
    sys.exit(main())
