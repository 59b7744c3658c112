"""Image sets as people bring them: is each read rightly, mended by what is said, or refused with a remedy?

    python -m benchmarks.own_data --json evidence/own-data.json

The same 240 images of Fashion-MNIST, of four classes, are saved in more than thirty ways: as folders, arrays and
tables, in colour, on transparency, too dark, in many sizes, in two sets at once. Each set is loaded as a user would
load it. It counts as

    right     every image is there, of its class, as the original is (but for what resizing and JPEG lose)
    said      it is not, and a sentence says so; with the option that the sentence names it is right
    refused   it is not read, in one sentence that tells how to mend it; with that it is right
    wrong     anything else: numbers that nobody warned about

A random forest is trained on each that can be read, beside the one on the plain images.
"""

import argparse
import gzip
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import fashionlab
from benchmarks.common import Evidence, announce, print_table
from fashionlab.data.idx import write_idx
from fashionlab.errors import DataError, UsageError

CLASSES = {0: "tshirt", 1: "trouser", 7: "sneaker", 8: "bag"}
PER_CLASS = 60
NEAR = 12.0
"""Mean difference of grey values up to which an image counts as the same: resizing and JPEG lose so much."""

Images = list[Any]


@dataclass
class Source:
    """The images that all sets are made of: uint8 [n, 28, 28], labels 0 to 3, names in their order."""

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...] = tuple(sorted(CLASSES.values()))


@dataclass
class Case:
    """An image set. make: writes it into a folder and returns its path; truth: what the images should be, None for the
    originals; said: what a sentence must match, where the set cannot be read as it is; mend: the options that this
    sentence names; after: what they should be then; tested: images that the set has more than once."""

    name: str
    make: Callable[[Path, Source], Path]
    truth: Callable[[np.ndarray], np.ndarray] = lambda images: images
    said: str = ""
    mend: dict[str, Any] = field(default_factory=dict)
    refused: bool = False
    repeated: int = 0


def put(folder: Path, images: Iterable[Any], source: Source, suffix: str = ".png", **how: Any) -> Path:
    """A folder of image folders."""
    for number, (image, label) in enumerate(zip(images, source.labels, strict=True)):
        place = folder / source.names[label]
        place.mkdir(parents=True, exist_ok=True)
        picture = image if isinstance(image, Image.Image) else Image.fromarray(np.asarray(image))
        picture.save(place / f"{number:04}{suffix}", **how)
    return folder


def ink(images: np.ndarray, colour: int) -> Images:
    """Drawings of one colour whose alpha carries them."""
    whole = np.full((*images.shape, 4), colour, np.uint8)
    whole[..., 3] = images
    return list(whole)


def enlarged(images: np.ndarray) -> Images:
    """One, two or three times as large."""
    return [np.kron(image, np.ones((1 + number % 3,) * 2, np.uint8)) for number, image in enumerate(images)]


def wide(images: np.ndarray) -> Images:
    """RGB, twice as large, black bars at the sides."""
    return [np.pad(np.kron(i, np.ones((2, 2), np.uint8)), ((0, 0), (12, 12)))[..., None].repeat(3, 2) for i in images]


def tinted(images: np.ndarray) -> Images:
    """A hue of the same luminance as the original, as far as there is one."""
    factors = np.array([0.85, 1.1, 0.876])
    return list(np.clip(images[..., None] * factors, 0, 255).round().astype(np.uint8))


def turned(folder: Path, source: Source) -> Path:
    exif = Image.Exif()
    exif[0x0112] = 6
    pictures = [Image.fromarray(np.rot90(image).copy()) for image in source.images]
    return put(folder, pictures, source, exif=exif.tobytes())


def nested(folder: Path, source: Source) -> Path:
    put(folder, source.images, source)
    for place in folder.iterdir():
        (place / "batch2" / "late").mkdir(parents=True)
        for number, path in enumerate(sorted(place.glob("*.png"))):
            if number % 3:
                path.rename(place / "batch2" / ("late" if number % 3 == 2 else ".") / path.name)
    return folder


