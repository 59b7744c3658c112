"""A folder of image folders, one folder a class, as arrays."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fashionlab.data.checks import CONTENT_LIMIT, RawArrays
from fashionlab.data.progress import shown_if_slow
from fashionlab.errors import DataInvalid
from fashionlab.images import decode

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")

MOST_ENTRIES = 500_000
"""Files of a folder that are listed, seven times as many as Fashion-MNIST has images."""

LAYOUT = "expected a folder of images for each class, or train/ and test/ that hold such folders"


def read_image_folders(folder: Path, announce: Callable[[str], None]) -> RawArrays:
    """Images as uint8 [n, side, side]: classes are folders, in alphabetical order, directly or in train/
    and test/.

    Images are turned upright as their EXIF data say and made grey; what is transparent becomes black, the
    background of Fashion-MNIST. Of an animation the first image counts. Hidden files and other kinds of files are left
    out, and the latter announced. Raises DataInvalid, naming the file, for an image that cannot be decoded or differs
    in size.
    """
    folders = {path.name: path for path in _folders(folder)}
    if "train" not in folders or not _folders(folders["train"]):
        class_names = _class_names(folder)
        images, labels = _read_set(folder, class_names, None, announce)
        return RawArrays(images, labels, class_names=class_names)
    others = sorted(set(folders) - {"train", "test"})
    if others:
        raise DataInvalid(f"{folder} holds {others[0]}/ next to train/; {LAYOUT}, and nothing else")
    class_names = _class_names(folders["train"])
    images, labels = _read_set(folders["train"], class_names, None, announce)
    if "test" not in folders:
        return RawArrays(images, labels, class_names=class_names)
    unknown = sorted(set(_class_names(folders["test"])) - set(class_names))
    if unknown:
        raise DataInvalid(f"{folders['test']} holds the class {unknown[0]!r}, which train/ does not; {LAYOUT}")
    test_images, test_labels = _read_set(folders["test"], class_names, images.shape[1], announce)
    return RawArrays(images, labels, test_images, test_labels, class_names)


def _read_set(
    folder: Path, class_names: tuple[str, ...], side: int | None, announce: Callable[[str], None]
) -> tuple[np.ndarray, np.ndarray]:
    """One set's images and labels; `side` is the size that they must have, None for the first one's."""
    paths, labels, ignored = [], [], []
    for label, name in enumerate(class_names):
        # Links that lead nowhere, pipes and devices stay: reading one says what it is.
        # A class that the test set lacks has no folder there.
        entries = _entries(folder / name) if (folder / name).is_dir() else []
        files = [path for path in entries if not path.is_dir()]
        chosen = [path for path in files if path.suffix.lower() in SUFFIXES]
        ignored += [path for path in files if path.suffix.lower() not in SUFFIXES]
        paths += chosen
        labels += [label] * len(chosen)
        if len(paths) + len(ignored) > MOST_ENTRIES:
            raise DataInvalid(f"{folder} holds more than {MOST_ENTRIES:,} files; use fewer, or IDX files instead")
    if not paths:
        raise DataInvalid(f"{folder} holds no images ({', '.join(SUFFIXES)}); {LAYOUT}")
    if ignored:
        announce(f"left out {len(ignored)} files that are not images, such as {ignored[0]}")
    first = decode(paths[0])
    side = side or len(first)
    if len(paths) * side * side > CONTENT_LIMIT:
        raise DataInvalid(f"{folder}: {len(paths):,} images of {side} x {side} are beyond {CONTENT_LIMIT:,} bytes")
    images = np.empty((len(paths), side, side), np.uint8)
    with shown_if_slow(f"reading {len(paths):,} images"):
        for row, path in enumerate(paths):
            image = first if row == 0 else decode(path)
            if image.shape != (side, side):
                raise DataInvalid(
                    f"{path} is {image.shape[1]} x {image.shape[0]} pixels; expected {side} x {side}, "
                    "because all images must be square and of the same size"
                )
            images[row] = image
    return images, np.array(labels, np.int32)


def _folders(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_dir()]


def _entries(folder: Path) -> list[Path]:
    """What a folder holds, in alphabetical order, hidden files apart."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in itertools.islice(entries, MOST_ENTRIES + 1)]
    if len(names) > MOST_ENTRIES:
        raise DataInvalid(f"{folder} holds more than {MOST_ENTRIES:,} files; use fewer, or IDX files instead")
    return [folder / name for name in sorted(names) if not name.startswith(".")]


def _class_names(folder: Path) -> tuple[str, ...]:
    names = tuple(path.name for path in _folders(folder))
    if not names:
        raise DataInvalid(f"{folder} holds neither IDX files nor folders of images; {LAYOUT}")
    return names
