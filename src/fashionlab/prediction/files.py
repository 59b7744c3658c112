"""Files and folders of photographs, one after the other."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from fashionlab.errors import DataInvalid
from fashionlab.photos.garment import Photo
from fashionlab.photos.reading import Box
from fashionlab.prediction.predictor import Prediction, Predictor

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
"""Names that are taken for images in a folder; what a file is decides its content."""

BATCH = 64
"""Photographs that are prepared before the network is asked."""


@dataclass(frozen=True)
class Failure:
    """A file that is no photograph, and why, in a sentence."""

    reason: str


def find_files(paths: Sequence[Path], announce: Callable[[str], None]) -> list[Path]:
    """The files that were named, and those in the folders that were named, at any depth, by name.

    Raises DataInvalid where there are none at all.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(Path(place, name) for place, _, names in os.walk(path) for name in names if name[0] != ".")
        images = [each for each in inside if each.suffix.lower() in SUFFIXES]
        if len(images) < len(inside):
            announce(f"left out of {path}, as their names are not those of images: {len(inside) - len(images):,} files")
        found += images
    if not found:
        raise DataInvalid(
            f"{', '.join(map(str, paths))} holds no images; expected files ending in {', '.join(SUFFIXES)}"
        )
    return found


def predict_files(
    predictor: Predictor,
    files: Sequence[Path],
    crop: Box | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> Iterator[tuple[Path, Prediction | Failure]]:
    """What the run says of each file, in their order; a file that is no photograph is a Failure.

    progress: is told how many are done. Of several files the steps, a megabyte each, are not kept.
    """

    def prepare(file: Path) -> Photo | Failure:
        try:
            photo = predictor.prepare(file, crop)
            return photo if len(files) == 1 else replace(photo, steps=[])
        except DataInvalid as error:
            return Failure(str(error))

    # Decoding and much of NumPy's work leave the interpreter to the other thread.
    with ThreadPoolExecutor(max_workers=1 if len(files) == 1 else 2) as pool:
        for start in range(0, len(files), BATCH):
            part = files[start : start + BATCH]
            prepared = list(pool.map(prepare, part))
            answers = iter(predictor.judge([photo for photo in prepared if isinstance(photo, Photo)]))
            for file, photo in zip(part, prepared, strict=True):
                yield file, photo if isinstance(photo, Failure) else next(answers)
            progress(start + len(part))