def in_sets(folder: Path, source: Source, names: tuple[str, ...]) -> Path:
    """Every fourth image in the last set, every fourth but one in the one before."""
    for place, rows in zip(names, shares(source, len(names)), strict=True):
        put(folder / place, source.images[rows], Source(source.images[rows], source.labels[rows]))
    return folder


def shares(source: Source, sets: int) -> list[np.ndarray]:
    rows = np.arange(len(source.labels))
    last, other = rows % 4 == 3, rows % 4 == 2
    return [rows[~last], rows[last]] if sets == 2 else [rows[~last & ~other], rows[other], rows[last]]


def halves(folder: Path, source: Source) -> Path:
    put(folder, source.images, source)
    for path in sorted(folder.glob("*/*.png"))[::2]:
        Image.open(path).save(path.with_suffix(".tif"))
        path.unlink()
    return folder


def littered(folder: Path, source: Source) -> Path:
    put(folder, source.images, source)
    for name in ("bag/.DS_Store", "bag/._0000.png", "tshirt/Thumbs.db", "tshirt/notes.txt"):
        (folder / name).write_bytes(b"x")
    (folder / "__MACOSX" / "bag").mkdir(parents=True)
    (folder / "__MACOSX" / "bag" / "._1.png").write_bytes(b"x")
    return folder


def loose(folder: Path, source: Source) -> Path:
    folder.mkdir()
    for number, image in enumerate(source.images):
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder


