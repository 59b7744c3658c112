"""The user's own data: a folder of IDX files, an .npz file, or (in `folders`) a folder of image folders."""

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from fashionlab.data.checks import CONTENT_LIMIT, RawArrays
from fashionlab.data.idx import inflate, read_idx
from fashionlab.data.user.folders import read_image_folders
from fashionlab.errors import DataInvalid

IDX_NAMES = {
    "images": "train-images-idx3-ubyte",
    "labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
NPZ_NAMES = {"images": "x_train", "labels": "y_train", "test_images": "x_test", "test_labels": "y_test"}
CLASSES = "classes.txt"
FORMS = (
    f"a folder of IDX files ({', '.join(IDX_NAMES.values())}; each also as .gz; {CLASSES} a name a line), "
    f"an .npz file (arrays {', '.join(NPZ_NAMES.values())}, class_names), or a folder of image folders"
)
"""The forms that own data may have, for messages."""


def read_own(path: Path, announce: Callable[[str], None]) -> RawArrays:
    """The arrays of the user's own data, in whichever of the forms they are; not yet checked against each
    other.

    Raises DataInvalid, one sentence that names the file.
    """
    try:
        if path.is_file():
            if path.suffix.lower() != ".npz":
                raise DataInvalid(f"{path} is a file, but not an .npz; expected {FORMS}")
            return read_npz(path)
        if any(_idx_path(path, name) for name in IDX_NAMES.values()):
            return read_idx_folder(path)
        return read_image_folders(path, announce)
    except OSError as error:
        raise DataInvalid(f"{error.filename or path} cannot be read: {error.strerror or error}") from None


def read_idx_folder(folder: Path) -> RawArrays:
    """IDX files under MNIST's four names, each also as .gz; the test pair and `classes.txt` may be absent."""
    found = {field: _idx_path(folder, name) for field, name in IDX_NAMES.items()}
    for field in _required(found):
        if found[field] is None:
            raise DataInvalid(f"{folder} lacks {IDX_NAMES[field]} (or {IDX_NAMES[field]}.gz)")
    arrays = {
        field: read_idx(inflate(path, CONTENT_LIMIT), str(path), 3 if "images" in field else 1)
        for field, path in found.items()
        if path
    }
    return RawArrays(**arrays, class_names=_read_classes(folder / CLASSES))


def read_npz(path: Path) -> RawArrays:
    """An .npz with x_train, y_train and perhaps x_test, y_test, class_names. Nothing in it is unpickled."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            for field in _required({field: members.get(key) for field, key in NPZ_NAMES.items()}):
                if NPZ_NAMES[field] not in members:
                    holds = ", ".join(sorted(members)) or "nothing"
                    raise DataInvalid(f"{path} lacks the array {NPZ_NAMES[field]}; it holds {holds}")
            arrays = {
                key: _read_npy(archive, members[key], f"{path}: {key}")
                for key in (*NPZ_NAMES.values(), "class_names")
                if key in members
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
        raise DataInvalid(f"{path} is truncated or damaged: {error}") from None
    except (NotImplementedError, RuntimeError) as error:  # an encrypted member, or an unknown compression
        raise DataInvalid(f"{path} cannot be read: {error}") from None
    names = arrays.pop("class_names", None)
    if names is not None and (names.dtype.kind != "U" or names.ndim != 1):
        raise DataInvalid(f"{path}: class_names is {names.dtype} {list(names.shape)}; expected a list of texts")
    class_names = None if names is None else tuple(str(name) for name in names)
    return RawArrays(**{f: arrays[key] for f, key in NPZ_NAMES.items() if key in arrays}, class_names=class_names)


def _read_npy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> np.ndarray:
    """One array of an .npz; by hand, because NumPy's reader allocates what the header claims unseen."""
    if info.file_size > CONTENT_LIMIT:
        raise DataInvalid(f"{name} would take {info.file_size:,} bytes; at most {CONTENT_LIMIT:,} are allowed")
    content = archive.read(info)  # never more than the file_size just checked
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = reader(stream)
    except ValueError as error:
        raise DataInvalid(f"{name} is not a NumPy array: {str(error).splitlines()[0]}") from None
    if dtype.hasobject:
        raise DataInvalid(
            f"{name} holds Python objects, which would have to be unpickled; expected numbers, "
            "or for class_names np.array([...], dtype=str)"
        )
    start, expected = stream.tell(), math.prod(shape) * dtype.itemsize
    if len(content) - start != expected:
        raise DataInvalid(f"{name} claims {expected:,} bytes in its header, and {len(content) - start:,} follow")
    if expected == 0:
        return np.empty(shape, dtype)
    array: np.ndarray = np.frombuffer(content, dtype, offset=start).reshape(shape, order="F" if fortran else "C")
    return array


def _required(found: Mapping[str, object]) -> list[str]:
    """The training pair always; the test pair if either half of it is there."""
    test = ["test_images", "test_labels"]
    return ["images", "labels", *(test if any(found[field] for field in test) else [])]


def _idx_path(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _read_classes(path: Path) -> tuple[str, ...] | None:
    """Class names, one a line, in the labels' order; None if there is no such file."""
    if not path.is_file():
        return None
    if path.stat().st_size > 2**20:
        raise DataInvalid(f"{path} is longer than 1 MiB; expected one class name a line")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DataInvalid(f"{path} is not UTF-8 text; expected one class name a line") from None
    return tuple(line.strip() for line in lines if line.strip())
