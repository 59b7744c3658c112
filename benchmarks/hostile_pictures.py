"""Pictures that mean harm, or are none: does `predict` answer each with one sentence, soon, and in little memory?

    python -m benchmarks.hostile_pictures --json evidence/hostile-pictures.json

More than 200 files: bombs of pixels, of compression, of scans, chunks, comments and frames; headers with extreme
numbers; truncated and damaged files of each format; other formats under a picture's name; polyglots; zero bytes; images
20,000 and 16 million pixels wide; pipes, devices and links; names that would do something where they are not cleaned.

How to read it: each file is given to an opened network in a process of its own. What is hostile has to be refused in
one sentence that names the file; what is odd but whole may be read or refused, and "read" cases have to be read. Each
may take 2 s of processor and 150 MiB beside what the process had before, which had answered for one small picture. Then
the whole folder is given to the command, which has to name each refused file in one line of its own.

Cost: two minutes; it trains a small network first.
"""

import argparse
import io
import json
import os
import random
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from benchmarks.common import FASHIONLAB, SAMPLE, Evidence, announce, print_table
from fashionlab.text import one_line

SECONDS, MEBIBYTES, LONGEST = 2.0, 150, 400
"""Of processor, of memory, and characters of a sentence, beside the file's path."""

NO_WORD = "it ended without a word"

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")

Make = Callable[[Path], object]


class Case(NamedTuple):
    """content: of the file, or what makes it at a path; expected: "refused", "read", or "any"."""

    content: bytes | Make
    expected: str = "refused"


def saved(form: str, size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: Any) -> bytes:
    """A sound image."""
    file = io.BytesIO()
    Image.effect_noise(size, 80).convert(mode).save(file, form, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """One of a PNG's."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, data: bytes, depth: int = 8, colour: int = 2, between: bytes = b"", lace: int = 0
) -> bytes:
    """A PNG with this header, compressed data, and chunks between them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, lace))
    return b"\x89PNG\r\n\x1a\n" + header + between + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP of these chunks."""
    body = b"".join(name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def bmp(width: int, height: int, *, bits: int = 24, compression: int = 0, colours: int = 0, data: bytes = b"") -> bytes:
    """A BMP with this header."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, 54) + header + data


def many_scans(count: int, side: int = 4096) -> bytes:
    """A progressive JPEG that goes over the same coefficients again and again."""
    file = io.BytesIO()
    Image.new("L", (side, side), 128).save(file, "JPEG", progressive=True, quality=30)
    content = file.getvalue()
    return content[:-2] + content[content.rindex(b"\xff\xda") : -2] * count + b"\xff\xd9"


def first_scan(content: bytes) -> bytes:
    """A progressive JPEG of which all scans but the first are missing."""
    second = content.index(b"\xff\xda", content.index(b"\xff\xda") + 2)
    return content[:second] + b"\xff\xd9"


def black_webp(side: int) -> bytes:
    """A few bytes that make as many pixels as there may be."""
    file = io.BytesIO()
    Image.new("RGB", (side, side)).save(file, "WEBP", lossless=True, quality=0, method=0)
    return file.getvalue()


