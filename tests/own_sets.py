"""Small data sets as people bring them, made in a folder that a test gives."""

import gzip
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from fashionlab.data.idx import write_idx

SIDE = 12
NAMES = ("bag", "dress", "shoe")


def drawings(per_class: int = 10, seed: int = 0, side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """Bright bars on black, a direction a class, no two alike: uint8 [n, side, side], and labels [n]."""
    draw = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(NAMES)), per_class)
    images = draw.integers(0, 40, (len(labels), side, side)).astype(np.uint8)
    images[:, :2] = images[:, -2:] = images[:, :, :2] = images[:, :, -2:] = 0
    for image, label in zip(images, labels, strict=True):
        place = int(draw.integers(3, side - 4))
        if label == 0:
            image[place : place + 2, 3:-3] = 230
        elif label == 1:
            image[3:-3, place : place + 2] = 230
        else:
            image[4:8, 4:8] = 255
    return images, labels


def save(folder: Path, images: Iterable[object], labels: np.ndarray, suffix: str = ".png") -> Path:
    """A folder of image folders; images are arrays or Pillow's."""
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = folder / NAMES[label]
        place.mkdir(parents=True, exist_ok=True)
        picture = image if isinstance(image, Image.Image) else Image.fromarray(np.asarray(image))
        picture.save(place / f"{number:03}{suffix}")
    return folder


def ink(images: np.ndarray, colour: int) -> list[np.ndarray]:
    """Drawings of one colour on transparency."""
    whole = np.full((*images.shape, 4), colour, np.uint8)
    whole[..., 3] = images
    return list(whole)


def table(path: Path, images: np.ndarray, labels: Iterable[object], header: bool = True, last: bool = False) -> Path:
    """A table of labels and pixels, packed as its name says."""
    flat = images.reshape(len(images), -1)
    columns = [f"pixel{number}" for number in range(1, flat.shape[1] + 1)]
    rows = [["label", *columns]] if header else []
    rows += [[str(label), *map(str, row)] for label, row in zip(labels, flat, strict=True)]
    text = "\n".join(",".join([*row[1:], row[0]] if last else row) for row in rows) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(path.stem, text)
    else:
        path.write_text(text)
    return path


def idx_folder(folder: Path, names: tuple[str, str, str, str], images: np.ndarray, labels: np.ndarray) -> Path:
    """IDX files under the names given: training images and labels, and those to test."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(names, (images, labels, images[::2], labels[::2]), strict=True):
        content = write_idx(array.astype(np.uint8))
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return folder


Maker = Callable[[Path], Path]
