"""Data and recipes that would cost memory or time: refused in a sentence before they are read."""

import gzip
import io
import os
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionlab.data import load
from fashionlab.data.idx import inflate, write_idx
from fashionlab.errors import DataInvalid, UsageError
from fashionlab.images import decode
from fashionlab.recipe.toml import read_toml

IDX = write_idx(np.zeros((2, 3, 3), np.uint8))
LIMIT = 2**32


def refused(work: Callable[[], object], message: str, kind: type[Exception] = DataInvalid) -> None:
    """It ends with this error in one line, soon, and without much memory."""
    tracemalloc.start()
    start = time.monotonic()
    with pytest.raises(kind, match=message) as failure:
        work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "\n" not in str(failure.value)
    assert time.monotonic() - start < 10
    assert peak < 100e6


@pytest.mark.parametrize("as_file", [True, False])
def test_a_gzip_is_unpacked_as_far_as_its_header_says(as_file: bool, tmp_path: Path) -> None:
    packed = gzip.compress(IDX + bytes(2**28))
    (tmp_path / "x").write_bytes(packed)
    source = tmp_path / "x" if as_file else packed
    refused(lambda: inflate(source, LIMIT, "x"), "x .*longer than its header says, which claims 34 bytes in all")


def test_a_gzip_without_an_idx_header_is_not_unpacked() -> None:
    packed = gzip.compress(bytes(2**28))
    refused(lambda: inflate(packed, LIMIT, "x"), "x holds more than the 1,048,576 bytes")


def test_a_hundred_thousand_empty_streams_take_no_time() -> None:
    streams = gzip.compress(b"", mtime=0) * 100_000
    assert inflate(gzip.compress(IDX) + streams, LIMIT) == IDX


def test_a_long_file_with_a_wrong_header_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as file:
        file.write(IDX)
        file.truncate(2**32)
    refused(lambda: inflate(tmp_path / "x", LIMIT), "longer than its header says")


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz", "classes.txt"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_pipes_and_devices_in_a_folder_are_not_waited_for(name: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(write_idx(np.zeros((4, 3, 3), np.uint8)))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(write_idx(np.array([0, 1, 0, 1], np.uint8)))
    for path in (tmp_path / name, tmp_path / name.removesuffix(".gz")):
        path.unlink(missing_ok=True)
    make_special(tmp_path / name, kind)
    refused(lambda: load(str(tmp_path)), f"{name} cannot be read: it is not a regular file")


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_neither_are_those_in_place_of_data_images_and_recipes(kind: str, tmp_path: Path) -> None:
    for name in ("x.npz", "x.png", "x.toml"):
        make_special(tmp_path / name, kind)
    refused(lambda: load(str(tmp_path / "x.npz")), "x.npz is neither a file nor a folder")
    refused(lambda: decode(tmp_path / "x.png"), "x.png cannot be read: it is not a regular file")
    refused(lambda: read_toml(tmp_path / "x.toml"), "x.toml: it is not a regular file", UsageError)


