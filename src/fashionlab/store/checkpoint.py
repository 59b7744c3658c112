"""The state of an unfinished run, in one file: tensors with the progress in their header.

One file is one rename: there is no moment in which tensors and progress disagree.
"""

import hashlib
from collections.abc import Mapping
from typing import TypeVar

import msgspec
import numpy as np

from fashionlab.errors import RunCorrupt, RunIncomplete
from fashionlab.files import write_atomically
from fashionlab.store.format import from_json, from_tensors, read_file, to_tensors
from fashionlab.store.run import Run

FILE = "state.safetensors"

ORIGIN = "origin.safetensors"
"""The weights from which a run starts, where they are another run's: kept as long as the run is unfinished."""

REMEDY = "delete the run and train anew"

Progress = TypeVar("Progress")


def save_checkpoint(run: Run, progress: msgspec.Struct, tensors: Mapping[str, np.ndarray]) -> None:
    """Replace the run's checkpoint. Raises StoreError (disk full) and leaves the last one as it was."""
    text = msgspec.json.encode(progress).decode()
    metadata = {"progress": text, "sha256": _digest(run.spec.identity, text, tensors)}
    write_atomically(run.checkpoint / FILE, to_tensors(tensors, metadata))


def has_checkpoint(run: Run) -> bool:
    """Whether there is anything to resume."""
    return (run.checkpoint / FILE).is_file()


def save_origin(run: Run, weights: bytes) -> None:
    """Keep with a run the `weights.safetensors` of another one, from which it is to start."""
    write_atomically(run.checkpoint / ORIGIN, weights)


def load_origin(run: Run) -> dict[str, np.ndarray]:
    """What `save_origin` kept, by name. Raises RunIncomplete if there is nothing, RunCorrupt if it is damaged."""
    path = run.checkpoint / ORIGIN
    try:
        return from_tensors(read_file(path, REMEDY), path)[0]
    except FileNotFoundError:
        raise RunIncomplete(f"run {run.name} has lost the weights that it starts from; {REMEDY}") from None


def load_checkpoint(run: Run, kind: type[Progress]) -> tuple[Progress, dict[str, np.ndarray]]:
    """Progress and tensors of the last checkpoint. Raises RunIncomplete if there is none, RunCorrupt if damaged."""
    path = run.checkpoint / FILE
    try:
        content = read_file(path, REMEDY)
    except FileNotFoundError:
        raise RunIncomplete(f"run {run.name} stopped before its first checkpoint; delete it and train anew") from None
    tensors, metadata = from_tensors(content, path)
    progress = metadata.get("progress", "")
    if metadata.get("sha256") != _digest(run.spec.identity, progress, tensors):
        raise RunCorrupt(f"{path} is damaged, or of another recipe or version (its checksum differs); {REMEDY}")
    return from_json(progress.encode(), kind, path, REMEDY), tensors


def _digest(identity: str, progress: str, tensors: Mapping[str, np.ndarray]) -> str:
    """Of all that a checkpoint says, and of the spec that it belongs to."""
    digest = hashlib.sha256(f"{identity}\n{progress}\n".encode())
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {array.dtype.str} {tensors[name].shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
