"""The IDX format: MNIST's container for one array of numbers.

    bytes 0-1   zero
    byte  2     type of the numbers: 0x08 unsigned byte, 0x0C 32-bit integer, big-endian
    byte  3     number of dimensions, d
    4 bytes each, d times, big-endian: the size of each dimension
    then the numbers, row by row

Files come as they are or gzip-compressed. Nothing in a header is believed before the length of the content has been
compared with it, and decompression stops at a stated limit.
"""

import math
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.errors import DataInvalid

TYPES: dict[int, np.dtype[Any]] = {0x08: np.dtype("u1"), 0x0C: np.dtype(">i4")}
"""Type byte -> the numbers' type; MNIST and its relatives use no other."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
"""zlib's code for "a gzip header and trailer, checksum verified"."""


def inflate(source: Path | bytes, limit: int, name: str = "") -> bytes:
    """The content of a file that may be gzip-compressed: at most `limit` bytes, decompressed.

    `source` is a path or the file's bytes; `name` stands for it in messages (a path's own name if empty). Raises
    DataInvalid for a truncated or damaged gzip stream, for content beyond `limit`, and for HTML or other content that
    is neither gzip nor IDX; OSError as the system raises it.
    """
    if isinstance(source, Path):
        name = name or source.name
        # One gzip stream is never much longer than its content: a longer file need not be read to be refused.
        if source.stat().st_size > limit + limit // 100 + 1024:
            raise DataInvalid(_too_long(name, limit))
        source = source.read_bytes()
    if not source.startswith(_GZIP_MAGIC):
        if not source.startswith(b"\0\0"):
            raise DataInvalid(f"{name} {_what_it_is(source)}; expected IDX data, as it is or gzip-compressed")
        if len(source) > limit:
            raise DataInvalid(_too_long(name, limit))
        return source
    parts: list[bytes] = []
    size = 0
    while source:  # a gzip file may consist of several streams, one after the other
        stream = zlib.decompressobj(_GZIP_WINDOW)
        try:
            part = stream.decompress(source, limit - size + 1)
        except zlib.error as error:
            raise DataInvalid(f"{name} is damaged: its gzip data do not decompress ({error})") from None
        size += len(part)
        if size > limit:
            raise DataInvalid(_too_long(name, limit))
        if not stream.eof:
            raise DataInvalid(f"{name} is truncated: its gzip data end after {size:,} decompressed bytes")
        parts.append(part)
        source = stream.unused_data
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_idx(content: bytes, name: str, dimensions: int) -> np.ndarray:
    """The array that decompressed IDX `content` holds, uint8 or big-endian int32, with `dimensions` dimensions.

    The array is read-only and shares the memory of `content`. Raises DataInvalid, one sentence that begins with
    `name`, when the content is not IDX, holds another type or number of dimensions, or is shorter or longer than its
    header says.
    """
    if len(content) < 4 or content[:2] != b"\0\0":
        raise DataInvalid(f"{name} {_what_it_is(content)}; expected IDX data, which begin with two zero bytes")
    type_code, found = content[2], content[3]
    if type_code not in TYPES:
        raise DataInvalid(
            f"{name} declares numbers of type 0x{type_code:02x}; expected 0x08 (unsigned byte) or 0x0c (32-bit integer)"
        )
    if found != dimensions:
        kind = {1: "labels", 3: "images"}
        seems = f", which would be {kind[found]}" if found in kind else ""
        raise DataInvalid(f"{name} has {found} dimensions{seems}; expected {dimensions}")
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise DataInvalid(f"{name} is truncated: it ends within its header, after {len(content)} bytes")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    # Python's integers do not overflow, so a header that claims 2^96 bytes is compared as what it claims.
    expected = math.prod(shape) * TYPES[type_code].itemsize
    actual = len(content) - start
    if actual != expected:
        claim = " x ".join(str(size) for size in shape)
        verdict = "truncated, or its header is wrong" if actual < expected else "longer than its header says"
        raise DataInvalid(
            f"{name} is {verdict}: the header claims {claim}, which is {expected:,} bytes, and {actual:,} follow"
        )
    if math.prod(filter(None, shape)) * TYPES[type_code].itemsize > sys.maxsize:
        # A side of 0 hides that the others are more than an array may have.
        raise DataInvalid(f"{name} has a wrong header: the header claims {' x '.join(map(str, shape))}")
    array: np.ndarray = np.frombuffer(content, TYPES[type_code], offset=start).reshape(shape)
    return array


def header(array: np.ndarray) -> bytes:
    """The IDX header of a uint8 array, or of an integer array that is to be stored as big-endian int32."""
    code = 0x08 if array.dtype == np.uint8 else 0x0C
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)


def write_idx(array: np.ndarray) -> bytes:
    """`array` (uint8, or integers within int32) as an IDX file's content, not compressed."""
    stored = array if array.dtype == np.uint8 else array.astype(">i4")
    return header(array) + stored.tobytes()


def _too_long(name: str, limit: int) -> str:
    return f"{name} holds more than the {limit:,} bytes, decompressed, that are allowed; it was read no further"


def _what_it_is(content: bytes) -> str:
    """A guess, for people, at what bytes that are not IDX are instead."""
    start = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not content:
        return "is empty"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<!--")):
        return "is an HTML page (a login or error page saved under this name?)"
    if start.startswith((b"<?xml", b"<error")):
        return "is an XML document (a server's error message saved under this name?)"
    if start.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the file itself"
    if content.startswith(_GZIP_MAGIC):
        return "is gzip-compressed twice"
    return f"begins with {content[:8]!r}"