def make_special(path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")


def npy(shape: tuple[int, ...], rest: bytes, descr: str = "|u1") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue() + rest


def npz(path: Path, method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> str:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return str(path)


HEADER_OF_PARENTHESES = b"(" * 9000
NOT_A_CHARACTER = npy((1,), struct.pack("<I", 0xFFFFFFFF), "<U1")


@pytest.mark.parametrize(
    ("x_train", "message"),
    [
        (npy((2, 3, 3), bytes(2**27)), "x_train is damaged: its header says 18 bytes, and 134,217,728 follow"),
        (npy((-2, -9), bytes(18)), "x_train has an impossible shape in its header"),
        (npy((0, 2**70), b""), "x_train has an impossible shape in its header"),
        (npy((1,) * 65, bytes(1)), "x_train has an impossible shape in its header"),
        (b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + HEADER_OF_PARENTHESES, "x_train is not a NumPy array"),
    ],
)
def test_an_array_is_measured_before_it_is_unpacked(x_train: bytes, message: str, tmp_path: Path) -> None:
    path = npz(tmp_path / "x.npz", x_train=x_train, y_train=npy((2,), b"\0\1"))
    refused(lambda: load(path), message)


def test_class_names_that_are_none(tmp_path: Path) -> None:
    arrays = {"x_train": npy((2, 3, 3), bytes(18)), "y_train": npy((2,), b"\0\1")}
    path = npz(tmp_path / "x.npz", **arrays, class_names=NOT_A_CHARACTER)
    refused(lambda: load(path), "class_names holds invalid characters")
    many = npy((70_000,), bytes(4 * 70_000), "<U1")
    path = npz(tmp_path / "y.npz", **arrays, class_names=many)
    refused(lambda: load(path), "class_names holds 70,000 names")


def test_an_archive_of_another_compression_or_of_too_many_members(tmp_path: Path) -> None:
    arrays = {"x_train": npy((2, 3, 3), bytes(18)), "y_train": npy((2,), b"\0\1")}
    refused(lambda: load(npz(tmp_path / "x.npz", zipfile.ZIP_BZIP2, **arrays)), "x_train is compressed in another way")
    members = {f"{number:0100}": b"" for number in range(8000)}
    path = npz(tmp_path / "y.npz", **arrays, **members)
    refused(lambda: load(path), "its list of members has more than 1,048,576 bytes")


def test_a_folder_of_too_many_files_is_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashionlab.data.user.folders.MOST_ENTRIES", 5)
    (tmp_path / "a").mkdir()
    for number in range(6):
        (tmp_path / "a" / f"{number}.png").touch()
    refused(lambda: load(str(tmp_path)), "a holds more than 5 files")


def test_an_image_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "x.png").open("wb") as file:
        file.truncate(2**34)
    refused(lambda: decode(tmp_path / "x.png"), "x.png cannot be read: it has 17,179,869,184 bytes, at most")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a" + ".a" * 50_000 + " = 1", "has a line with more than 100 dots"),
        ("seed = " + "9" * 10_000, "is not valid TOML"),
        ("seed = " + "[" * 100_000, "is not valid TOML"),
        ("#" * 2**19, "it has 524,288 bytes, at most 262,144 are allowed"),
    ],
)
def test_a_recipe_that_would_exhaust_its_parser(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(text)
    refused(lambda: read_toml(tmp_path / "x.toml"), message, UsageError)


@pytest.mark.parametrize("kind", [struct.error, IndexError, TypeError, OverflowError, MemoryError, KeyError])
def test_whatever_a_decoder_raises_is_one_sentence(
    kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(image: Image.Image) -> None:
        raise kind

    Image.new("L", (2, 2)).save(tmp_path / "x.png")
    monkeypatch.setattr(Image.Image, "load", fail)
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", fail)
    refused(lambda: decode(tmp_path / "x.png"), f"x.png cannot be decoded: {kind.__name__}")


def test_labels_beyond_the_images_are_counted_before_anything_is_made_of_them(tmp_path: Path) -> None:
    images, labels = np.arange(432, dtype=np.uint8).reshape(12, 6, 6), np.zeros(2**24, np.uint8)
    np.savez(tmp_path / "x.npz", x_train=images, y_train=labels, x_test=images, y_test=np.arange(12) % 3)
    refused(lambda: load(str(tmp_path / "x.npz")), "training labels: there are 16,777,216 for 12 images")


def test_a_table_is_read_no_further_than_a_row_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b"1," * 2**26))
    refused(lambda: load(str(tmp_path / "x.csv.gz")), "has a row of more than 8,388,608 bytes")


def test_archives_of_tables_that_will_not_do(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    for members, method, message in (
        (
            {"a.png": b""},
            zipfile.ZIP_STORED,
            "holds 1 files .* expected a table .csv in it: unzip it and give the folder",
        ),
        ({f"{n}.csv": b"" for n in range(65)}, zipfile.ZIP_STORED, "holds 65 files"),
        ({"train.csv": b"1,2,3,4,5\n"}, zipfile.ZIP_BZIP2, "train.csv is compressed in an unusual way; unzip it first"),
        ({"train.csv": b""}, zipfile.ZIP_STORED, "train.csv has 1 columns; expected a label"),
    ):
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        refused(lambda: load(str(path)), message)
    path.write_bytes(b"PK\x03\x04 nonsense")
    refused(lambda: load(str(path)), "x.zip cannot be read: File is not a zip file")


def test_folders_too_deep_are_not_walked(tmp_path: Path) -> None:
    deep = tmp_path / "a"
    for _ in range(40):
        deep = deep / "b"
    deep.mkdir(parents=True)
    (tmp_path / "c").mkdir()
    refused(lambda: load(str(tmp_path)), "lies more than 32 folders deep")
