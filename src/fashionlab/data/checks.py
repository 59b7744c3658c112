"""The arrays of a data set, and the checks that everyone's arrays must pass before they become one."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass

import numpy as np

from fashionlab.data import idx
from fashionlab.data.split import stratified_split
from fashionlab.errors import DataInvalid
from fashionlab.text import one_line

CONTENT_LIMIT = 4 * 2**30
"""Bytes that one file of the user's own data may hold, decompressed: far beyond what the lab is for."""

TEST_SHARE = 0.2
"""Share of the rows that is set aside as the test set of data that bring none."""

TEST_SEED = 20170825
"""Seed of that choice: fixed, so that no run's seed changes what the test set is."""


@dataclass(frozen=True)
class RawArrays:
    """Arrays as a reader found them; a test set or class names may be missing (None)."""

    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    class_names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Checked:
    """Arrays that are what `Dataset` promises: uint8 [n, side, side] and int32 [n], read-only."""

    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]

    def sha256(self) -> str:
        """SHA-256 of all content: the four IDX files that would hold the arrays, and the class names."""
        files = [*sha256s_of(self.images, self.labels), *sha256s_of(self.test_images, self.test_labels)]
        return sha256_of(files, self.class_names)


def sha256_of(files: list[str], class_names: tuple[str, ...]) -> str:
    """The data set's hash, from its IDX files' (images, labels, the same to test) and its class names."""
    return hashlib.sha256(json.dumps([files, class_names]).encode()).hexdigest()


def sha256s_of(images: np.ndarray, labels: np.ndarray) -> list[str]:
    """SHA-256 of the two IDX files that would hold one set's images and labels."""
    return [_sha256_as_idx(images), _sha256_as_idx(_compact(labels))]


def check(arrays: RawArrays, name: str) -> Checked:
    """Check shapes, types and labels; set a test set aside where there is none.

    Raises DataInvalid, one sentence that begins with `name` and says what was found, expected, and how to mend it.
    """
    images = _check_images(arrays.images, f"{name}: training images")
    labels = _check_labels(arrays.labels, len(images), f"{name}: training labels", most=len(images))
    class_names = _check_names(arrays.class_names, int(labels.max()) + 1, name)
    classes = len(class_names)
    absent = np.flatnonzero(np.bincount(labels, minlength=classes) == 0)
    if len(absent):
        label = int(absent[0])
        raise DataInvalid(
            f"{name}: no training row has label {label} ({class_names[label]}); "
            f"expected every label from 0 to {classes - 1}"
        )
    if classes < 2:
        raise DataInvalid(f"{name}: all rows have the same label; expected at least 2 classes")
    if arrays.test_images is None or arrays.test_labels is None:
        try:
            split = stratified_split(labels, TEST_SHARE, TEST_SEED)
        except DataInvalid as error:
            raise DataInvalid(f"{name}: no test set is given, and {error}") from None
        kept, aside = split.train, split.validation
        images, test_images, labels, test_labels = images[kept], images[aside], labels[kept], labels[aside]
    else:
        test_images = _check_images(arrays.test_images, f"{name}: test images")
        test_labels = _check_labels(arrays.test_labels, len(test_images), f"{name}: test labels")
        if test_images.shape[1:] != images.shape[1:]:
            sides = f"{test_images.shape[1]} pixels a side, the training images {images.shape[1]}"
            raise DataInvalid(f"{name}: the test images have {sides}; expected the same size")
        if test_labels.max() >= classes:
            raise DataInvalid(
                f"{name}: a test row has label {test_labels.max()}; expected labels from 0 to {classes - 1}"
            )
    for array in (images, labels, test_images, test_labels):
        array.flags.writeable = False
    return Checked(images, labels, test_images, test_labels, class_names)


def _check_images(images: np.ndarray, name: str) -> np.ndarray:
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim == 4:
        raise DataInvalid(f"{name} have {images.shape[3]} channels; convert them to grey, [rows, side, side]")
    if images.ndim != 3 or 0 in images.shape:
        raise DataInvalid(f"{name} have shape {list(images.shape)}; expected [rows, side, side], none of them 0")
    if images.dtype != np.uint8:
        # The extremes are what tells 0..1 from 0..255, and so which conversion is right.
        extremes = f", from {images.min():g} to {images.max():g}" if images.dtype.kind in "iuf" else ""
        raise DataInvalid(
            f"{name} are {images.dtype}{extremes}; expected uint8, 0 to 255 "
            "(values from 0 to 1: save (x * 255).round().astype('uint8'))"
        )
    if images.shape[1] != images.shape[2]:
        raise DataInvalid(f"{name} are {images.shape[1]} x {images.shape[2]} pixels; expected square images")
    return np.ascontiguousarray(images)


def _check_labels(labels: np.ndarray, rows: int, name: str, most: int | None = None) -> np.ndarray:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2:
        raise DataInvalid(f"{name} have shape {list(labels.shape)}; if one-hot, save labels.argmax(axis=1) instead")
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataInvalid(f"{name} are {labels.dtype} {list(labels.shape)}; expected whole numbers, [rows]")
    if len(labels) != rows:
        raise DataInvalid(f"{name}: there are {len(labels):,} for {rows:,} images; expected one for each")
    low, high = int(labels.min()), int(labels.max())
    # A bound that needs no counting: there cannot be more classes than training rows.
    if low < 0 or (most is not None and high >= most):
        raise DataInvalid(f"{name} run from {low} to {high}; expected 0 to the number of classes less 1")
    return labels.astype(np.int32)


def _check_names(names: tuple[str, ...] | None, classes: int, name: str) -> tuple[str, ...]:
    """The class names, or the labels' numbers where none are given."""
    if names is None:
        return tuple(str(label) for label in range(classes))
    if len(names) < classes:
        raise DataInvalid(f"{name}: {len(names)} class names for labels up to {classes - 1}; expected {classes}")
    for each in names:
        # A name in which something acts could drive the terminal that shows it.
        if not each.strip() or one_line(each) != each or len(each) > 100:
            raise DataInvalid(f"{name}: class name {each[:120]!r}; expected 1 to 100 printable characters")
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise DataInvalid(f"{name}: two classes are named {twice!r}; expected different names")
    return names


def _compact(labels: np.ndarray) -> np.ndarray:
    """Labels in the type that MNIST's files have, where they fit."""
    return labels.astype(np.uint8) if labels.max() < 256 else labels


def _sha256_as_idx(array: np.ndarray) -> str:
    digest = hashlib.sha256(idx.header(array))
    digest.update(np.ascontiguousarray(array, None if array.dtype == np.uint8 else ">i4").data)
    return digest.hexdigest()