def hostile() -> dict[str, bytes]:
    """The first of them, which the tests take as well: name -> content."""
    good = {form: saved(form) for form in FORMATS}
    zeros = zlib.compress(bytes(10**6), 9)
    files = {"empty": b"", "zero": b"\0", "zeros": bytes(10**5), "text": b"a shirt\n" * 99, "pdf": b"%PDF-1.7\n" * 50}
    for form, content in good.items():
        files[f"{form}-begun"] = content[:10]
        files[f"{form}-header"] = content[: 24 if form != "JPEG" else 180]
        files[f"{form}-behind-zeros"] = bytes(64) + content
        files[f"{form}-text"] = content[:4] + b"<script>alert(1)</script>" * 20
    files["PNG-half"] = good["PNG"][: len(good["PNG"]) // 2]
    files["WEBP-half"] = good["WEBP"][: len(good["WEBP"]) // 2]
    files["JPEG-no-tables"] = good["JPEG"][:20] + good["JPEG"][-200:]
    files["bomb"] = png(30_000, 30_000, zeros)
    files["bomb-grey"] = png(60_000, 20_000, zeros, colour=0)
    files["bomb-1-bit"] = png(50_000, 50_000, zeros, depth=1, colour=0)
    files["bomb-tall"] = png(1, 2**31 - 1, zeros)
    files["negative"] = png(2**32 - 1, 2**32 - 1, zeros)
    files["no-width"] = png(0, 10, zeros)
    files["depth-3"] = png(10, 10, zeros, depth=3)
    files["colour-9"] = png(10, 10, zeros, colour=9)
    files["no-data"] = png(400, 400, b"")
    files["bad-data"] = png(400, 400, b"\xff" * 400)
    files["text-bomb"] = png(400, 400, b"", between=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**8), 9)))
    files["profile-bomb"] = png(400, 400, b"", between=chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(10**8), 9)))
    files["gif-huge"] = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b";"
    files["bmp-huge"] = bmp(10**6, 10**6)
    files["jpeg-huge"] = good["JPEG"].replace(struct.pack(">HH", 30, 40), struct.pack(">HH", 65000, 65000), 1)
    files["webp-huge"] = good["WEBP"][:16] + b"\xff" * 30 + good["WEBP"][46:]
    files["jpeg-scans"] = many_scans(10_000)
    files["jpeg-comments"] = good["JPEG"][:2] + b"\xff\xfe\0\2" * 10**5 + good["JPEG"][2:]
    files["png-chunks"] = png(10, 10, zeros, between=chunk(b"teXt", b"") * 10**5)
    files["webp-memory"] = black_webp(4000)
    files["tiff"], files["ico"], files["ppm"] = saved("TIFF"), saved("ICO"), saved("PPM")
    files["svg"] = b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"
    files["eps"] = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(%pipe%id) (w) file\n"
    files["zip"] = b"PK\x03\x04" + bytes(200) + good["PNG"]
    files["html-polyglot"] = b"<html><!--" + good["GIF"] + b"--></html>"
    files["pickle"] = b"cos\nsystem\n(S'id'\ntR."
    return files


def cases() -> dict[str, Case]:
    """All of them: name -> case."""
    found = {name: Case(content) for name, content in hostile().items()}
    for more in (bombs, headers, damaged, other_formats, polyglots, odd_but_whole, places, names):
        found |= more()
    return found


