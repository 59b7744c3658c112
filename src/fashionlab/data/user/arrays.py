"""The user's own data, in whichever form: IDX files and .npz here, tables and folders of images in their modules."""

import io
import math
import os
import re
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.data.checks import CONTENT_LIMIT, RawArrays
from fashionlab.data.idx import inflate, read_idx
from fashionlab.data.user.folders import read_image_folders, visible_names
from fashionlab.data.user.spellings import assign, shown
from fashionlab.data.user.tables import is_table, read_tables
from fashionlab.errors import DataInvalid
from fashionlab.files import open_regular, read_capped
from fashionlab.images import AS_FOUND, Preparation

IDX_NAMES = {
    "images": "train-images-idx3-ubyte",
    "labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
CLASSES = "classes.txt"
FORMS = (
    "a folder of image folders (one for each class), a folder of IDX files, an .npz file, or a table .csv, .csv.gz or "
    ".csv.zip; docs/own-data.md shows each"
)
"""The forms that own data may have, for messages."""

DIRECTORY_LIMIT = 2**20
"""Bytes of an archive's list of members: five names need a few hundred."""

HEADER_LIMIT = 2**16
"""Bytes in which the header of an array ends."""

CHUNK = 2**18
"""Bytes that are unpacked at once."""

CLASSES_LIMIT = 2**24
"""Bytes of class names in an archive, of which NumPy pads each to the longest."""

MOST_CLASSES = 2**16
"""Class names that are read."""


def read_own(path: Path, preparation: Preparation = AS_FOUND) -> RawArrays:
    """The user's own data, in whichever of the forms they are; not yet checked against each other.

    Raises DataInvalid, one sentence that names the file.
    """
    try:
        if not path.is_dir():
            if not path.is_file():
                raise DataInvalid(f"{path} is neither a file nor a folder; expected {FORMS}")
            if path.suffix.lower() == ".npz":
                return read_npz(path)
            if is_table(path.name):
                return read_tables([path], path)
            raise DataInvalid(f"{path} is a file, but neither an .npz nor a .csv; expected {FORMS}")
        names = visible_names(path)
        if any(_IDX.search(name) for name in names):
            return read_idx_folder(path, names)
        tables = [path / name for name in names if is_table(name)]
        if tables and not any((path / name).is_dir() for name in names):
            return read_tables(tables, path)
        archives = [name for name in names if name.lower().endswith(".npz")]
        if len(archives) == 1 and not any((path / name).is_dir() for name in names):
            return read_npz(path / archives[0])
        return read_image_folders(path, preparation)
    except OSError as error:
        raise DataInvalid(f"{error.filename or path} cannot be read: {error.strerror or error}") from None


_IDX = re.compile(r"[-._]idx[0-9]?([-._]ubyte)?(\.gz)?$", re.IGNORECASE)


def read_idx_folder(folder: Path, names: list[str]) -> RawArrays:
    """IDX files, each also as .gz, under MNIST's names or others that say set and content; perhaps `classes.txt`."""
    files: dict[str, Path] = {}
    for name in names:
        if _IDX.search(name):
            plain = re.sub(r"\.gz$", "", name, flags=re.IGNORECASE)
            # Of a file and its packed double the plain one is taken: whoever unpacks keeps both.
            if plain not in files or name == plain:
                files[plain] = folder / name
    found, others = assign(files, str(folder))
    if "images" not in found:
        raise DataInvalid(
            f"{folder} lacks {IDX_NAMES['images']} (or {IDX_NAMES['images']}.gz); it holds {shown(names)}"
        )
    arrays = {
        field: read_idx(inflate(files[name], CONTENT_LIMIT), str(files[name]), 3 if "images" in field else 1)
        for field, name in found.items()
    }
    read = {path.name for path in files.values()} | set(files)
    rest = [name for name in names if name not in read and name.removesuffix(".gz") not in files and name != CLASSES]
    return RawArrays(
        **arrays,
        class_names=_read_classes(folder / CLASSES),
        notes=left_out([*others, *rest], folder),
        test_from=found.get("test_images", ""),
    )


def read_npz(path: Path) -> RawArrays:
    """An .npz with training images and labels, and perhaps those of other sets, and class names. Nothing in it is
    unpickled."""
    try:
        with open_regular(path, follow_links=True) as file, zipfile.ZipFile(_ShortReads(file)) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            found, others = assign(members, str(path))
            if "images" not in found:
                raise DataInvalid(f"{path} lacks x_train and y_train, or the like; it holds {shown(members)}")
            arrays = {field: _read_npy(archive, members[key], f"{path}: {key}") for field, key in found.items()}
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError) as error:
        raise DataInvalid(f"{path} is truncated or damaged: {error}") from None
    except (NotImplementedError, RuntimeError) as error:  # an encrypted member, or an unknown compression
        raise DataInvalid(f"{path} cannot be read: {error}") from None
    names = arrays.pop("class_names", None)
    class_names = None if names is None else _texts(names, f"{path}: {found['class_names']}")
    return RawArrays(
        **arrays, class_names=class_names, notes=left_out(others, path), test_from=found.get("test_images", "")
    )


