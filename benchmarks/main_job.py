"""The main job, whole: `fashionlab train` against a script that does what the original notebook does.

    python -m benchmarks.main_job --json evidence/main-job.json

What is timed is the process, from the command to its exit: start, imports, data, compilation, training at each
one's default settings, evaluation, figures. For each seed in turn: the script (`original_notebook.py`); ours with
a cold cache (a new FASHIONLAB_CACHE that holds only the data files); ours again with the cache that this left, in
another folder of runs. Both read the same verified files from disk; neither downloads. Before the first, each one's
imports are run once, so that none pays for reading its libraries from the disk.

How to read it: "times ours" is the script's time by ours, seed by seed: median (least to greatest); accuracies are
on the test set, the difference in points of the means. The program fails if a process of ours imports TensorFlow.

Cost: about 8 minutes for three seeds on 2 cores. Needs TensorFlow.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import FASHIONLAB, ROOT, Evidence, announce, data_folder, print_table, ratios, spread

SCRIPT, COLD, WARM = "script", "cold", "warm"

LABELS = {
    SCRIPT: "original notebook as a script",
    COLD: "fashionlab train, cold cache",
    WARM: "fashionlab train, warm cache",
}

TRAP = "from pathlib import Path\nPath({marker!r}).touch()\nraise ImportError('this must not be imported')\n"
"""A package `tensorflow` that tells on whoever imports it."""


def run(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Seconds and standard output of a process. Ends the program with what it said if it fails."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        announce(done.stderr[-3000:])
        raise SystemExit(f"{' '.join(command[1:])} ended with status {done.returncode}")
    return seconds, done.stdout


def run_script(data: Path, folder: Path, seed: int) -> dict[str, Any]:
    script = str(ROOT / "benchmarks" / "original_notebook.py")
    command = [sys.executable, script, str(data), "--seed", str(seed), "--out", str(folder / f"script-{seed}")]
    seconds, output = run(command, {})
    result = json.loads(output.splitlines()[-1])
    return {"seconds": seconds, "test_accuracy": result["test_accuracy"], "epochs": result["epochs"]}


def run_ours(folder: Path, kind: str, seed: int, settings: list[str]) -> dict[str, Any]:
    command = [*FASHIONLAB, "train", "--seed", str(seed), "--runs", str(folder / f"{kind}-{seed}"), "--json"]
    environment = {"FASHIONLAB_CACHE": str(folder / f"cache-{seed}")}
    seconds, output = run([*command, *settings], environment)
    metrics = json.loads(output)["metrics"]
    return {
        "seconds": seconds,
        "test_accuracy": metrics["test"]["accuracy"],
        "epochs": metrics["epochs"],
        "training_seconds": metrics["seconds"]["training"],
    }


def prepare_cache(data: Path, cache: Path) -> None:
    """A cache that holds nothing but the data set."""
    target = cache / "fashion-mnist"
    target.mkdir(parents=True)
    for file in data.iterdir():
        if file.is_file():
            shutil.copy(file, target)


def imports_tensorflow(data: Path, folder: Path) -> bool:
    """Whether any process of `fashionlab train` imports TensorFlow, seen in a short run of its own."""
    marker, trap = folder / "imported", folder / "trap" / "tensorflow"
    trap.mkdir(parents=True)
    (trap / "__init__.py").write_text(TRAP.format(marker=str(marker)), encoding="utf-8")
    prepare_cache(data, folder / "cache-trap")
    path = os.pathsep.join(filter(None, [str(trap.parent), os.environ.get("PYTHONPATH", "")]))
    environment = {"FASHIONLAB_CACHE": str(folder / "cache-trap"), "PYTHONPATH": path}
    short = ["--epochs", "1", "--limit", "2000", "--runs", str(folder / "trapped")]
    run([*FASHIONLAB, "train", *short], environment)
    return marker.exists()


def measure(seeds: list[int], data: Path, folder: Path, settings: list[str]) -> dict[str, list[dict[str, Any]]]:
    """By kind, a result for each seed."""
    results: dict[str, list[dict[str, Any]]] = {kind: [] for kind in LABELS}
    for seed in seeds:
        prepare_cache(data, folder / f"cache-{seed}")
        results[SCRIPT].append(run_script(data, folder, seed))
        results[COLD].append(run_ours(folder, COLD, seed, settings))
        results[WARM].append(run_ours(folder, WARM, seed, settings))
        for kind, rows in results.items():
            row = rows[-1]
            announce(
                f"seed {seed} {kind:>6}: {row['seconds']:6.1f} s  {row['epochs']} epochs  {row['test_accuracy']:.2%}"
            )
    return results


def summarise(results: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Medians of the times, ratios seed by seed, means of the accuracies."""
    seconds = {kind: [row["seconds"] for row in rows] for kind, rows in results.items()}
    means = {kind: statistics.mean(row["test_accuracy"] for row in rows) for kind, rows in results.items()}
    return {
        "seconds": {kind: spread(values) for kind, values in seconds.items()},
        "times_ours": {kind: ratios(seconds[SCRIPT], seconds[kind]) for kind in (COLD, WARM)},
        "mean_test_accuracy": means,
        "points_above_script": 100 * (means[WARM] - means[SCRIPT]),
        "cold_and_warm_agree": all(
            cold["test_accuracy"] == warm["test_accuracy"]
            for cold, warm in zip(results[COLD], results[WARM], strict=True)
        ),
    }


def print_results(results: dict[str, list[dict[str, Any]]], summary: dict[str, Any]) -> None:
    rows = [["whole process", "median s", "min", "max", "script's time by this", "epochs", "mean test accuracy"]]
    for kind, label in LABELS.items():
        seconds, ratio = summary["seconds"][kind], summary["times_ours"].get(kind)
        rows.append(
            [
                label,
                *(f"{seconds[key]:.1f}" for key in ("median", "min", "max")),
                f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})" if ratio else "",
                " ".join(str(row["epochs"]) for row in results[kind]),
                f"{summary['mean_test_accuracy'][kind]:.2%}",
            ]
        )
    print_table(rows)
    print(f"ours is {summary['points_above_script']:+.2f} points from the script, n = {len(results[SCRIPT])} seeds")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 [3]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    parser.add_argument("settings", nargs="*", help="settings of `fashionlab train`, after --; default: none")
    given = parser.parse_args()
    evidence = Evidence("main_job")
    data = data_folder()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        announce("one short run of each, not counted")
        run([sys.executable, "-c", "import tensorflow, keras, sklearn.metrics, matplotlib.pyplot"], {})
        if imports_tensorflow(data, folder):
            raise SystemExit("fashionlab train imported TensorFlow, expected that it needs none")
        results = measure(list(range(given.seeds)), data, folder, given.settings)
    summary = summarise(results)
    print_results(results, summary)
    evidence.write(given.json, given.seeds, {**summary, "runs": results, "ours_imports_tensorflow": False})
    return 0


if __name__ == "__main__":
    sys.exit(main())
