"""The IDX format: MNIST's container for one array of numbers.

    bytes 0-1   zero
    byte  2     type of the numbers: 0x08 unsigned byte, 0x0C 32-bit integer, big-endian
    byte  3     number of dimensions, d
    4 bytes each, d times, big-endian: the size of each dimension
    then the numbers, row by row

Files come as they are or gzip-compressed. Nothing in a header is believed before the length of the content has been
compared with it, and decompression stops at a stated limit and at what the header claims.
"""

import contextlib
import math
import struct
import sys
import zlib
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from fashionlab.errors import DataInvalid
from fashionlab.files import read_capped

TYPES: dict[int, np.dtype[Any]] = {0x08: np.dtype("u1"), 0x0C: np.dtype(">i4")}
"""Type byte -> the numbers' type; MNIST and its relatives use no other."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
"""zlib's code for "a gzip header and trailer, checksum verified"."""

_LOOK = 2**16
"""Bytes of a file that are looked at before the rest is read."""

_LONGEST_HEADER = 4 + 4 * 255
"""Bytes of the longest header that IDX allows."""

_WITHOUT_HEADER = 2**20
"""Bytes that content without an IDX header may have: enough to say what it is instead."""


def inflate(source: Path | bytes, limit: int, name: str = "") -> bytes:
    """The content of a file that may be gzip-compressed: at most `limit` bytes, and no more than its header claims.

    `source` is a path or the file's bytes; `name` stands for it in messages (a path's own name if empty). Raises
    DataInvalid for a truncated or damaged gzip stream, for content beyond those bounds, and for HTML or other content
    that is neither gzip nor IDX; OSError as the system raises it, and for what is not a regular file.
    """
    if isinstance(source, Path):
        name = name or source.name
        look = partial(_refuse_early, limit=limit, name=name)
        # The look comes first, because its sentence is the better one for a file that is too long.
        source = read_capped(source, sys.maxsize, follow_links=True, look=look)
    if source.startswith(_GZIP_MAGIC):
        return _gunzip(source, limit, name)
    _require_idx(source, name)
    bound = _bound(source, limit)
    if len(source) > bound:
        raise DataInvalid(_too_long(name, bound, limit))
    return source


def _refuse_early(file: BinaryIO, size: int, *, limit: int, name: str) -> None:
    """Raise DataInvalid for a file that is longer than it can be, by its size and its beginning alone."""
    start = file.read(_LOOK)
    bound = limit
    if start.startswith(_GZIP_MAGIC):
        with contextlib.suppress(zlib.error):  # which _gunzip reports
            bound = _bound(zlib.decompressobj(_GZIP_WINDOW).decompress(start, _LONGEST_HEADER), limit)
    else:
        _require_idx(start, name)
        bound = _bound(start, limit)
    if size > _packed(bound):
        raise DataInvalid(_too_long(name, bound, limit))


def _gunzip(packed: bytes, limit: int, name: str) -> bytes:
    """The content of gzip streams, one after the other, as far as the IDX header that it begins with lets it go."""
    parts: list[bytes] = []
    start, size, position = b"", 0, 0
    bound = _bound(start, limit)
    while position < len(packed):
        stream, step, piece = zlib.decompressobj(_GZIP_WINDOW), 1024, b""
        while not stream.eof:
            # Doubled, because zlib copies what follows a stream: given all at once, a million tiny streams take hours.
            piece = stream.unconsumed_tail or packed[position : position + step]
            if not stream.unconsumed_tail:
                position, step = position + len(piece), 2 * step
            if not piece:
                raise DataInvalid(f"{name} is truncated: its gzip data end after {size:,} decompressed bytes")
            try:
                part = stream.decompress(piece, bound - size + 1)
            except zlib.error as error:
                raise DataInvalid(f"{name} is damaged: its gzip data do not decompress ({error})") from None
            parts.append(part)
            size += len(part)
            if len(start) < _LONGEST_HEADER:
                start += part[:_LONGEST_HEADER]
                bound = _bound(start, limit)
            if size > bound:
                raise DataInvalid(_too_long(name, bound, limit))
        position -= len(stream.unused_data)
    return b"".join(parts)


def _claim(start: bytes) -> int | None:
    """Bytes of the whole file by the IDX header that its content starts with; None if it starts with none."""
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES or len(start) < 4 + 4 * start[3]:
        return None
    shape = struct.unpack_from(f">{start[3]}I", start, 4)
    return 4 + 4 * len(shape) + math.prod(shape) * TYPES[start[2]].itemsize


def _bound(start: bytes, limit: int) -> int:
    """Bytes beyond which content that starts so is read no further."""
    claim = _claim(start)
    return min(limit, _WITHOUT_HEADER if claim is None else claim)


def _packed(size: int) -> int:
    """The most bytes that a file takes whose content has `size`: gzip adds little to what it cannot compress."""
    return size + size // 100 + 1024


def _require_idx(content: bytes, name: str) -> None:
    """Raise DataInvalid for content that is certainly not IDX."""
    if not content.startswith(b"\0\0"):
        raise DataInvalid(f"{name} {_what_it_is(content)}; expected IDX data, as it is or gzip-compressed")


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


def _too_long(name: str, bound: int, limit: int) -> str:
    if bound < limit and bound != _WITHOUT_HEADER:
        return f"{name} is longer than its header says, which claims {bound:,} bytes in all; it was read no further"
    return f"{name} holds more than the {bound:,} bytes, decompressed, that are allowed; it was read no further"


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
