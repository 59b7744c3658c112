"""What the programs here share: the evidence they write, the machine it was measured on, medians and ratios."""

import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fashionlab import machine
from fashionlab.recipe.spec import RESULTS_VERSION

ROOT = Path(__file__).resolve().parents[1]

SAMPLE = ROOT / "tests" / "data" / "fashion-sample.npz"
"""600 images of Fashion-MNIST and 200 to test, which the tests use: for what needs data, not accuracy."""

FASHIONLAB = [sys.executable, "-m", "fashionlab"]
"""`fashionlab` as a user types it, from the environment that runs the benchmark."""

PACKAGES = ("fashionlab", "keras", "jax", "jaxlib", "tensorflow", "torch", "numpy", "scikit-learn", "matplotlib")


class Evidence:
    """The JSON document of one measurement: made at its start, written at its end."""

    def __init__(self, name: str) -> None:
        """`name`: the module's name under `benchmarks`."""
        self.document: dict[str, Any] = {
            "benchmark": name,
            "command": command_of(name, sys.argv[1:]),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "code": describe_code(),
            "results_version": RESULTS_VERSION,
            "machine": describe_machine(),
            "versions": describe_versions(),
        }
        self._start = time.monotonic()
        self._others_start = others_seconds()

    def write(self, path: Path | None, n: int, results: dict[str, Any]) -> None:
        """Write to `path`, if there is one. n: how many independent measurements stand behind each figure."""
        took, others = round(time.monotonic() - self._start, 1), others_seconds()
        if others is not None and self._others_start is not None:
            busy = max(0.0, others - self._others_start) / max(took, 1e-9)
            self.document["machine"]["cores_busy_with_other_work"] = round(busy, 2)
        document = {**self.document, "seconds": took, "n": n, "results": results}
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
            announce(f"{path} written after {took:.0f} s")


def command_of(name: str, arguments: Sequence[str]) -> str:
    """How a program here is called, as its evidence records it. name: of the module under `benchmarks`."""
    return shlex.join(["python", "-m", f"benchmarks.{name}", *arguments])


def others_seconds() -> float | None:
    """Processor seconds since boot that this process and its children did not use, a hypervisor's theft included.

    None where the system does not tell: only Linux does.
    """
    try:
        text = Path("/proc/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    busy = [int(word) for word in text.split("\n", 1)[0].split()[1:9]]
    ours = sum(os.times()[:4])
    # user nice system idle iowait irq softirq steal
    return (sum(busy) - busy[3] - busy[4]) / os.sysconf("SC_CLK_TCK") - ours


def describe_code() -> dict[str, Any]:
    """The commit, and whether anything but evidence differs from it."""
    return {
        "commit": git("rev-parse", "HEAD"),
        "dirty": git("status", "--porcelain", "--", ".", ":(exclude)evidence") != "",
    }


def git(*arguments: str) -> str | None:
    """What git says in this repository; None where there is none, or it fails."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, system, and the load average of the last minute."""
    found = machine.describe_machine()
    return {
        "processor": found.processor + _processor_family(),
        "cores": found.cores,
        "memory_gib": found.memory_gib,
        "system": f"{platform.system()} {platform.release()}",
        "load_average_at_start": round(os.getloadavg()[0], 2),
    }


def _processor_family() -> str:
    """What tells generations apart that share a name: " (family 26, model 2)"; "" where the system does not tell."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    known = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    return f" (family {known['cpu family']}, model {known['model']})" if "cpu family" in known else ""


def describe_versions() -> dict[str, str | None]:
    """Of Python and the libraries that matter; null where one is not installed."""
    return {
        "python": platform.python_version(),
        **{name: machine.installed_version(name) or None for name in PACKAGES},
    }


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Median, least, greatest, and the values themselves in the order they were measured."""
    return {
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "values": list(values),
    }


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> dict[str, Any]:
    """The spread of the ratios pair by pair: of two contenders in the same round, or with the same seed."""
    return spread([above / below for above, below in zip(numerators, denominators, strict=True)])


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Columns in line, the first flush left and the others flush right; the first row is the header."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *rest = (
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *rest]))


def announce(message: str) -> None:
    """Tell whoever waits, on standard error."""
    print(message, file=sys.stderr, flush=True)


def data_folder() -> Path:
    """The folder with the four verified files of Fashion-MNIST; they are fetched if need be."""
    import fashionlab
    from fashionlab.data.cache import cache_folder

    fashionlab.load()
    named = os.environ.get("FASHIONLAB_DATA")
    return Path(named) if named else cache_folder() / "fashion-mnist"