def bombs() -> dict[str, Case]:
    """What is small and becomes large, or long."""
    good = {form: saved(form) for form in FORMATS}
    zeros, frame = zlib.compress(bytes(10**7), 9), good["GIF"].index(b",", 13)
    gif, jpeg, count = good["GIF"], good["JPEG"], 2 * 10**6
    exif = (
        b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    )
    return {
        "laced": Case(png(30_000, 30_000, zeros, lace=1)),
        "deep": Case(png(20_000, 20_000, zeros, depth=16, colour=6)),
        "palette": Case(png(40_000, 40_000, zeros, colour=3, between=chunk(b"PLTE", bytes(768)))),
        "just-too-many": Case(png(4097, 4096, zeros, colour=0)),
        "just-too-wide": Case(png(2**24 + 1, 1, zeros, colour=0)),
        "20000-wide": Case(png(20_000, 1000, zeros)),
        "20000-square": Case(png(20_000, 20_000, zeros, depth=1, colour=0)),
        "too-much-data": Case(png(10, 10, zlib.compress(bytes(10**8), 9)), "any"),
        "texts": Case(png(10, 10, zeros, between=chunk(b"tEXt", b"a\0b") * count)),
        "international-texts": Case(png(10, 10, zeros, between=chunk(b"iTXt", b"a\0\1\0\0\0" + zeros) * 500), "any"),
        "empty-data": Case(png(10, 10, b"", between=chunk(b"IDAT", b"") * count)),
        "texts-behind": Case(png(10, 10, zeros)[:-12] + chunk(b"tEXt", b"a\0b") * count + chunk(b"IEND", b"")),
        "animation": Case(png(10, 10, zeros, between=chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))), "any"),
        "exif-circle": Case(png(10, 10, zeros, between=chunk(b"eXIf", exif[6:])), "any"),
        "jpeg-exif-circle": Case(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif + jpeg[2:], "any"),
        "scans-of-a-small-one": Case(many_scans(100_000, 64)),
        "scans-65": Case(many_scans(65)),
        "scans-40": Case(many_scans(40), "read"),
        "first-scan-alone": Case(first_scan(saved("JPEG", (7000, 7000), "L", progressive=True))),
        "segments": Case(jpeg[:2] + b"\xff\xe5\0\2" * count + jpeg[2:]),
        "intervals": Case(jpeg[:2] + b"\xff\xdd\0\4\0\0" * count + jpeg[2:]),
        "fill": Case(jpeg[:2] + b"\xff" * 10**7 + jpeg[2:]),
        "fill-alone": Case(b"\xff\xd8" + b"\xff" * 10**7),
        "stuffed": Case(jpeg[:2] + b"\xff\0" * 10**7 + jpeg[2:]),
        "progressive-memory": Case(saved("JPEG", (4096, 4096), progressive=True, subsampling=0)),
        "print-memory": Case(saved("JPEG", (4096, 4096), "CMYK", progressive=True)),
        "comments": Case(gif[:frame] + b"!\xfe\1a\0" * count + gif[frame:]),
        "comment-blocks": Case(gif[:frame] + b"!\xfe" + (b"\xff" + b"a" * 255) * 400_000 + b"\0" + gif[frame:]),
        "extensions": Case(gif[:frame] + b"!\1\0" * count + gif[frame:]),
        "junk": Case(gif[:frame] + b"x" * 10**7 + gif[frame:]),
        "gif-zeros": Case(gif[:frame] + bytes(10**7) + gif[frame:]),
        "webp-chunks": Case(good["WEBP"][:4] + b"\xff\xff\xff\x7f" + good["WEBP"][8:] + b"abcd\0\0\0\0" * count, "any"),
        "webp-largest": Case(saved("WEBP", (2590, 2590), lossless=True, method=0, quality=0), "read"),
        "webp-canvas": Case(riff((b"VP8X", b"\2\0\0\0" + b"\xff" * 6))),
        "webp-frames": Case(riff((b"VP8X", b"\2" + bytes(9)), (b"ANIM", bytes(6)), *[(b"ANMF", bytes(24))] * 50_000)),
    }  # fmt: skip


def headers() -> dict[str, Case]:
    """Extreme numbers where sizes stand."""
    found = {}
    good = {form: saved(form) for form in FORMATS}
    for width, height in ((0, 0), (1, 0), (0, 1), (2**31 - 1, 2**31 - 1), (2**31, 1), (65536, 65536)):
        found[f"png-{width}x{height}"] = Case(png(width, height, b""))
    for width, height in ((65535, 65535), (0, 10), (10, 0), (65500, 65500)):
        size = struct.pack(">HH", height, width)
        found[f"jpeg-{width}x{height}"] = Case(good["JPEG"].replace(struct.pack(">HH", 30, 40), size, 1))
        frame = good["GIF"].index(b",", 13)
        spoilt = good["GIF"][: frame + 5] + struct.pack("<HH", width, height) + good["GIF"][frame + 9 :]
        found[f"gif-frame-{width}x{height}"] = Case(spoilt, "any")
    for width, height in ((-(2**31), 10), (10, -(2**31)), (2**31 - 1, 2**31 - 1), (0, 0), (50_000, 50_000)):
        found[f"bmp-{width}x{height}"] = Case(bmp(width, height))
    for bits in (0, 3, 64, 65535):
        found[f"bmp-{bits}-bits"] = Case(bmp(10, 10, bits=bits, data=bytes(999)))
    for compression in (1, 2, 3, 4, 99):
        noise = random.Random(compression).randbytes(999)
        found[f"bmp-compression-{compression}"] = Case(
            bmp(4000, 4000, bits=8, compression=compression, data=noise), "any"
        )
    found["bmp-colours"] = Case(bmp(10, 10, bits=8, colours=2**32 - 1, data=bytes(999)))
    for place in range(20, 30):
        spoilt = good["WEBP"][:place] + b"\xff" + good["WEBP"][place + 1 :]
        found[f"webp-byte-{place}"] = Case(spoilt, "any")
    for said in (0, 1, 2**32 - 1):
        found[f"webp-says-{said}"] = Case(good["WEBP"][:4] + struct.pack("<I", said) + good["WEBP"][8:], "any")
    return found


