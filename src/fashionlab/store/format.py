"""The format of a run: names, columns, versions, and how each file's bytes are made and read.

docs/run-format.md describes it for people and other programs.
"""

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from fashionlab.errors import RunCorrupt

FORMAT_VERSION = 1
"""Raised when a reader of the old format could not read the new one."""

RESULTS_VERSION = 2
"""Raised when a change of the code changes the numbers that a recipe gives, so that old runs no longer stand for it."""

CORE = (
    "recipe.json",
    "environment.json",
    "history.csv",
    "norms.csv",
    "weights.safetensors",
    "predictions.npz",
    "metrics.json",
)
"""The files that every sealed run has; one made with a user's own model file also has `model.py`."""

MODEL_FILE = "model.py"

HISTORY_COLUMNS = ("epoch", "seconds", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
NORMS_COLUMNS = ("epoch", "layer", "weight_norm", "update_norm")

LARGEST_FILE = 2 * 1024**3
"""Bytes; a larger file of a run is refused unread."""


def to_json(document: Any) -> bytes:
    """Readable JSON. NaN and infinity are not JSON and raise ValueError: write null where a value is missing."""
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def identity(request: Mapping[str, Any]) -> str:
    """SHA-256 of a request (the content of `recipe.json`): equal requests give equal numbers."""
    return hashlib.sha256(json.dumps(request, sort_keys=True, allow_nan=False).encode()).hexdigest()


def to_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A table with a header; floats in the shortest form that reads back to the same bits, NaN as an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if isinstance(v := row[column], float) and math.isnan(v) else v for column in columns])
    return text.getvalue().encode()


def from_csv(content: bytes) -> dict[str, list[Any]]:
    """The inverse of `to_csv`, by column: whole numbers for `epoch`, text for `layer`, floats elsewhere."""
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    columns = next(csv.reader(io.StringIO(content.decode())), [])
    kinds: dict[str, Any] = {"epoch": int, "layer": str}

    def value(column: str, text: str) -> Any:
        return math.nan if text == "" else kinds.get(column, float)(text)

    return {column: [value(column, row[column]) for row in rows] for column in columns}


def to_tensors(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> bytes:
    """A safetensors file."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    # ascontiguousarray turns a scalar into a vector of one; the shape is part of what is checked when it is read.
    return save_safetensors(
        {name: array.reshape(tensors[name].shape) for name, array in contiguous.items()}, dict(metadata or {})
    )


def from_tensors(content: bytes, name: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors and metadata of a safetensors file. Raises RunCorrupt if it is not one."""
    try:
        tensors = load_safetensors(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except (SafetensorError, ValueError) as error:
        raise RunCorrupt(f"{name} is not a whole safetensors file: {error}") from None
    return tensors, header.get("__metadata__", {})


def to_npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """A NumPy archive."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own keywords
    return file.getvalue()


def from_npz(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of a NumPy archive; nothing is unpickled."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
