"""The format of a run's files: names, columns, and how each file's bytes are made and read.

docs/run-format.md describes it for people and other programs. Whatever is wrong with a file that is read becomes
RunCorrupt, with the file and the remedy.
"""

import csv
import io
import json
import math
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec
import numpy as np
from msgspec import Struct
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from fashionlab.errors import RunCorrupt
from fashionlab.files import read_capped
from fashionlab.models.own.source import LARGEST_ESTIMATOR
from fashionlab.text import one_line, readable_json

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

ESTIMATOR_FILE = "estimator.skops"
"""A user's own estimator, fitted; a run whose estimator could not be kept has none."""

MODEL_FOLDER = "model"
"""What a user's own model file needs from its folder: modules, weights."""

LARGEST_FILE = 2 * 1024**3
"""Bytes of arrays in a file: weights, predictions, the state of a training. A larger one is refused unread."""

LARGEST_DOCUMENT = 16 * 1024**2
"""The same for JSON and CSV: the summary of a study of a thousand seeds has a few."""

LARGEST = 1e40
"""Of the numbers that a document or a table may hold: beyond what float32 can express nothing was measured."""

LARGEST_WHOLE = 2**53
"""The same for whole numbers: larger ones are none that JSON's other readers can hold."""

REMEDY = "restore it from a copy, or train again"

Document = TypeVar("Document")

History = dict[str, list[float]]
"""`history.csv` by column: a list for each field of HistoryRow; NaN where there is no validation set."""


class _Format(Struct):
    format: int = 1


def to_json(document: Any) -> bytes:
    """Readable JSON of a struct or plain data. NaN and infinity are not JSON and raise ValueError."""
    return (readable_json(msgspec.to_builtins(document), indent=2) + "\n").encode()


def from_json(content: bytes, kind: type[Document], path: Path, remedy: str = REMEDY) -> Document:
    """The document of this type in a file's content; `path` and `remedy` are for the message. Raises RunCorrupt."""
    try:
        document = msgspec.json.decode(content, type=kind)
        _require_measured(msgspec.json.decode(content))
        return document
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RunCorrupt(f"{path} is damaged ({str(error) or type(error).__name__}); {remedy}") from None


def _require_measured(value: Any) -> None:
    """Raise ValidationError if plain data hold a number that nothing measured, counted or chosen could be."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            _require_measured(each)
    elif (isinstance(value, int) and abs(value) > LARGEST_WHOLE) or (isinstance(value, float) and _absurd(value)):
        raise msgspec.ValidationError(f"it holds the number {value:.3g}, which is beyond all that is measured")


def read_document(path: Path, kind: type[Document], remedy: str = REMEDY) -> Document:
    """The JSON document of this type in a file. Raises RunCorrupt, and FileNotFoundError if there is no such file."""
    return from_json(read_file(path, remedy), kind, path, remedy)


def read_versioned(content: bytes, kind: type[Document], path: Path, versions: range, remedy: str = REMEDY) -> Document:
    """As `from_json`, for a document that says its `format`: one of another version gets a sentence of its own."""
    found = from_json(content, _Format, path, remedy).format
    if found not in versions:
        raise RunCorrupt(
            f"{path} has format version {found}, this fashionlab reads {versions[0]} to {versions[-1]}; use the "
            "version that wrote it, or delete it and train again"
        )
    return from_json(content, kind, path, remedy)


def read_file(path: Path, remedy: str = REMEDY) -> bytes:
    """A file's bytes. Raises RunCorrupt if it is too large or cannot be read, FileNotFoundError if there is none.

    Of arrays the frame is looked at first: a file that is long and no archive is not read at all.
    """
    frame = _FRAMES.get(path.suffix)
    try:
        return read_capped(path, _LARGEST.get(path.suffix, LARGEST_DOCUMENT), look=frame)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RunCorrupt(f"{path} cannot be read: {error.strerror or error}; {remedy}") from None


def _look_at_tensors(file: BinaryIO, size: int) -> None:
    """Raise OSError unless a safetensors file is as long as its header says."""
    length = int.from_bytes(file.read(8), "little")
    try:
        if not 2 <= length <= min(LARGEST_DOCUMENT, size - 8):
            raise ValueError
        header = msgspec.json.decode(file.read(length), type=dict[str, _TensorPlace])
        ends = [place.data_offsets[1] for name, place in header.items() if name != "__metadata__"]
        if size != 8 + length + max(ends, default=0):
            raise ValueError
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise OSError("it is not a whole safetensors file") from None


class _TensorPlace(Struct):
    data_offsets: tuple[int, int] = (0, 0)


def _look_at_archive(file: BinaryIO, size: int) -> None:
    """Raise OSError unless an archive's list of members accounts for its bytes, packed and unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            unpacked, packed = (sum(getattr(m, name) for m in members) for name in ("file_size", "compress_size"))
    # What zipfile raises for a damaged directory, and for one of a kind that it does not know.
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        raise OSError("it is not a whole archive") from None
    if unpacked > LARGEST_FILE or size > packed + 1024 * (len(members) + 1):
        raise OSError(f"it would unpack to {unpacked:,} bytes, or has others between its members")