def damaged() -> dict[str, Case]:
    """Each format cut short, spoilt, and its beginning followed by chance."""
    found, chance = {}, random.Random(17)
    for form in FORMATS:
        content = saved(form, (300, 200))
        for share in (1, 5, 25, 50, 75, 95):
            found[f"{form}-{share}-percent"] = Case(content[: len(content) * share // 100])
        for number in range(4):
            flipped = bytearray(content)
            for _ in range(3**number):
                flipped[int(len(flipped) * chance.random() ** 3)] ^= 1 << chance.randrange(8)
            found[f"{form}-bits-{number}"] = Case(bytes(flipped), "any")
        found[f"{form}-then-chance"] = Case(content[:64] + chance.randbytes(10**5), "any")
        found[f"{form}-twice"] = Case(content * 2, "any")
    found |= {f"chance-{size}": Case(chance.randbytes(size)) for size in (1, 2, 3, 16, 1000, 10**6)}
    return found


def other_formats() -> dict[str, Case]:
    """Under the name of a picture; some Pillow would open, with readers that nobody needs here."""
    modes = {"ICO": "RGBA", "MSP": "1", "XBM": "1", "SPIDER": "F"}
    forms = ("TIFF", "ICO", "PPM", "PCX", "TGA", "SGI", "DDS", "IM", "MSP", "XBM", "SPIDER", "PDF", "EPS")
    found = {f"a-{form}": Case(saved(form, mode=modes.get(form, "RGB"))) for form in forms}
    begins = {
        "avif": b"\0\0\0\x20ftypavif", "heic": b"\0\0\0\x20ftypheic", "mp4": b"\0\0\0\x20ftypisom", "mp3": b"ID3\4\0",
        "gzip": b"\x1f\x8b\x08\0", "elf": b"\x7fELF\2\1\1", "exe": b"MZ\x90\0", "sqlite": b"SQLite format 3\0",
        "numpy": b"\x93NUMPY\1\0", "hdf5": b"\x89HDF\r\n\x1a\n", "xml": b"<?xml version='1.0'?><!DOCTYPE a>",
        "json": b'{"image": 1}', "script": b"#!/bin/sh\ntouch /tmp/executed\n", "wav": b"RIFF\x24\0\0\0WAVEfmt ",
        "psd": b"8BPS\0\1", "jxl": b"\0\0\0\x0cJXL \r\n\x87\n", "mng": b"\x8aMNG\r\n\x1a\n",
    }  # fmt: skip
    return found | {f"a-{name}": Case(begin + bytes(2000)) for name, begin in begins.items()}


def polyglots() -> dict[str, Case]:
    """Sound images that are something else as well: what follows is not looked at. And the other way round."""
    tails = {"zip": b"PK\x03\x04" + bytes(300), "html": b"<script>alert(1)</script>", "php": b"<?php system('id'); ?>"}
    found: dict[str, Case] = {}
    for form in FORMATS:
        content = saved(form)
        found |= {f"{form}-and-{name}": Case(content + tail, "read") for name, tail in tails.items()}
        found[f"pdf-and-{form}"] = Case(b"%PDF-1.7\n" + content)
        found[f"script-and-{form}"] = Case(b"#!/bin/sh\nexit\n" + content)
    return found


def odd_but_whole() -> dict[str, Case]:
    """What no camera makes, and yet is an image: within the limits it is read."""
    line, half = (zlib.compress(bytes(4 * width + 1), 9) for width in (2**24, 2**23))
    rgba = zlib.compress((bytes(1) + bytes(4096 * 8)) * 4096, 9)
    return {
        "wide": Case(saved("PNG", (20_000, 400), "RGB", compress_level=1), "read"),
        "16-million-high": Case(png(1, 2**24, zlib.compress(bytes(4 * 2**24), 9), colour=2)),
        "narrow": Case(saved("PNG", (1, 20_000)), "read"),
        "16-million-wide": Case(png(2**24, 1, line, colour=6)),
        "8-million-wide": Case(png(2**23, 1, half, colour=6), "read"),
        "one-pixel": Case(saved("PNG", (1, 1)), "read"),
        "largest-of-16-bits": Case(png(4096, 4096, rgba, depth=16, colour=6), "read"),
        "largest-bmp": Case(saved("BMP", (4096, 4096), "RGBA"), "read"),
        "largest-gif": Case(saved("GIF", (4096, 4096), "P"), "read"),
        "largest-jpeg": Case(saved("JPEG", (4096, 4096), subsampling=0), "read"),
        "print": Case(saved("JPEG", (300, 300), "CMYK"), "read"),
        "grey-and-clear": Case(saved("PNG", (60, 50), "LA"), "read"),
    }


def places() -> dict[str, Case]:
    """What is no file, or one without end."""

    def sparse(path: Path) -> None:
        with path.open("wb") as file:
            file.write(saved("PNG"))
            file.truncate(2**40)

    def listening(path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))

    return {
        "terabyte": Case(sparse),
        "pipe": Case(os.mkfifo),
        "socket": Case(listening),
        "zero-device": Case(lambda path: path.symlink_to("/dev/zero")),
        "chance-device": Case(lambda path: path.symlink_to("/dev/urandom")),
        "kernel": Case(lambda path: path.symlink_to("/proc/self/mem")),
        "dangling": Case(lambda path: path.symlink_to("nowhere")),
        "circle": Case(lambda path: path.symlink_to(path.name)),
    }


def names() -> dict[str, Case]:
    """Names that would do something where they are shown as they are."""
    return {
        name: Case(b"nothing")
        for name in (
            "<img src=x onerror=alert(1)>", "\x1b[31mred\x1b]0;title\x07", "two\nlines", "{{ 7 * 7 }}", "%s%n", "-rf",
            "a" * 240, "\u202egnp", "$(touch executed)", "\udcff\udcfe",
        )
    }  # fmt: skip


def write(folder: Path, all_cases: dict[str, Case]) -> dict[str, Path]:
    """Every case as a file: name -> path."""
    paths = {}
    for name, case in all_cases.items():
        paths[name] = path = folder / f"{name}.png"
        if callable(case.content):
            case.content(path)
        else:
            path.write_bytes(case.content)
    return paths


def judged(predictor: Any, path: Path) -> dict[str, Any]:
    """What a child of this process says of a file, and what it took: said, None for an answer; seconds; mebibytes."""
    from fashionlab.prediction import Failure, predict_files

    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        signal.alarm(60)
        before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        try:
            ((_, answer),) = predict_files(predictor, [path])
            said = answer.reason if isinstance(answer, Failure) else None
        except BaseException as error:
            said = f"{type(error).__name__} was raised: {error}"
        took = {
            "said": said,
            "seconds": round(time.process_time() - start, 2),
            "mebibytes": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024),
        }
        os.write(writer, json.dumps(took).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    return json.loads(content) if content else {"said": NO_WORD, "seconds": 60.0, "mebibytes": 0}


def fault(case: Case, path: Path, took: dict[str, Any]) -> str | None:
    """What is wrong with what was said, or taken."""
    said = took["said"]
    if took["seconds"] > SECONDS or took["mebibytes"] > MEBIBYTES:
        return f"took {took['seconds']} s of processor and {took['mebibytes']} MiB"
    if said is None:
        return "was taken for a photograph" if case.expected == "refused" else None
    if case.expected == "read":
        return f"was refused: {said}"
    shown = one_line(str(path))
    sentence = one_line(said).replace(shown, "it")
    crashed = " was raised: " in said or said == NO_WORD
    if crashed or "\n" in said or len(sentence) > LONGEST or sentence == one_line(said):
        return f"is no sentence that names the file: {said}"
    return None


MEASURED = """
import json, resource, subprocess, sys
status = subprocess.run(sys.argv[2:]).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
json.dump([status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024], open(sys.argv[1], "w"))
"""
"""A small process between this one and the command: what this one has taken would count as the command's peak."""


def of_the_command(run: Path, folder: Path, refused: list[Path], logs: Path) -> dict[str, Any]:
    """The whole folder given to the command, which works at two files at a time: exit status, the files that it does
    not name in one line of their own, and what it took."""
    command = [*FASHIONLAB, "predict", str(run), str(folder), "--json"]
    with (logs / "out").open("wb") as out, (logs / "err").open("wb") as err:
        measured = [sys.executable, "-c", MEASURED, str(logs / "usage"), *command]
        subprocess.run(measured, stdout=out, stderr=err, check=True)
    status, seconds, mebibytes = json.loads((logs / "usage").read_text())
    lines = (logs / "err").read_text(encoding="utf-8").splitlines()
    unnamed = [path for path in refused if sum(f" {one_line(str(path))} " in line for line in lines) != 1]
    return {
        "exit_status": status,
        "answers": len(json.loads((logs / "out").read_bytes())),
        "lines": len(lines),
        "unnamed": [one_line(path.name) for path in unnamed],
        "tracebacks": sum("Traceback" in line for line in lines),
        "control_characters": sum(not each.isprintable() for line in lines for each in line),
        "seconds_of_processor": round(seconds, 1),
        "peak_mebibytes": mebibytes,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    from fashionlab import ExecutionOptions, train
    from fashionlab.prediction import Predictor, predict_files
    from fashionlab.store import Run

    target = arguments.json and arguments.json.resolve()
    evidence, faults, most = Evidence("hostile_pictures"), [], {"seconds": (0.0, ""), "mebibytes": (0.0, "")}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pictures"
        folder.mkdir()
        run = train(
            "mlp", dataset=str(SAMPLE), runs=place, widths=(64, 32), epochs=3, execution=ExecutionOptions(report=False)
        )
        predictor, sound = Predictor(Run(run.path)), Path(place) / "sound.png"
        sound.write_bytes(saved("PNG"))
        list(predict_files(predictor, [sound]))
        all_cases = cases()
        os.chdir(folder)
        paths, counts, refused = write(folder, all_cases), {"refused": 0, "read": 0}, []
        for name, case in all_cases.items():
            took = judged(predictor, paths[name])
            counts["read" if took["said"] is None else "refused"] += 1
            if took["said"] is not None:
                refused.append(paths[name])
            for key, (highest, _) in most.items():
                if took[key] > highest:
                    most[key] = took[key], name
            if wrong := fault(case, paths[name], took):
                faults.append({"case": one_line(name), "fault": one_line(wrong)})
                announce(f"{faults[-1]['case']} {wrong}")
        command = of_the_command(run.path, folder, refused, Path(place))
        os.chdir("/")
    results = {
        "cases": len(all_cases),
        **counts,
        "failed": len(faults),
        "faults": faults,
        "longest": {"seconds_of_processor": most["seconds"][0], "case": most["seconds"][1]},
        "largest": {"mebibytes": most["mebibytes"][0], "case": most["mebibytes"][1]},
        "command": command,
    }
    print_table(
        [("cases", "refused", "read", "failed"), (str(len(all_cases)), *map(str, (*counts.values(), len(faults))))]
    )
    print(f"the longest took {most['seconds'][0]} s ({most['seconds'][1]})")
    print(f"the largest {most['mebibytes'][0]} MiB ({most['mebibytes'][1]})")
    print(f"the command: {command}")
    evidence.write(target, len(all_cases), results)
    whole = command["exit_status"] == 1 and not command["unnamed"] and not command["tracebacks"]
    return 0 if whole and not faults and not command["control_characters"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
