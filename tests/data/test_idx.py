"""The IDX reader against files that are good, damaged, or lie."""

import gzip
import math
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fashionlab.data.idx import inflate, read_idx, write_idx
from fashionlab.errors import DataInvalid

IMAGES = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


@given(arrays.arrays(st.sampled_from([np.uint8, np.int32]), arrays.array_shapes(min_dims=1, max_dims=4, max_side=5)))
def test_what_is_written_is_read(array: np.ndarray) -> None:
    found = read_idx(write_idx(array), "x", array.ndim)
    assert np.array_equal(found, array)
    assert found.dtype.itemsize == array.dtype.itemsize
    assert not found.flags.writeable


@given(st.binary(max_size=200), st.integers(1, 4))
def test_any_bytes_are_an_array_or_one_sentence(content: bytes, dimensions: int) -> None:
    try:
        found = read_idx(content, "x", dimensions)
    except DataInvalid as error:
        said = str(error)
    else:
        assert found.nbytes == len(content) - 4 - 4 * dimensions
        said = "x is an array"
    assert said.startswith("x ")
    assert "\n" not in said


@given(st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3), st.integers(0, 100))
@example([0, 3_036_988_439, 3_037_012_561], 0)
def test_a_lying_header_costs_no_memory(shape: list[int], rest: int) -> None:
    content = struct.pack(">HBB3I", 0, 8, 3, *shape) + bytes(rest)
    # No array has sides whose product is beyond the machine's integers, also if another side is 0.
    possible = math.prod(size for size in shape if size) <= sys.maxsize
    if math.prod(shape) == rest and possible:
        assert read_idx(content, "x", 3).shape == tuple(shape)
    else:
        with pytest.raises(DataInvalid, match=f"the header claims {shape[0]} x {shape[1]} x {shape[2]}"):
            read_idx(content, "x", 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x is empty; expected IDX data"),
        (b"\0\0\x08", "x begins with b'\\x00\\x00\\x08'; expected IDX data"),
        (b"\0\0\x0d\x03" + bytes(12), "x declares numbers of type 0x0d; expected 0x08 (unsigned byte) or"),
        (write_idx(IMAGES[0, 0]), "x has 1 dimensions, which would be labels; expected 3"),
        (write_idx(IMAGES)[:10], "x is truncated: it ends within its header, after 10 bytes"),
        (write_idx(IMAGES)[:-1], "x is truncated, or its header is wrong: the header claims 2 x 3 x 3,"),
        (write_idx(IMAGES) + b"!", "x is longer than its header says: the header claims 2 x 3 x 3, which"),
        (b"<!DOCTYPE html><html>", "x is an HTML page"),
    ],
)  # fmt: skip
def test_each_failure_has_its_own_message(content: bytes, message: str) -> None:
    with pytest.raises(DataInvalid) as failure:
        read_idx(content, "x", 3)
    assert str(failure.value).startswith(message)


def test_inflate_takes_gzip_as_well_as_raw(tmp_path: Path) -> None:
    content = write_idx(IMAGES)
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(content))
    several = gzip.compress(content[:5]) + gzip.compress(content[5:])
    assert inflate(content, 100) == inflate(gzip.compress(content), 100) == inflate(path, 100) == content
    assert inflate(several, 100) == content
    assert inflate(content, len(content)) == inflate(gzip.compress(content), len(content)) == content


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


COMPRESSED = gzip.compress(write_idx(IMAGES), mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (COMPRESSED[:-9], "x is truncated: its gzip data end after"),
        (COMPRESSED[:-1], "x is truncated: its gzip data end after 34 decompressed bytes"),
        (flipped(COMPRESSED, 12), "x is damaged: its gzip data do not decompress"),
        (
            flipped(COMPRESSED, len(COMPRESSED) - 8),
            "x is damaged: its gzip data do not decompress",
        ),  # the checksum
        (COMPRESSED + b"tail", "x is damaged: its gzip data do not decompress"),
        (
            b"\n <html><title>Sign in</title>",
            "x is an HTML page (a login or error page saved under this name?)",
        ),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied", "x is an XML document"),
        (b"version https://git-lfs.github.com/spec/v1", "x is a Git LFS pointer"),
        (b"PK\3\4", "x begins with b'PK\\x03\\x04'; expected IDX data"),
        (b"", "x is empty"),
        (gzip.compress(bytes(10**7)), "x holds more than the 1,000 bytes, decompressed, that are allowed"),
        (bytes(1001), "x holds more than the 1,000 bytes, decompressed, that are allowed"),
    ],
)
def test_inflate_refuses_in_its_own_words(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    for source in (content, tmp_path / "x"):
        with pytest.raises(DataInvalid) as failure:
            inflate(source, 1000, "x")
        assert str(failure.value).startswith(message)


@given(st.integers(0, len(COMPRESSED) - 1), st.integers(0, 7))
def test_any_flipped_bit_is_noticed_or_harmless(at: int, bit: int) -> None:
    damaged = bytearray(COMPRESSED)
    damaged[at] ^= 1 << bit
    try:
        content = inflate(bytes(damaged), 1000, "x")
    except DataInvalid:
        return
    assert content == write_idx(IMAGES)  # a flag or a time in gzip's own header


def test_a_bomb_is_not_decompressed_beyond_the_limit() -> None:
    import tracemalloc

    bomb = gzip.compress(bytes(2**26))
    tracemalloc.start()
    with pytest.raises(DataInvalid, match="holds more than"):
        inflate(bomb, 2**20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**23