def dots(folder: Path, source: Source) -> Path:
    folder.mkdir()
    train, test = shares(source, 2)
    for name, rows in (("train", train), ("t10k", test)):
        (folder / f"{name}-images.idx3-ubyte").write_bytes(write_idx(source.images[rows]))
        labels = write_idx(source.labels[rows].astype(np.uint8))
        (folder / f"{name}-labels.idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    (folder / "classes.txt").write_text("\n".join(source.names))
    return folder


def archive(**arrays: Callable[[Source], np.ndarray]) -> Callable[[Path, Source], Path]:
    """A maker of an .npz."""

    def make(folder: Path, source: Source) -> Path:
        path = folder.with_suffix(".npz")
        np.savez(path, **{name: take(source) for name, take in arrays.items()})  # type: ignore[arg-type]
        return path

    return make


def medical(folder: Path, source: Source) -> Path:
    arrays: dict[str, Any] = {}
    for place, rows in zip(("train", "val", "test"), shares(source, 3), strict=True):
        arrays |= {f"{place}_images": source.images[rows], f"{place}_labels": source.labels[rows][:, None]}
    np.savez(folder.with_suffix(".npz"), **arrays)
    return folder.with_suffix(".npz")


def rows_of(source: Source, rows: np.ndarray, labelled: bool = True) -> str:
    header = (["label"] if labelled else []) + [f"pixel{number}" for number in range(784)]
    lines = [",".join(header)]
    for row in rows:
        cells = [str(value) for value in source.images[row].ravel()]
        lines.append(",".join([str(source.labels[row]), *cells] if labelled else cells))
    return "\n".join(lines) + "\n"


def kaggle(folder: Path, source: Source) -> Path:
    folder.with_suffix(".csv").write_text(rows_of(source, np.arange(len(source.labels))))
    return folder.with_suffix(".csv")


def competition(folder: Path, source: Source) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("train.csv", rows_of(source, np.arange(len(source.labels))))
        packed.writestr("test.csv", rows_of(source, np.arange(20), labelled=False))
        packed.writestr("sample_submission.csv", "ImageId,Label\n1,0\n")
    return path


def leaked(folder: Path, source: Source) -> Path:
    put(folder / "train", source.images, source)
    rows = np.arange(0, len(source.labels), 4)
    put(folder / "test", source.images[rows], Source(source.images[rows], source.labels[rows]))
    return folder


def chinese(folder: Path, source: Source) -> Path:
    put(folder, source.images, source)
    # In the order of their characters, as the others are, so that the labels stay.
    for name, other in zip(source.names, ("包 袋", "裤子", "运动鞋", "👕"), strict=True):
        (folder / name).rename(folder / other)
    return folder


PLAIN_RGB = (28, 28, 3)
STRETCH: dict[str, Any] = {"stretch": True}
CROP: dict[str, Any] = {"resize": 28, "resize_how": "crop"}
INVERT: dict[str, Any] = {"invert": True}


def folders(take: Callable[[np.ndarray], Iterable[Any]], suffix: str = ".png", **how: Any) -> Callable[..., Path]:
    """A maker of image folders from the images."""
    return lambda folder, source: put(folder, take(source.images), source, suffix, **how)


CASES = [
    Case("folders, plain", folders(list)),
    Case("black ink on transparency", folders(lambda i: ink(i, 0)), lambda i: 255 - i),
    Case("white ink on transparency", folders(lambda i: ink(i, 255))),
    Case("grey and alpha", folders(lambda i: [Image.fromarray(each).convert("LA") for each in ink(i, 0)]),
         lambda i: 255 - i),
    Case("GIF", folders(list, ".gif")),
    Case("in colour, as JPEG", folders(tinted, ".jpg", quality=95)),
    Case("turned, as EXIF says", turned),
    Case("16 bits a pixel", folders(lambda i: i.astype(np.uint16) * 257)),
    Case("12 bits in 16", folders(lambda i: i.astype(np.uint16) * 16), said="stretch=True", mend=STRETCH),
    Case("masks of 0 and 1", folders(lambda i: (i > 127).astype(np.uint8)), lambda i: (i > 127) * np.uint8(255),
         said="stretch=True", mend=STRETCH),
    Case("nearly black", folders(lambda i: i // 12), said="nearly black.*stretch=True", mend=STRETCH),
    Case("nearly white", folders(lambda i: 255 - i // 12), lambda i: 255 - i, said="nearly white.*stretch=True",
         mend=STRETCH),
    Case("dark on white, as scans are", folders(lambda i: 255 - i), said="dark on a light ground; invert=True",
         mend=INVERT),
    Case("all of them black", folders(lambda i: i * 0), said="all the same, every pixel 0", refused=True),
    Case("black on black, flattened", folders(lambda i: np.zeros((len(i), *PLAIN_RGB), np.uint8)),
         said="all the same", refused=True),
    Case("folders in the classes' folders", nested),
    Case("a folder in a folder", lambda f, s: put(f / "archive" / "images", s.images, s).parents[1]),
    Case("train, val and test", lambda f, s: in_sets(f, s, ("train", "val", "test"))),
    Case("training and validation alone", lambda f, s: in_sets(f, s, ("training", "validation"))),
    Case("half of them as TIFF", halves, said="left out 120 files in formats that are not read .*save them as PNG"),
    Case("hidden files and others", littered),
    Case("no folders of classes", loose, said="put those of a class into a folder with its name", refused=True),
    Case("many sizes", folders(enlarged), said="resize=28", mend=CROP, refused=True),
    Case("not square, RGB", folders(wide), said="resize=28", mend=CROP, refused=True),
    Case("IDX, spelled with dots", dots),
    Case("npz of three sets", medical),
    Case("floats, one-hot, in rows",
         archive(x=lambda s: s.images.reshape(-1, 784) / 255, y=lambda s: np.eye(4)[s.labels])),
    Case("RGB arrays, channels first, labels in words",
         archive(X_train=lambda s: s.images[:, None].repeat(3, 1), Y_train=lambda s: np.array(s.names)[s.labels])),
    Case("labels 1 to 4", archive(images=lambda s: s.images[..., None], labels=lambda s: s.labels + 1)),
    Case("floats from -1 to 1", archive(x_train=lambda s: s.images / 127.5 - 1, y_train=lambda s: s.labels),
         said="stretch=True", mend=STRETCH, refused=True),
    Case("Kaggle's table", kaggle),
    Case("Kaggle's archive of tables", competition),
    Case("test images in the training set", leaked, repeated=60),
    Case("names in Chinese and an emoji", chinese),
]  # fmt: skip


@dataclass
class Found:
    """How one set was taken."""

    verdict: str
    sentences: list[str]
    accuracy: float | None = None


def judge(case: Case, path: Path, source: Source) -> Found:
    """Load a set as a user does, and with what is said; compare every image with what it was made of."""
    sentences: list[str] = []
    try:
        dataset = load(path, sentences, {})
    except (DataError, UsageError) as error:
        sentences.append(str(error))
        told = case.refused and re.search(case.said, str(error)) and "\n" not in str(error)
        if told and case.mend and not faithful(load(path, sentences, case.mend), source, case):
            told = False
        return Found("refused" if told else "wrong", sentences)
    if not case.said:
        return Found("right" if faithful(dataset, source, case) else "wrong", sentences)
    told = any(re.search(case.said, sentence) for sentence in sentences) and not case.refused
    if told and case.mend:
        told = faithful(load(path, sentences, case.mend), source, case)
    return Found("said" if told else "wrong", sentences)


def load(path: Path, sentences: list[str], asked: dict[str, Any]) -> Any:
    """The data set; what is said of it is added to the sentences."""
    from fashionlab.data import load as load_dataset
    from fashionlab.images import Preparation

    return load_dataset(str(path), announce=sentences.append, preparation=Preparation(**asked))


def faithful(dataset: Any, source: Source, case: Case) -> bool:
    """Whether every image is there, of the class that it was made of."""
    test, test_labels = dataset.test.open(lambda sha256, rows: None)
    images, labels = np.concatenate([dataset.images, test]), np.concatenate([dataset.labels, test_labels])
    truth = case.truth(source.images).astype(np.float32).reshape(len(source.labels), -1)
    if len(labels) != len(truth) + case.repeated or images.shape[1:] != (28, 28):
        return False
    used = set()
    for image, label in zip(images.reshape(len(images), -1).astype(np.float32), labels, strict=True):
        distance = np.abs(truth - image).mean(axis=1)
        nearest = int(distance.argmin())
        if distance[nearest] > NEAR or source.labels[nearest] != label:
            return False
        used.add(nearest)
    # Two images of the four classes may be near each other, but not many.
    return len(used) >= 0.95 * len(truth)


def measure(case: Case, path: Path, runs: Path) -> float | None:
    """The test accuracy of a random forest on the set, with what mends it; None where nothing does."""
    if case.refused and not case.mend:
        return None
    options = fashionlab.ExecutionOptions(report=False)
    trained = fashionlab.train("forest", dataset=str(path), n_estimators=50, runs=runs, execution=options, **case.mend)
    return trained.metrics.test.accuracy if trained.metrics.test else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, default=None, help="write the evidence here")
    parser.add_argument("--no-training", action="store_true", help="load alone, in seconds")
    arguments = parser.parse_args()
    evidence = Evidence("own_data")
    fashion = fashionlab.load()
    order = sorted(CLASSES, key=lambda label: CLASSES[label])
    rows = [np.flatnonzero(fashion.labels == label)[:PER_CLASS] for label in order]
    source = Source(fashion.images[np.concatenate(rows)], np.repeat(np.arange(len(order)), PER_CLASS))
    found: dict[str, Found] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(CASES):
            path = case.make(Path(folder) / f"set-{number:02}", source)
            found[case.name] = judge(case, path, source)
            if not arguments.no_training:
                found[case.name].accuracy = measure(case, path, Path(folder) / "runs")
            announce(f"{case.name}: {found[case.name].verdict}")
    print_table([
        ("image set", "taken", "test accuracy", "the first sentence"),
        *(
            (
                name, each.verdict, "–" if each.accuracy is None else f"{100 * each.accuracy:.1f} %",
                (each.sentences[0].replace(folder, "") if each.sentences else "")[:90],
            )
            for name, each in found.items()
        ),
    ])  # fmt: skip
    verdicts = [each.verdict for each in found.values()]
    counts = {verdict: verdicts.count(verdict) for verdict in ("right", "said", "refused", "wrong")}
    results = {
        "counts": counts,
        "sets": {
            name: {
                "verdict": each.verdict,
                "accuracy": each.accuracy,
                "sentences": [sentence.replace(folder, "…") for sentence in each.sentences],
            }
            for name, each in found.items()
        },
    }
    evidence.write(arguments.json, len(found), results)
    print(", ".join(f"{verdict}: {n}" for verdict, n in counts.items()))
    return int("wrong" in verdicts)


if __name__ == "__main__":
    sys.exit(main())