def left_out(names: Sequence[str], where: Path) -> tuple[str, ...]:
    """A sentence on what was not read; none where all was."""
    named = "its name says" if len(names) == 1 else "their names say"
    return (f"not read from {where}, as {named} nothing of images or labels: {shown(names)}",) if names else ()


class _ShortReads(io.BufferedReader):
    """A file that refuses long reads: zipfile reads its directory in one, of whatever length the archive says."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As any file's, up to DIRECTORY_LIMIT."""
        content = super().read(DIRECTORY_LIMIT + 1 if size is None or not 0 <= size <= DIRECTORY_LIMIT else size)
        if len(content) > DIRECTORY_LIMIT:
            raise zipfile.BadZipFile(f"its list of members has more than {DIRECTORY_LIMIT:,} bytes")
        return content


def _read_npy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> np.ndarray:
    """One array of an .npz; by hand, because NumPy's reader allocates what the header claims unseen."""
    if info.file_size > CONTENT_LIMIT:
        raise DataInvalid(f"{name} would take {info.file_size:,} bytes; at most {CONTENT_LIMIT:,} are allowed")
    # Of the other methods zipfile unpacks whatever a read brings in one go, a thousand times as much or more.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataInvalid(f"{name} is compressed in another way than NumPy's; save it with np.savez_compressed")
    with archive.open(info) as member:
        start = member.read(HEADER_LIMIT)
        shape, fortran, dtype, begin = _npy_header(start, name)
        if dtype.hasobject:
            raise DataInvalid(
                f"{name} holds Python objects, which would have to be unpickled; expected numbers or texts, as "
                "np.array([...], dtype=str) or array.astype(str) gives them"
            )
        if dtype.kind not in "biufcUS":
            raise DataInvalid(f"{name} holds neither numbers nor text; expected an array of either")
        expected, given = math.prod(shape) * dtype.itemsize, info.file_size - begin
        if given != expected:
            raise DataInvalid(f"{name} is damaged: its header says {expected:,} bytes, and {given:,} follow")
        content = np.empty(expected, np.uint8)
        place = _fill(content, 0, start[begin:])
        while chunk := member.read(CHUNK):
            place = _fill(content, place, chunk)
    if place < expected:
        raise DataInvalid(f"{name} is truncated: {expected:,} bytes were announced, and {place:,} follow")
    try:
        if expected == 0:
            return np.empty(shape, dtype)
        return content.view(dtype).reshape(shape, order="F" if fortran else "C")
    except (ValueError, OverflowError, MemoryError, TypeError):
        raise DataInvalid(f"{name} has an impossible shape in its header") from None


def _npy_header(start: bytes, name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order, type, and where the numbers begin. Raises DataInvalid."""
    stream = io.BytesIO(start)
    try:
        version = np.lib.format.read_magic(stream)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a header that Python 2 wrote
            shape, fortran, dtype = reader(stream)
    # The header is a Python literal, and a hostile one exhausts its parser in various ways.
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, tokenize.TokenError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise DataInvalid(f"{name} is not a NumPy array: {reason}") from None
    if any(side < 0 for side in shape):
        raise DataInvalid(f"{name} has an impossible shape in its header")
    return shape, fortran, dtype, stream.tell()


def _fill(content: np.ndarray, place: int, chunk: bytes) -> int:
    """Put a chunk where it belongs; return the place of the next."""
    content[place : place + len(chunk)] = np.frombuffer(chunk, np.uint8)
    return place + len(chunk)


def _texts(names: np.ndarray, name: str) -> tuple[str, ...]:
    """Class names from an array of texts. Raises DataInvalid."""
    if names.dtype.kind != "U" or names.ndim != 1:
        raise DataInvalid(f"{name} is {names.dtype} {list(names.shape)}; expected one class name for each class")
    if len(names) > MOST_CLASSES or names.nbytes > CLASSES_LIMIT:
        raise DataInvalid(
            f"{name} holds {len(names):,} names in {names.nbytes:,} bytes; expected one class name for each class"
        )
    try:
        return tuple(str(each) for each in names)
    except (ValueError, SystemError):  # NumPy checks no code point; Python's own refusal is either
        raise DataInvalid(f"{name} holds invalid characters; expected one class name for each class") from None


def _read_classes(path: Path) -> tuple[str, ...] | None:
    """Class names, one a line, in the labels' order; None if there is no such file."""
    if not os.path.lexists(path):
        return None
    try:
        lines = read_capped(path, 2**20, follow_links=True).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DataInvalid(f"{path} is not UTF-8 text; expected one class name a line") from None
    names = tuple(line.strip() for line in lines if line.strip())
    if len(names) > MOST_CLASSES:
        raise DataInvalid(f"{path} names {len(names):,} classes; at most {MOST_CLASSES:,} are allowed")
    return names
