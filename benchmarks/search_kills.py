"""A search over six fields of `mlp`, killed twice on the way: is a trial lost or counted twice, and what did it find?

    python -m benchmarks.search_kills --json evidence/search-kills.json

`fashionlab search` in --minutes, confirmation included; SIGKILL to the whole process group after 25 % and 50 % of them,
each time followed by `fashionlab search resume`, which takes the minutes that are left. At each kill the trials that
had ended are read from the database; at the end each of them must be there with the same values and score, the numbers
must have no gap, each finished trial must be the one sealed run in its place with that accuracy, and no two of them
share a run unless one says so.

How to read it: "lost", "changed" and "counted_twice" must be 0. Whether the best is confirmed is a finding, not a test:
the program ends with 0 whatever it is.

Cost: the minutes, and some seconds for each start. Needs the extra `search`.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.common import FASHIONLAB, Evidence, announce
from fashionlab.search.folder import SearchFolder, list_searches
from fashionlab.search.summary import Trial
from fashionlab.search.trials import Trials

VARY = (
    "learning_rate=0.0003..0.01:log", "dropout=0..0.5", "weight_decay=0.0001..0.05:log", "label_smoothing=0..0.2",
    "batch_size=32/64/128/256", "norm=batch/layer/none",
)  # fmt: skip

KILLS = (0.25, 0.5)
"""Shares of the minutes after which it is killed."""


def run_for(command: list[str], seconds: float | None) -> int | None:
    """Run a command; kill it and all of its children after so many seconds. None if it was killed, else its status."""
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None


def read(folder: SearchFolder) -> tuple[Trial, ...]:
    """The trials, as the database has them."""
    plan = folder.plan
    store = Trials(folder.database, plan.fields, plan.seed, plan.objective == "accuracy", plan.prune)
    try:
        return store.all()
    finally:
        store.close()


def check(folder: SearchFolder, known: list[tuple[Trial, ...]]) -> dict[str, int]:
    """What became of the trials that had ended at each kill, and whether each finished one is one run."""
    trials = {trial.number: trial for trial in read(folder)}
    before = [trial for each in known for trial in each if trial.state != "under way"]
    finished = [trial for trial in trials.values() if trial.state == "finished"]
    own = [trial for trial in finished if trial.same_as is None]
    runs = sorted(path.name for path in (folder.path / "runs").iterdir())
    scores = {trial.number: folder.run_of(trial.number).metrics.validation for trial in own}
    return {
        "trials": len(trials),
        "finished": len(finished),
        "pruned": sum(trial.state == "pruned" for trial in trials.values()),
        "failed": sum(trial.state == "failed" for trial in trials.values()),
        "not_finished": sum(trial.state == "under way" for trial in trials.values()),
        "ended_at_kills": len(before),
        "lost": sum(trial.number not in trials for trial in before) + len(trials) - max([*trials, -1]) - 1,
        "changed": sum(trials.get(trial.number) != trial for trial in before)
        + sum(score is None or score.accuracy != trials[number].accuracy for number, score in scores.items()),
        "counted_twice": abs(len(runs) - len(own))
        + len(own) - len({msgspec.json.encode(trial.values, order="sorted") for trial in own}),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="of trials and confirmation together [10]")
    parser.add_argument("--epochs", type=int, default=12, help="of each run [12]")
    parser.add_argument("--dataset", default="fashion-mnist", help="[fashion-mnist]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given = parser.parse_args()
    evidence, known, kills = Evidence("search_kills"), list[tuple[Trial, ...]](), list[float]()
    with tempfile.TemporaryDirectory() as place:
        runs = ["--runs", place]
        vary = [word for field in VARY for word in ("--vary", field)]
        settings = ["--epochs", str(given.epochs), "--dataset", given.dataset]
        begin = [*FASHIONLAB, "search", "mlp", *vary, *settings, "--minutes", str(given.minutes), *runs]
        started = time.monotonic()
        commands = [begin, *[[*FASHIONLAB, "search", "resume", "last", *runs]] * len(KILLS)]
        for command, share in zip(commands, [*KILLS, None], strict=True):
            until = None if share is None else started + 60 * given.minutes * share - time.monotonic()
            status = run_for(command, until)
            if status is not None:
                break
            kills.append(round(time.monotonic() - started, 1))
            known.append(read(list_searches(Path(place))[0]))
            announce(f"killed after {kills[-1]:.0f} s, with {len(known[-1])} trials")
        seconds = time.monotonic() - started
        folder = list_searches(Path(place))[0]
        summary = folder.summary
        results: dict[str, Any] = {"kills_after_seconds": kills, "seconds": round(seconds, 1), **check(folder, known)}
        if summary:
            results |= {"importance": summary.importance, "best": summary.best, "fields": list(VARY)}
            results["confirmed"] = msgspec.to_builtins(summary.confirmed)
            results["trials_in_order"] = msgspec.to_builtins(summary.trials)
    shown = {name: value for name, value in results.items() if name not in ("trials_in_order", "confirmed")}
    announce(json.dumps(shown, indent=2))
    evidence.write(given.json, 1, results)
    good = status == 0 and not any(results[name] for name in ("lost", "changed", "counted_twice"))
    return 0 if good and len(kills) == len(KILLS) else 1


if __name__ == "__main__":
    sys.exit(main())
