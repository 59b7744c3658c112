"""Data that somebody has damaged: does loading them end well, or with one sentence?

    python -m benchmarks.hostile_data --json evidence/hostile-data.json

Sound data of every form that is read are made, small ones; then, each in a fresh folder, one file is damaged: bits
flipped, cut, spliced, fields of headers set to extremes, with the checksums that its format has made to fit, bombs of
compression, other formats under its name, pipes, links. 2,000 sets of IDX files, 6,000 images in folders of images, 100
archives, array files and odd folders. Each is loaded, in this process.

How to read it: a case is one data set, judged as `benchmarks.judging` says. "Loaded" counts those that were still
data, of whatever content. "Groups" count what failed, by exception and by the place that raised it.

Cost: some minutes on 2 cores; --cases makes it small. Stopped, it goes on where it was.
"""

import argparse
import gzip
import io
import os
import random
import shutil
import struct
import sys
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from benchmarks.common import Evidence, announce, print_table
from benchmarks.damage import HOSTILE_TEXT, Bomb
from benchmarks.journal import Journal
from benchmarks.judging import Fault, Judge, grouped, outside_of
from fashionlab.data import load
from fashionlab.data.idx import write_idx
from fashionlab.data.user.arrays import CLASSES, IDX_NAMES

NPZ_NAMES = {"images": "x_train", "labels": "y_train", "test_images": "x_test", "test_labels": "y_test"}
"""How an archive calls what a data set holds."""

CASES = {"idx": 2000, "images": 6000, "others": 100}

Damage = Callable[[bytes, random.Random], bytes]
Make = Callable[[Path, random.Random], str]
"""Makes a damaged data set in an empty folder, and says in words what it is."""

EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 65_500, 10_000_000)


def flip(content: bytes, chance: random.Random) -> bytes:
    """Some bits, most of them near the beginning, where headers are."""
    found = bytearray(content or b"\0")
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        place = int(len(found) * chance.random() ** chance.choice((1, 3)))
        found[place] ^= 1 << chance.randrange(8)
    return bytes(found)


def cut(content: bytes, chance: random.Random) -> bytes:
    """The beginning alone."""
    return content[: chance.randrange(len(content) + 1)]


def splice(content: bytes, chance: random.Random) -> bytes:
    """A piece taken out, put twice, or replaced by chance."""
    first, last = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    piece = chance.choice((b"", content[first:last] * 2, chance.randbytes(min(last - first, 1000))))
    return content[:first] + piece + content[last:]


def extreme(content: bytes, chance: random.Random) -> bytes:
    """A number of the header replaced by an extreme one."""
    size, order = chance.choice((1, 2, 4)), chance.choice(("big", "little"))
    number = (chance.choice(EXTREMES) & (256**size - 1)).to_bytes(size, order)
    place = chance.randrange(max(1, min(len(content), 120)))
    return content[:place] + number + content[place + size :]


def longer(content: bytes, chance: random.Random) -> bytes:
    """Something behind it."""
    return content + chance.choice((bytes(4096), chance.randbytes(100), content, b"\n"))


def other(_: bytes, chance: random.Random) -> bytes:
    """Something else altogether."""
    return chance.choice(
        (b"", b"\0", b"<!DOCTYPE html><html>", b"version https://git-lfs", HOSTILE_TEXT.encode(), chance.randbytes(500))
    )


DAMAGES: dict[str, Damage] = {
    "flipped": flip,
    "cut": cut,
    "spliced": splice,
    "extreme": extreme,
    "longer": longer,
    "other": other,
}
LIKELY = ("flipped", "flipped", "extreme", "extreme", "spliced", "cut", "longer", "other")
"""How often which damage is done."""


def damage(content: bytes, chance: random.Random) -> tuple[str, bytes]:
    """One of the damages, or two."""
    names = [chance.choice(LIKELY) for _ in range(chance.choice((1, 1, 2)))]
    for name in names:
        content = DAMAGES[name](content, chance)
    return " and ".join(names), content


