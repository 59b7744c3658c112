"""What a finished run came to, and whether two came to the same: for `benchmarks.kill` and the tests."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.store import list_runs
from fashionlab.store.format import from_npz


@dataclass(frozen=True)
class Outcome:
    """All of a sealed run that its recipe decides; times are left out.

    weights: by name; weights_sha256: of the file; history: by column, without `seconds`; norms, snapshots: the
    files.
    """

    weights: dict[str, np.ndarray]
    weights_sha256: str
    history: dict[str, list[float]]
    norms: bytes
    snapshots: bytes | None
    predictions: dict[str, np.ndarray]
    accuracy: float


def read_outcome(runs: Path) -> Outcome:
    """The outcome of the only run in a folder. Raises RuntimeError if there is another number, or it is not sealed."""
    found = list_runs(runs)
    if len(found) != 1 or not found[0].complete:
        raise RuntimeError(f"expected one complete run in {runs}, found {[(run.name, run.complete) for run in found]}")
    run, path = found[0], found[0].path / "predictions.npz"
    metrics = run.metrics.test
    if metrics is None:
        raise RuntimeError(f"the run {run.name} has no test predictions")
    return Outcome(
        weights=run.weights,
        weights_sha256=hashlib.sha256(run.read("weights.safetensors")).hexdigest(),
        history={column: values for column, values in run.history.items() if column != "seconds"},
        norms=run.read("norms.csv"),
        snapshots=None if run.snapshots is None else run.snapshots.to_bytes(),
        predictions=from_npz(run.read("predictions.npz"), path),
        accuracy=metrics.accuracy,
    )


def difference(one: Outcome, other: Outcome) -> dict[str, Any]:
    """Empty if they are equal to the bit; else what differs, and by how much."""
    wrong: dict[str, Any] = {}
    if one.weights_sha256 != other.weights_sha256:
        wrong["weights"] = _largest(one.weights, other.weights)
    if one.history != other.history:
        columns = [name for name in one.history if one.history[name] != other.history.get(name)]
        wrong["history"] = {"columns": columns, "epochs": [len(one.history["epoch"]), len(other.history["epoch"])]}
    if one.norms != other.norms:
        wrong["norms"] = "differ"
    if one.snapshots != other.snapshots:
        wrong["snapshots"] = "differ"
    same_names = one.predictions.keys() == other.predictions.keys()
    if not same_names or any(not np.array_equal(a, other.predictions[n]) for n, a in one.predictions.items()):
        wrong["predictions"] = _largest(one.predictions, other.predictions)
        wrong["accuracy"] = [one.accuracy, other.accuracy]
    return wrong


def _largest(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float | str:
    """The largest absolute difference of any entry."""
    if {name: a.shape for name, a in one.items()} != {name: a.shape for name, a in other.items()}:
        return "names or shapes differ"
    return max(float(np.max(np.abs(a.astype(np.float64) - other[name]))) for name, a in one.items())
