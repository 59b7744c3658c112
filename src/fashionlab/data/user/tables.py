"""Tables: a label and the pixels of an image in each row, as Kaggle has them; plain, gzip-compressed, or in a zip."""

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from fashionlab.data.checks import CONTENT_LIMIT, RawArrays
from fashionlab.data.progress import shown_if_slow
from fashionlab.data.user.spellings import set_of, shown
from fashionlab.errors import DataInvalid
from fashionlab.files import open_regular

LONGEST_LINE = 2**23
"""Bytes of a row: a million pixels of up to four digits and more."""

MOST_MEMBERS = 64
"""Members of a zip: a data set has a table for each of its sets."""

DIRECTORY_LIMIT = 2**20
"""Bytes of a zip's list of members."""

ROWS = 2048
"""Rows that are converted at once."""

LABELS = ("label", "labels", "class", "target", "y", "category")

_TABLE = re.compile(r"\.(csv|tsv)(\.gz|\.zip)?$", re.IGNORECASE)


def is_table(name: str) -> bool:
    """Whether a file's name is a table's."""
    return bool(_TABLE.search(name)) or name.lower().endswith(".zip")


def read_tables(paths: Sequence[Path], where: Path) -> RawArrays:
    """The sets of one or several tables; with several, each one's name says which set it holds.

    Raises DataInvalid, naming the file and the row.
    """
    with ExitStack() as open_files:
        streams = {name: stream for path in paths for name, stream in _open(path, open_files)}
        sets: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        notes: list[str] = []
        named: dict[str, str] = {}
        for name, stream in streams.items():
            prefix = "" if len(streams) == 1 else set_of(Path(name).name)
            if prefix is None:
                notes.append(f"left out {name}, as its name does not say whether it is for training or testing")
                continue
            if prefix in named:
                raise DataInvalid(
                    f"{where}: {named[prefix]} and {name} both seem to hold the same set; keep one of them"
                )
            with shown_if_slow(f"reading {name}"):
                found = _read(stream, name)
            if found is None:
                notes.append(f"left out {name}, which has no column of labels")
                continue
            named[prefix] = name
            sets[prefix] = found
    if "" not in sets:
        raise DataInvalid(
            f"{where} holds no table of training images ({shown(streams)}); expected a label and the pixels of an "
            "image in each row, label,pixel1,pixel2,…"
        )
    arrays: dict[str, Any] = {f"{prefix}images": images for prefix, (images, _) in sets.items()}
    arrays |= {f"{prefix}labels": labels for prefix, (_, labels) in sets.items()}
    return RawArrays(**arrays, notes=tuple(notes), test_from=Path(named.get("test_", "")).name)


def _open(path: Path, files: ExitStack) -> Iterator[tuple[str, BinaryIO]]:
    file = files.enter_context(open_regular(path, follow_links=True))
    if path.name.lower().endswith(".gz"):
        yield str(path), cast(BinaryIO, gzip.GzipFile(fileobj=file))
    elif path.name.lower().endswith(".zip"):
        try:
            size = path.stat().st_size
            file.seek(max(0, size - DIRECTORY_LIMIT))
            archive = files.enter_context(zipfile.ZipFile(file))
            members = [info for info in archive.infolist() if not info.is_dir() and "__MACOSX" not in info.filename]
            tables = [info for info in members if _TABLE.search(info.filename)]
            if not tables or len(members) > MOST_MEMBERS:
                raise DataInvalid(
                    f"{path} holds {len(members):,} files ({shown((m.filename for m in members), 3)}); expected a "
                    "table .csv in it: unzip it and give the folder"
                )
            for info in tables:
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise DataInvalid(f"{path}: {info.filename} is compressed in an unusual way; unzip it first")
                yield f"{path}: {info.filename}", cast(BinaryIO, archive.open(info))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
            raise DataInvalid(f"{path} cannot be read: {error}") from None
    else:
        yield str(path), file


def _read(stream: BinaryIO, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Images [n, pixels] and labels of a table; None where there is no column of labels."""
    lines = _lines(stream, name)
    first = next(lines, b"")
    comma = max((b",", b";", b"\t"), key=first.count)
    cells = [cell.strip().strip('"') for cell in first.decode("utf-8", "replace").split(comma.decode())]
    if len(cells) < 5:
        raise DataInvalid(
            f"{name} has {len(cells)} columns; expected a label and the pixels of an image in each row; in place of "
            "a list of files, make a folder of images for each class"
        )
    header = not all(_is_number(cell) for cell in cells[1:-1])
    place = 0
    if header:
        known = [number for number, cell in enumerate(cells) if cell.lower() in LABELS]
        if not known:
            return None
        place = known[0]
        if place not in (0, len(cells) - 1):
            raise DataInvalid(f"{name} has its column {cells[place]!r} in the middle; expected it first or last")
    images: list[np.ndarray] = []
    labels: list[str] = []
    size = 0
    rows = lines if header else chain([first], lines)
    while block := _block(rows, comma, place, labels):
        try:
            values = np.loadtxt(block, np.float32, delimiter=comma.decode(), ndmin=2, comments=None)
            if images and values.shape[1] != images[0].shape[1]:
                raise ValueError(f"{values.shape[1]} pixels, others have {images[0].shape[1]}")
        except ValueError as error:
            raise DataInvalid(
                f"{name}: rows {len(labels) - len(block) + 1:,} to {len(labels):,} are not all a label and numbers: "
                f"{error}"
            ) from None
        whole = values.min() >= 0 and values.max() <= 255 and (values == np.floor(values)).all()
        images.append(values.astype(np.uint8) if whole else values)
        size += images[-1].nbytes
        if size > CONTENT_LIMIT:
            raise DataInvalid(f"{name} holds images beyond {CONTENT_LIMIT:,} bytes")
    if not labels:
        raise DataInvalid(f"{name} has no rows")
    found = np.array(labels)
    try:
        return np.concatenate(images), found.astype(np.float64)
    except ValueError:
        return np.concatenate(images), found


def _block(lines: Iterator[bytes], comma: bytes, place: int, labels: list[str]) -> list[str]:
    """The pixels of the next rows, as text; their labels are added to `labels`."""
    block: list[str] = []
    for line in lines:
        label, _, rest = line.partition(comma) if place == 0 else line.rpartition(comma)[::-1]
        labels.append(label.decode("utf-8", "replace").strip().strip('"')[:200])
        block.append(rest.decode("ascii", "replace"))
        if len(block) == ROWS:
            break
    return block


def _lines(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """The lines that are not empty. Raises DataInvalid for one that is too long, and for damaged content."""
    read = 0
    try:
        while line := stream.readline(LONGEST_LINE + 1):
            read += len(line)
            if len(line) > LONGEST_LINE or read > CONTENT_LIMIT:
                raise DataInvalid(
                    f"{name} has a row of more than {LONGEST_LINE:,} bytes, or more than {CONTENT_LIMIT:,} in all"
                )
            line = line.strip().removeprefix(b"\xef\xbb\xbf")
            if line:
                yield line
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        raise DataInvalid(f"{name} is truncated or damaged: {error}") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