def sound_arrays(rows: int = 15, side: int = 6) -> dict[str, np.ndarray]:
    """Images and labels of three classes, training and test, by the names of their fields."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (rows, side, side), np.uint8), np.arange(rows, dtype=np.uint8) % 3
    return {"images": images, "labels": labels, "test_images": images[:6], "test_labels": labels[:6]}


def make_idx(folder: Path, chance: random.Random) -> str:
    """A set of IDX files with one of them damaged: packed or not, before packing or after."""
    arrays = sound_arrays()
    fields = list(arrays)[: chance.choice((2, 4))]
    chosen = CLASSES if chance.random() < 0.05 else chance.choice(fields)
    said = ""
    for field in fields:
        content, packs = write_idx(arrays[field]), chance.random() < 0.5
        name = IDX_NAMES[field] + (".gz" if packs else "")
        if field == chosen and (not packs or chance.random() < 0.5):
            said, content = _damage_idx(content, chance)
        content = gzip.compress(content, mtime=0) if packs else content
        if field == chosen and not said:
            said, content = damage(content, chance)
        if field == chosen:
            said = f"{name} {said}"
        (folder / name).write_bytes(content)
    names = b"shirt\ncoat\nbag\n"
    if chosen == CLASSES:
        said, names = damage(names, chance)
        said = f"{CLASSES} {said}"
    if chosen == CLASSES or chance.random() < 0.3:
        (folder / CLASSES).write_bytes(names)
    return said


def _damage_idx(content: bytes, chance: random.Random) -> tuple[str, bytes]:
    if chance.random() < 0.7:
        return damage(content, chance)
    kind = chance.choice(("dimensions", "type", "many zeros", "packed twice"))
    if kind == "many zeros":
        return kind, content + bytes(2**24)
    if kind == "packed twice":
        return kind, gzip.compress(content)
    if kind == "type":
        return kind, content[:2] + bytes([chance.choice((0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E))]) + content[3:]
    sides = struct.pack(f">{content[3]}I", *(chance.choice((0, 1, 3, 6, *EXTREMES)) for _ in range(content[3])))
    return kind, content[:4] + sides + content[4 + len(sides) :]


def sound_images() -> dict[str, bytes]:
    """Images of 28 x 28 pixels in every format, mode and variant that is read, encoded."""
    rng = np.random.default_rng(0)
    grey = Image.fromarray(rng.integers(0, 256, (28, 28), np.uint8))
    smooth = Image.linear_gradient("L").resize((28, 28))
    colour = Image.merge("RGB", (grey, smooth, grey))
    alpha = Image.merge("RGBA", (grey, smooth, grey, smooth))
    deep = Image.fromarray(rng.integers(0, 65_536, (28, 28)).astype(np.uint16))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "description"
    palette = colour.quantize(16)
    found: dict[str, bytes] = {}

    def add(name: str, image: Image.Image, kind: str, **options: Any) -> None:
        file = io.BytesIO()
        image.save(file, kind, **options)
        found[f"{kind} {name}"] = file.getvalue()

    add("grey", grey, "PNG", exif=exif, dpi=(72, 72))
    add("colour", colour, "PNG", icc_profile=b"profile" * 30)
    add("transparent", alpha, "PNG")
    add("16 bits", deep, "PNG")
    add("palette", palette, "PNG", transparency=3)
    add("bits", grey.convert("1"), "PNG")
    add("animated", grey, "PNG", save_all=True, append_images=[smooth, grey])
    add("grey", grey, "JPEG", exif=exif)
    add("colour", colour, "JPEG", progressive=True, icc_profile=b"profile" * 30)
    add("CMYK", colour.convert("CMYK"), "JPEG", exif=exif, comment=b"comment")
    add("grey", grey, "GIF")
    add("animated", palette, "GIF", save_all=True, append_images=[smooth, grey], transparency=3, duration=10)
    add("interlaced", smooth, "GIF", interlace=1)
    add("grey", grey, "BMP")
    add("colour", colour, "BMP")
    add("transparent", alpha, "BMP")
    add("palette", palette, "BMP")
    add("bits", grey.convert("1"), "BMP")
    add("lossy", colour, "WEBP", exif=exif)
    add("lossless", alpha, "WEBP", lossless=True, icc_profile=b"profile" * 30)
    add("animated", colour, "WEBP", save_all=True, append_images=[smooth, grey])
    return found


def make_images(folder: Path, chance: random.Random, sound: dict[str, bytes]) -> str:
    """A folder of image folders with one damaged image."""
    for name in ("a", "b"):
        (folder / name).mkdir()
        # As many as a test set that is set aside needs of each class.
        for number in range(8):
            (folder / name / f"{number}.png").write_bytes(sound["PNG grey"])
    kind = chance.choice(list(sound))
    if chance.random() < 0.12:
        said, content = _special_image(chance, sound)
    elif kind.startswith("PNG") and chance.random() < 0.6:
        said, content = "chunk", _damage_chunk(sound[kind], chance)
    else:
        said, content = damage(sound[kind], chance)
    suffix = chance.choice((".png", ".jpg", ".gif", ".bmp", ".webp"))
    # In front of the others, a damaged one decides what size is expected.
    (folder / chance.choice("ab") / (chance.choice(("0-", "9-")) + "damaged" + suffix)).write_bytes(content)
    return f"{kind} {said}"


def _chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG file, by type."""
    found, place = [], 8
    while place + 12 <= len(content):
        (size,) = struct.unpack_from(">I", content, place)
        found.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + size]))
        place += 12 + size
    return found


