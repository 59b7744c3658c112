"""What an image file is made of, counted before anything of it is decoded.

Pillow's readers go through chunks, segments and comments one by one, and JPEG's decoder through the whole image for
every scan: a file of a few megabytes, or of kilobytes, can keep them busy for minutes. No camera and no program writes
as many as are allowed here.
"""

import re
from collections.abc import Iterator

MOST_SCANS = 64
"""Of a JPEG: a progressive one has about ten."""

MOST_PARTS, SMALL = 4096, 1024
"""Parts of a file, chunks, segments or blocks, that have fewer bytes than SMALL. There cannot be many larger ones."""

_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""Of JPEG, those that stand among the data of a scan left out."""

_SCAN, _END, _ALONE = 0xDA, 0xD9, (0x01, 0xD8)
_FRAMES, _PROGRESSIVE = (0xC0, 0xC1, 0xC3, 0xC5, 0xC7, 0xC9, 0xCB, 0xCD, 0xCF), (0xC2, 0xC6, 0xCA, 0xCE)


def excess(content: bytes) -> str | None:
    """What there is too much of in an image file, in words that follow "has"; None where all is within limits."""
    if content.startswith(b"\xff\xd8"):
        return _excess_jpeg(content)
    if content.startswith(b"\x89PNG"):
        return _excess_png(content)
    return _excess_gif(content) if content.startswith(b"GIF8") else None


_TOO_MANY = f"more than {MOST_PARTS:,} parts of less than {SMALL:,} bytes, which no camera or program writes"


def is_progressive(content: bytes) -> bool:
    """Whether a JPEG is made of several scans, be they there or not: then its decoder keeps all of it at once."""
    components = b""
    if content.startswith(b"\xff\xd8"):
        for marker, _, _, at in _segments(content):
            if marker in _PROGRESSIVE:
                return True
            if marker in _FRAMES:
                components = content[at + 7 : at + 8]
            if marker == _SCAN:
                return content[at + 2 : at + 3] < components
    return False


def _segments(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """The segments of a JPEG up to its end: marker, size in bytes, how many bytes stand before it that are in none, and
    where what follows the marker begins."""
    at = 2
    while found := _MARKER.search(content, at):
        marker, gap, at = content[found.end() - 1], found.start() - at, found.end()
        size = 0 if marker in _ALONE else int.from_bytes(content[at : at + 2], "big")
        yield marker, size, gap, at
        if marker == _END:
            return
        at += size
    yield _END, 0, max(0, len(content) - at), len(content)


def _excess_jpeg(content: bytes) -> str | None:
    parts = scans = 0
    for marker, size, gap, _ in _segments(content):
        # Before the first scan Pillow looks at every byte between segments.
        parts += (size < SMALL) + (0 if scans else gap)
        scans += marker == _SCAN
        if parts > MOST_PARTS:
            return _TOO_MANY
        if scans > MOST_SCANS:
            return f"more than {MOST_SCANS} scans, which no camera or program writes"
    return None


def _excess_png(content: bytes) -> str | None:
    at, parts = 8, 0
    while at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        parts += size < SMALL
        if parts > MOST_PARTS:
            return _TOO_MANY
        at += 12 + size
    return None


def _excess_gif(content: bytes) -> str | None:
    """Up to the first frame."""
    flags = content[10] if len(content) > 10 else 0
    at, parts = 13 + (3 << (flags % 8 + 1) if flags & 128 else 0), 0
    while at < len(content) and content[at] not in b",;":
        extension = content[at] == ord("!")
        at += 2 if extension else 1
        parts += 1
        while extension and at < len(content) and content[at] and parts <= MOST_PARTS:
            at += 1 + content[at]
            parts += 1
        at += extension
        if parts > MOST_PARTS:
            return _TOO_MANY
    return None
