"""How much faster are a study's runs with two workers than with one?

    python -m benchmarks.study_throughput --json evidence/study-throughput.json

A round makes the same runs with one worker and with two, one after the other, in alternating order. Workers are pinned
to a core each, as in a study, and have made a run before the clock starts: what is compared is the throughput of a
study under way, not the start of its processes, which is reported separately.

How to read it: `speedup` is runs a second with two workers by runs a second with one, round by round. Two cores share
memory and caches, so less than 2. Other work on the machine makes it smaller, never larger.

Cost: about 5 minutes on 2 cores; --epochs, --limit, --jobs and --rounds make it small.
"""

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.common import Evidence, announce, print_table, ratios, spread
from benchmarks.journal import Journal

if TYPE_CHECKING:
    from fashionlab.recipe.spec import RunSpec


def make_specs(count: int, settings: dict[str, Any]) -> "list[RunSpec]":
    """Specs of a study's runs: the reference network with as many seeds."""
    from fashionlab.data import load
    from fashionlab.recipe.recipe import Recipe
    from fashionlab.studies.design.plan import StudyContext

    recipe = Recipe.make("mlp", settings)
    arm = StudyContext(load(recipe.data.dataset)).make_arm("mlp", recipe)
    return [arm.spec.with_seed(seed) for seed in range(count)]


def make_runs(workers: int, specs: "list[RunSpec]", work: Path) -> dict[str, float]:
    """Seconds that the runs take with so many workers, and those until each worker had made its first run."""
    from fashionlab.studies.execution.local import Job, LocalExecutor

    executor = LocalExecutor(workers, work)

    def work_off(jobs: list[Job]) -> float:
        start, waiting, left = time.monotonic(), list(jobs), len(jobs)
        while left:
            for _ in range(min(executor.free, len(waiting))):
                executor.submit(waiting.pop(0))
            news = executor.wait(60)
            if news is None or news.event is not None:
                continue
            if news.folder is None:
                raise RuntimeError(f"a run failed: {news.reason}")
            left -= 1
        return time.monotonic() - start

    try:
        starting = work_off([Job(f"first-{number}", specs[0], None) for number in range(workers)])
        seconds = work_off([Job(f"run-{number}", spec, None) for number, spec in enumerate(specs)])
    finally:
        executor.close()
    return {"starting": starting, "seconds": seconds}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="[5]")
    parser.add_argument("--jobs", type=int, default=4, help="runs in each half of a round [4]")
    parser.add_argument("--epochs", type=int, default=3, help="of each run [3]")
    parser.add_argument("--limit", type=int, help="rows of the training set [all]")
    parser.add_argument("--dataset", default="fashion-mnist", help="[fashion-mnist]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given = parser.parse_args()
    evidence, journal = Evidence("study_throughput"), Journal(given.json, 2 * given.rounds)
    settings = {"epochs": given.epochs, "dataset": given.dataset, **({"limit": given.limit} if given.limit else {})}
    specs = make_specs(given.jobs, settings)
    found: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for number in range(given.rounds):
        for workers in (1, 2) if number % 2 == 0 else (2, 1):
            with tempfile.TemporaryDirectory() as folder:
                make = partial(make_runs, workers, specs, Path(folder))
                figures = journal.once(f"round {number}, {workers} worker(s)", make)
            found[workers].append(figures)
            announce(f"round {number}: {workers} worker(s), {given.jobs} runs in {figures['seconds']:.1f} s")
    seconds = {workers: [figures["seconds"] for figures in rounds] for workers, rounds in found.items()}
    speedup = ratios(seconds[1], seconds[2])
    table = [["workers", "s for the runs", "runs a minute", "s to start"]]
    for workers, rounds in found.items():
        middle = spread(seconds[workers])["median"]
        start = spread([figures["starting"] for figures in rounds])["median"]
        table.append([str(workers), f"{middle:.1f}", f"{60 * given.jobs / middle:.1f}", f"{start:.1f}"])
    print_table(table)
    print(f"two workers: {speedup['median']:.2f} times ({speedup['min']:.2f} to {speedup['max']:.2f})")
    results = {
        "settings": settings,
        "jobs": given.jobs,
        "seconds": {str(workers): spread(values) for workers, values in seconds.items()},
        "starting": {str(w): spread([figures["starting"] for figures in rounds]) for w, rounds in found.items()},
        "speedup": speedup,
    }
    evidence.write(given.json, given.rounds, results)
    journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