def _png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG file with right checksums."""
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _damage_chunk(content: bytes, chance: random.Random) -> bytes:
    """A chunk damaged, lost, moved or made up, with checksums that fit: what lies behind them is reached."""
    chunks = _chunks(content)
    place = chance.randrange(len(chunks))
    kind, body = chunks[place]
    change = chance.choice(("body", "body", "body", "lost", "twice", "moved", "made up", "unpacked"))
    if change == "body":
        chunks[place] = kind, damage(body or b"\0", chance)[1]
    elif change == "lost":
        del chunks[place]
    elif change == "twice":
        chunks.insert(place, chunks[place])
    elif change == "moved":
        chunks.insert(chance.randrange(len(chunks)), chunks.pop(place))
    elif change == "made up":
        made_up = chance.choice(
            (b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"fdAT", b"PLTE", b"tRNS")
        )
        chunks.insert(1, (made_up, chance.choice((b"", b"k\0\0" + zlib.compress(bytes(2**22)), chance.randbytes(26)))))
    else:
        packed = [index for index, chunk in enumerate(chunks) if chunk[0] == b"IDAT"]
        if packed:
            pixels = damage(zlib.decompress(chunks[packed[0]][1]), chance)[1]
            chunks[packed[0]] = b"IDAT", zlib.compress(pixels)
    return _png(chunks)


def _special_image(chance: random.Random, sound: dict[str, bytes]) -> tuple[str, bytes]:
    """Bombs, absurd sizes, and formats that are not read."""
    kind = chance.choice(("bomb", "huge text", "other format", "two in one", "wide", "many frames"))
    file = io.BytesIO()
    if kind == "bomb":
        side = chance.choice((5000, 16_000, 65_535, 2**31 - 1))
        header = struct.pack(">IIBBBBB", side, side, chance.choice((1, 8, 16)), chance.choice((0, 2, 6)), 0, 0, 0)
        return kind, _png([(b"IHDR", header), (b"IDAT", zlib.compress(bytes(2**22))), (b"IEND", b"")])
    if kind == "huge text":
        chunks = _chunks(sound["PNG grey"])
        text = (chance.choice((b"zTXt", b"iCCP")), b"k\0\0" + zlib.compress(bytes(2**27)))
        return kind, _png([chunks[0], *[text] * 3, *chunks[1:]])
    if kind == "other format":
        name = chance.choice(("TIFF", "PPM", "ICO", "TGA", "PCX", "SGI", "IM", "EPS", "PDF"))
        Image.open(io.BytesIO(sound["PNG colour"])).convert("RGB").save(file, name)
        return f"{kind} {name}", file.getvalue()
    if kind == "two in one":
        return kind, chance.choice(list(sound.values())) + chance.choice(list(sound.values()))
    if kind == "wide":
        Image.new("L", (chance.choice((16_000, 65_535, 1)), chance.choice((1, 200)))).save(file, "PNG")
        return kind, file.getvalue()
    frames = [Image.new("L", (28, 28), shade) for shade in range(200)]
    frames[0].save(file, chance.choice(("GIF", "PNG", "WEBP")), save_all=True, append_images=frames[1:])
    return kind, file.getvalue()


def make_other(folder: Path, chance: random.Random) -> str:
    """An archive, an array file, a table, or a folder that is none of those that are read."""
    return chance.choice((_archive, _archive, _archive, _array_file, _table, _folder))(folder, chance)


def _npy(array: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def _archive(folder: Path, chance: random.Random) -> str:
    arrays = {NPZ_NAMES[field]: array for field, array in sound_arrays().items()}
    members = {f"{name}.npy": _npy(array) for name, array in arrays.items()}
    members["class_names.npy"] = _npy(np.array(["shirt", "coat", "bag"]))
    chosen = chance.choice(list(members))
    odd: dict[str, Callable[[], bytes]] = {
        "a pickle": lambda: _npy(np.array([Bomb(str(outside_of(folder) / "pickled"))], object), allow_pickle=True),
        "floats": lambda: _npy(np.full((12, 6, 6), chance.choice((np.nan, np.inf, 1e300, 0.5)))),
        "dates": lambda: _npy(np.zeros(12, "datetime64[s]")),
        "records": lambda: _npy(np.zeros(12, [("a", "u1"), ("b", "f4")])),
        "complex": lambda: _npy(np.zeros((12, 6, 6), complex)),
        "zeros": lambda: _npy(np.zeros(2**26, np.uint8)),
        "no rows": lambda: _npy(np.zeros((0, 6, 6), np.uint8)),
        "texts": lambda: _npy(np.array([HOSTILE_TEXT, "\0", "a" * 10_000])),
        "negative": lambda: _npy(np.full(12, -(2**62))),
        "large": lambda: _npy(np.full(12, 2**62)),
        "mixed": lambda: damage(members[chosen], chance)[1],
    }
    way = chance.choice([*odd, "lost", "the archive", "the archive", "the archive"])
    if way in odd:
        members[chosen] = odd[way]()
    elif way == "lost":
        del members[chosen]
    file = io.BytesIO()
    method = chance.choice([zipfile.ZIP_STORED] * 4 + [zipfile.ZIP_DEFLATED] * 4 + [zipfile.ZIP_BZIP2])
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    content = damage(file.getvalue(), chance)[1] if way == "the archive" else file.getvalue()
    (folder / "data.npz").write_bytes(content)
    return f"npz: {chosen} {way}"


def _array_file(folder: Path, chance: random.Random) -> str:
    said = "sound"
    for field, name in NPZ_NAMES.items():
        content = _npy(sound_arrays()[field])
        if chance.random() < 0.4:
            said, content = damage(content, chance)
        (folder / f"{name}.npy").write_bytes(content)
    return f"npy: {said}"


def _table(folder: Path, chance: random.Random) -> str:
    arrays = sound_arrays()
    rows = ["label," + ",".join(f"pixel{number}" for number in range(36))]
    rows += [
        ",".join(map(str, [label, *image.ravel()]))
        for label, image in zip(arrays["labels"], arrays["images"], strict=True)
    ]
    said, content = damage(("\n".join(rows) + "\n").encode(), chance)
    (folder / "data.csv").write_bytes(content)
    return f"csv: {said}"


def _folder(folder: Path, chance: random.Random) -> str:
    kind = chance.choice(("empty", "links", "pipe", "deep", "odd names", "only text", "long file", "link to itself"))
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    if kind == "links":
        (folder / "a" / "0.png").symlink_to(outside_of(folder) / "file")
        (folder / "c").symlink_to("/")
    elif kind == "pipe":
        os.mkfifo(folder / chance.choice(("a/0.png", "classes.txt", "train-images-idx3-ubyte")))
    elif kind == "deep":
        (folder / "train" / "/".join("d" * 200)).mkdir(parents=True)
    elif kind == "odd names":
        for name in (HOSTILE_TEXT.replace("/", "-"), "\udcff", "..."):
            (folder / name).mkdir()
            (folder / name / "0.png").write_bytes(b"\x89PNG")
    elif kind == "only text":
        (folder / "a" / "0.txt").write_text(HOSTILE_TEXT)
    elif kind == "long file":
        for name in ("a/0.png", "train-images-idx3-ubyte"):
            with (folder / name).open("wb") as file:
                file.truncate(2**33)
    elif kind == "link to itself":
        (folder / "a" / "0.png").symlink_to(folder / "a" / "0.png")
        (folder / "c").symlink_to(folder / "c")
    return f"folder: {kind}"


def load_made(folder: Path) -> object:
    """Load what was made: the folder, or the one file in it."""
    files = list(folder.iterdir())
    alone = len(files) == 1 and files[0].suffix in (".npz", ".npy", ".csv")
    return load(str(files[0] if alone else folder), announce=lambda message: None)


def learn_normal(judge: Judge, makers: dict[str, Make], sound: dict[str, bytes]) -> None:
    """Load sound data of each kind."""
    for kind in makers:
        folder = _fresh(judge)
        arrays = sound_arrays()
        if kind == "images":
            for name in ("a", "b"):
                (folder / name).mkdir()
                for number, content in enumerate(sound.values()):
                    (folder / name / f"{number}.png").write_bytes(content)
        elif kind == "idx":
            for field, array in arrays.items():
                (folder / IDX_NAMES[field]).write_bytes(write_idx(array))
        else:
            np.savez(folder / "data.npz", **{NPZ_NAMES[field]: array for field, array in arrays.items()})  # type: ignore[arg-type]
        judge.learn(kind, lambda folder=folder: load_made(folder))  # type: ignore[misc]


def _fresh(judge: Judge) -> Path:
    shutil.rmtree(judge.scratch, ignore_errors=True)
    folder = judge.scratch / "runs" / "it"
    folder.mkdir(parents=True)
    return folder


def measure(folder: Path, most: int | None, journal: Journal) -> dict[str, Any]:
    """Make and judge the cases; most: of each kind."""
    sound, judge = sound_images(), Judge(folder)
    makers: dict[str, Make] = {
        "idx": make_idx,
        "images": lambda folder, chance: make_images(folder, chance, sound),
        "others": make_other,
    }
    results: dict[str, Any] = {}
    with judge.at_work():
        learn_normal(judge, makers, sound)
        for kind, make in makers.items():
            count = min(CASES[kind], most or CASES[kind])
            for number in range(count):
                name = f"{kind} {number}"
                if name in journal.found:
                    continue
                found, loaded, said = _judge_one(name, kind, make, judge)
                for fault in found:
                    announce(f"{fault.case} ({said}): {fault.group}: {fault.text}")
                journal.add(name, [msgspec.to_builtins(found), loaded])
                if number % 1000 == 0:
                    announce(f"{kind}: {number} of {count}")
            known = [journal.found[f"{kind} {number}"] for number in range(count)]
            faults = [msgspec.convert(found, list[Fault]) for found, _ in known]
            results[kind] = {
                "cases": count,
                "loaded": sum(loaded for _, loaded in known),
                "failed": sum(bool(each) for each in faults),
                "groups": grouped([fault for each in faults for fault in each]),
            }
    return results


def _judge_one(name: str, kind: str, make: Make, judge: Judge) -> tuple[list[Fault], bool, str]:
    place = _fresh(judge)
    said = make(place, random.Random(name))
    before = sorted(str(path) for path in place.rglob("*"))
    loaded: list[object] = []
    found = judge.call(f"{name}: {said}", kind, lambda: loaded.append(load_made(place)))
    if sorted(str(path) for path in place.rglob("*")) != before:
        found.append(Fault(name, kind, "changed the data", said))
    return found + judge.traces(name, lambda name: name == "it"), bool(loaded), said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in CASES.items())
    parser.add_argument("--cases", type=int, help=f"of each kind, at most [{kinds}]")
    parser.add_argument("--json", type=Path, help="also write the results there; stopped, it goes on where it was")
    given = parser.parse_args()
    evidence, journal = Evidence("hostile_data"), Journal(given.json)
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder), given.cases, journal)
    rows = [["", "cases", "loaded", "failed"]]
    rows += [[kind, *(str(found[name]) for name in ("cases", "loaded", "failed"))] for kind, found in results.items()]
    print_table(rows)
    for found in results.values():
        for group in found["groups"]:
            print(f"{group['calls']} times: {group['group']}: {group['text']} ({group['case']})")
    cases = Counter({kind: found["cases"] for kind, found in results.items()})
    evidence.write(given.json, cases.total(), results)
    journal.close()
    return 1 if any(found["failed"] for found in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
