"""Killed at random moments and resumed: is the run the same, bit for bit, as one that was never interrupted?

    python -m benchmarks.kill --json evidence/kill.json

For each trainer: an unbroken run first, twice. Then trials, until so many kills have struck: the same training in a
fresh folder; at a moment drawn uniformly over the time from its first checkpoint to its end, SIGKILL to the parent, to
the worker, or to both, in turn; a resumption, which may be killed again at a moment of the same range; and so on until
one ends by itself. Compared are weights.safetensors, norms.csv and snapshots.npz byte for byte, history.csv without
`seconds`, and the arrays of predictions.npz. Besides: the two unbroken runs with one another, and one on one core
instead of all.

How to read it: "equal" must be as many as the trials. A process that ended before its moment was not killed, and a
trial in which none was is made again. "One core" may differ: how a matrix product is divided among threads decides
the order of its sums.

Cost: about 20 minutes on 2 cores for 40 kills of each trainer, with a small network on the tests' 600 images, whose
checkpoint is written ten times a second; --kills, --trainers and --epochs make it small. Stopped, it goes on where it
was. Linux only: elsewhere a program cannot be confined to a core, nor does /proc name its children.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, SAMPLE, Evidence, announce, print_table
from benchmarks.journal import Journal
from benchmarks.outcome import Outcome, difference, read_outcome
from fashionlab.machine import pinned_to, usable_cores

VICTIMS = ("parent", "worker", "both")

TRAINERS = ("fused", "tape", "fit")

SMALL = {"dataset": str(SAMPLE), "widths": [64, 32], "batch_size": 8}
"""What is trained: 480 images, 60 steps per epoch, of a millisecond or two each."""

DRIVER = """
import json, sys
from fashionlab import lab
verb, seconds, arguments = json.loads(sys.argv[1])
getattr(lab, verb)(**arguments, execution=lab.ExecutionOptions(checkpoint_seconds=seconds, report=False))
"""
"""The verbs in Python: the command line offers no checkpoint interval, and the page would only take time."""

TIMEOUT = 900.0
"""Seconds after which a process counts as hung."""


@dataclass(frozen=True)
class Job:
    """What is trained; settings: of the recipe, and the trainer, by name."""

    settings: dict[str, Any]
    checkpoint_seconds: float

    def train(self, runs: Path) -> list[str]:
        """The command that begins."""
        return self._drive("train", {"runs": str(runs), **self.settings})

    def resume(self, runs: Path) -> list[str]:
        """The command that goes on."""
        return self._drive("resume", {"run": "last", "runs": str(runs)})

    def _drive(self, verb: str, arguments: dict[str, Any]) -> list[str]:
        return [sys.executable, "-c", DRIVER, json.dumps([verb, self.checkpoint_seconds, arguments])]


@dataclass(frozen=True)
class Unbroken:
    """A run that nobody disturbed. seconds: from its first checkpoint to the end of its process."""

    outcome: Outcome
    seconds: float


def run_unbroken(job: Job, runs: Path, core: int | None = None) -> Unbroken:
    """Train from start to end in fresh processes. core: the only one that they may use, None for all."""
    runs.mkdir(parents=True)
    with log_of(runs).open("w") as log:
        with pinned_to(core):
            process = subprocess.Popen(job.train(runs), stdout=log, stderr=log, cwd=ROOT)
        wait_for_checkpoint(process, runs)
        start = time.monotonic()
        status = process.wait(TIMEOUT)
    if status:
        raise RuntimeError(f"the unbroken run ended with status {status}: {tail(runs)}")
    return Unbroken(read_outcome(runs), time.monotonic() - start)


def interrupted_equals_unbroken(
    job: Job, unbroken: Unbroken, folder: Path, victim: str, chance: random.Random, most_kills: int = 3
) -> dict[str, Any]:
    """One trial in a fresh folder: kill at random moments, resume until it ends, compare.

    Returns the kills, whether the run is equal, and where not. A process that ends before its moment was not killed; a
    run without any kill does not count and is made again.
    """
    for take in range(10):
        runs = folder / f"runs-{take}"
        kills = kill_and_resume(job, unbroken.seconds, runs, victim, chance, most_kills)
        if kills:
            break
    else:
        raise RuntimeError(f"no process lived until its moment, drawn from {unbroken.seconds:.1f} s")
    wrong = difference(unbroken.outcome, read_outcome(runs))
    return {"victim": victim, "kills": kills, "equal": not wrong, "difference": wrong}


def kill_and_resume(
    job: Job, seconds: float, runs: Path, victim: str, chance: random.Random, most_kills: int
) -> list[dict[str, Any]]:
    """Train to the end with up to `most_kills` kills, each at a moment within `seconds`; return those that struck.

    Of each: its moment as a share of `seconds`, how many resumptions went before, what the run was doing.
    """
    kills: list[dict[str, Any]] = []
    runs.mkdir(parents=True)
    command, wanted = job.train(runs), chance.randint(1, most_kills)
    with log_of(runs).open("w") as log:
        while True:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
            wait_for_checkpoint(process, runs)
            share = chance.random()
            killed = len(kills) < wanted and kill_after(process, share * seconds, victim)
            trained = any(runs.glob("*/weights.safetensors"))
            status = process.wait(TIMEOUT)
            if not killed:
                break
            phase = "after training" if trained else "training"
            kills.append({"share": round(share, 4), "resumptions": len(kills), "phase": phase, "status": status})
            command = job.resume(runs)
    if status:
        raise RuntimeError(f"a resumption ended with status {status}: {tail(runs)}")
    return kills


def wait_for_checkpoint(process: "subprocess.Popen[bytes]", runs: Path) -> None:
    """Return when the run in the folder has a checkpoint or is complete, or the process has ended."""
    deadline = time.monotonic() + TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        if any(runs.glob("*/checkpoint/state.safetensors")) or any(runs.glob("*/complete.json")):
            return
        time.sleep(0.01)


def kill_after(process: "subprocess.Popen[bytes]", seconds: float, victim: str) -> bool:
    """SIGKILL the parent, its worker or both after so many seconds; False if it had ended, or has no worker then."""
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        pass
    workers = children_of(process.pid)
    if victim != "parent" and not workers:
        return False
    for worker in workers if victim != "parent" else []:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    if victim != "worker":
        process.send_signal(signal.SIGKILL)
    return True


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in path.read_text(encoding="ascii").split()]
        except OSError:
            continue
    return found


def log_of(runs: Path) -> Path:
    """Where the processes that train in this folder leave what they say."""
    return runs.with_suffix(".log")


def tail(runs: Path) -> str:
    """The end of what they said."""
    return log_of(runs).read_text(encoding="utf-8", errors="replace")[-2000:]


def measure(job: Job, folder: Path, kills: int, seed: str, journal: Journal) -> dict[str, Any]:
    """The unbroken run, the same again, on one core, and trials until so many kills have struck.

    seed: of the moments; it also names the trials in the journal.
    """
    first = run_unbroken(job, folder / "first").outcome
    # The second is the measure of time: the first may also have compiled.
    unbroken = run_unbroken(job, folder / "second")
    one_core = run_unbroken(job, folder / "one-core", usable_cores()[0]).outcome
    announce(f"{seed}: {unbroken.seconds:.1f} s from the first checkpoint to the end")
    trials: list[dict[str, Any]] = []
    while sum(len(trial["kills"]) for trial in trials) < kills:
        number = len(trials)
        name, victim = f"{seed}, trial {number}", VICTIMS[number % len(VICTIMS)]
        if name not in journal.found:
            place = folder / f"trial-{number}"
            trial = interrupted_equals_unbroken(job, unbroken, place, victim, random.Random(name))
            shutil.rmtree(place)
            journal.add(name, trial)
            shares = ", ".join(f"{kill['share']:.2f} ({kill['phase']})" for kill in trial["kills"])
            announce(f"{name}: {victim} killed at {shares}: {'equal' if trial['equal'] else trial['difference']}")
        trials.append(journal.found[name])
    return {
        "seconds_unbroken": unbroken.seconds,
        "epochs": len(unbroken.outcome.history["epoch"]),
        "accuracy": unbroken.outcome.accuracy,
        "fresh_process": {"equal": not difference(unbroken.outcome, first)},
        "one_core": {
            "equal": not difference(unbroken.outcome, one_core),
            "difference": difference(unbroken.outcome, one_core),
            "accuracy": one_core.accuracy,
        },
        "trials": trials,
        "equal": sum(trial["equal"] for trial in trials),
        "kills": sum(len(trial["kills"]) for trial in trials),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40, help="that must strike each trainer [40]")
    parser.add_argument("--trainers", default=",".join(TRAINERS), help=f"[{','.join(TRAINERS)}]")
    parser.add_argument("--epochs", type=int, default=40, help="of each run [40]")
    parser.add_argument("--seed", type=int, default=0, help="of the moments [0]")
    parser.add_argument("--json", type=Path, help="also write the results there; stopped, it goes on where it was")
    given = parser.parse_args()
    if sys.platform != "linux":
        parser.error(f"runs on Linux alone, this is {sys.platform}")
    evidence, journal = Evidence("kill"), Journal(given.json)
    # A run that patience ended would be too short to be killed.
    settings = {**SMALL, "epochs": given.epochs, "patience": given.epochs}
    results: dict[str, Any] = {}
    for trainer in given.trainers.split(","):
        job = Job({**settings, "trainer": trainer}, checkpoint_seconds=0.1)
        with tempfile.TemporaryDirectory() as folder:
            results[trainer] = measure(job, Path(folder), given.kills, f"{trainer}, seed {given.seed}", journal)
    rows = [["killed, resumed", "kills", "runs", "equal", "fresh process", "one core"]]
    for trainer, found in results.items():
        numbers = [found["kills"], len(found["trials"]), found["equal"]]
        same = ["equal" if found[way]["equal"] else "differs" for way in ("fresh_process", "one_core")]
        rows.append([trainer, *map(str, numbers), *same])
    print_table(rows)
    settings["dataset"] = SAMPLE.name
    evidence.write(given.json, given.kills, {"settings": settings, "trainers": results})
    journal.close()
    good = [found["equal"] == len(found["trials"]) and found["fresh_process"]["equal"] for found in results.values()]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