_FRAMES = {".safetensors": _look_at_tensors, ".npz": _look_at_archive, ".skops": _look_at_archive}
"""What is looked at before a file with this ending is read."""

_LARGEST = {".safetensors": LARGEST_FILE, ".npz": LARGEST_FILE, ".skops": LARGEST_ESTIMATOR}
"""Bytes of a file with this ending; others are documents."""


def to_csv(kind: type[Struct], rows: Iterable[Struct]) -> bytes:
    """A table with the fields of `kind` as its header; floats in the shortest form that reads back to the same bits, an
    empty cell for None. Text is cleaned: the names of layers come from users' models."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(kind.__struct_fields__)
    for row in rows:
        cells = msgspec.structs.astuple(row)
        writer.writerow(one_line(cell) if isinstance(cell, str) else cell for cell in cells)
    return text.getvalue().encode()


def from_csv(content: bytes, kind: type[Struct], path: Path) -> dict[str, list[Any]]:
    """The inverse of `to_csv`, by column: whole numbers, texts and floats (NaN for an empty cell), as `kind` says.

    Raises RunCorrupt for other columns, or cells that are no such numbers.
    """
    kinds: dict[str, Any] = {
        field.name: field.type if field.type in (int, str) else float for field in msgspec.structs.fields(kind)
    }
    try:
        reader = csv.DictReader(io.StringIO(content.decode()), strict=True)
        if tuple(reader.fieldnames or ()) != kind.__struct_fields__:
            raise ValueError(f"its columns are {', '.join(reader.fieldnames or ())}")
        rows = list(reader)
        if any(None in row for row in rows):
            raise ValueError("a row has more cells than there are columns")
        found = {
            name: [math.nan if row[name] == "" and of is float else of(row[name]) for row in rows]
            for name, of in kinds.items()
        }
        odd = next((name for name, of in kinds.items() if of is not str and any(map(_absurd, found[name]))), None)
        if odd:
            raise ValueError(f"its column {odd} holds a number that nothing measured could be")
        return found
    except (ValueError, TypeError, csv.Error) as error:
        raise RunCorrupt(f"{path} is damaged ({error}); {REMEDY}") from None


def _absurd(value: float) -> bool:
    """Infinite, or beyond all that float32 can express; NaN is an empty cell."""
    return abs(value) > LARGEST


def to_tensors(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> bytes:
    """A safetensors file."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    # ascontiguousarray turns a scalar into a vector of one; the shape is part of what is checked when it is read.
    return save_safetensors(
        {name: array.reshape(tensors[name].shape) for name, array in contiguous.items()}, dict(metadata or {})
    )


def from_tensors(content: bytes, path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors and metadata of a safetensors file. Raises RunCorrupt if it is not one."""
    try:
        tensors = load_safetensors(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return tensors, {str(k): str(v) for k, v in header.get("__metadata__", {}).items()}
    except (SafetensorError, ValueError, KeyError, AttributeError, RecursionError, MemoryError) as error:
        raise RunCorrupt(f"{path} is not a whole safetensors file ({error}); {REMEDY}") from None


def to_npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """A NumPy archive."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own keywords
    return file.getvalue()


def from_npz(content: bytes, path: Path) -> dict[str, np.ndarray]:
    """The arrays of a NumPy archive; nothing is unpickled. Raises RunCorrupt if it is not one, or would unpack to more
    than any file of a run holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_FILE:
                raise ValueError(f"it would unpack to more than {LARGEST_FILE:,} bytes")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        # A member that is no array comes out as bytes.
        if not all(isinstance(array, np.ndarray) for array in found.values()):
            raise ValueError("not all of its members are arrays")
        return found
    except (zipfile.BadZipFile, zlib.error, ValueError, TypeError, KeyError, EOFError, OSError, NotImplementedError,
            RuntimeError, MemoryError, SyntaxError) as error:  # fmt: skip
        raise RunCorrupt(f"{path} is not a whole NumPy archive ({error}); {REMEDY}") from None
