"""A data set as the rest of the lab sees it: images, labels, names, a hash, and a test set under seal."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.data.checks import Checked, RawArrays, check, sha256_of, sha256s_of
from fashionlab.data.download.sources import FASHION_MNIST, obtain
from fashionlab.data.idx import read_idx
from fashionlab.data.shared import rows_among
from fashionlab.data.split import VALIDATION_SHARE, Split, stratified_order, stratified_split
from fashionlab.data.user.arrays import IDX_NAMES, read_own
from fashionlab.errors import DataInvalid, UsageError
from fashionlab.files import near_path
from fashionlab.images import AS_FOUND, PLAIN, PixelFacts, Preparation
from fashionlab.options import near_names, spelled
from fashionlab.text import html_table, tell

HTML_CLASSES = 20
"""Class names that a notebook's view of a data set spells out."""

FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

LIMIT_SEED = 0
"""Seed of the order from which `--limit` takes its rows: fixed, so that more rows include the fewer."""


class TestSet:
    """The test set, sealed: its size is open to all, its images only to who leaves a record.

    The training code never sees a test image by accident, and how often the test set was looked at is on
    record.
    """

    __test__ = False  # its name begins with Test, and pytest would take it for one

    def __init__(self, images: np.ndarray, labels: np.ndarray, sha256: str) -> None:
        self._images, self._labels, self._sha256 = images, labels, sha256

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self._labels)

    @property
    def sha256s(self) -> list[str]:
        """SHA-256 of the two IDX files that would hold it: enough to prove the data set's hash, and shows nothing."""
        return sha256s_of(self._images, self._labels)

    def rows_among(self, images: np.ndarray) -> np.ndarray:
        """Rows of the test set, int64, whose image is, pixel for pixel, among these, uint8 [n, side, side].

        Nothing of the others is shown."""
        return rows_among(self._images, images)

    def __repr__(self) -> str:
        return f"TestSet(size={self.size})"

    def open(self, record: Callable[[str, int], object]) -> tuple[np.ndarray, np.ndarray]:
        """Images uint8 [n, side, side] and labels int32 [n], after `record(sha256, rows)` has returned.

        `record` writes the evaluation down (the store's ledger): the data set's SHA-256 and the number of rows.
        If it raises, nothing is handed out.
        """
        record(self._sha256, self.size)
        return self._images, self._labels


@dataclass(frozen=True, eq=False)
class Dataset:
    """The training set, of which a part is held out for validation, and the sealed test set. Arrays are read-only.

    name: what `load` was given. images: uint8 [n, side, side]. labels: int32 [n], 0 to k-1, every one of them in use.
    source: where the bytes came from, for people. sha256: of all content of both sets and the class names, the same for
    the same content in whatever form it came. given_validation: how many rows at the end are the validation set that
    the data brought, 0 where it is carved from the rest. preparation: what was asked to be done to the images; facts:
    what the training images decided for all. notes: what was left out, chosen and done, in sentences.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    source: str
    sha256: str
    test: TestSet
    given_validation: int = 0
    preparation: Preparation = AS_FOUND
    facts: PixelFacts = PLAIN
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        rows, side = self.images.shape[:2]
        return (
            f"Dataset({self.name!r}: {rows:,} images of {side} x {side} and {self.test.size:,} to test, "
            f"{len(self.class_names)} classes, sha256 {self.sha256[:12]})"
        )

    def _repr_html_(self) -> str:
        rows, side = self.images.shape[:2]
        given = f", {self.given_validation:,} of them the validation set that the data bring"
        facts = {
            "training images": f"{rows:,} of {side} x {side}{given if self.given_validation else ''}",
            "test images": f"{self.test.size:,}, sealed",
            f"{len(self.class_names):,} classes": ", ".join(self.class_names[:HTML_CLASSES])
            + (", ..." if len(self.class_names) > HTML_CLASSES else ""),
            "source": self.source,
            "SHA-256": self.sha256,
        }
        notes = {f"note {number}": note for number, note in enumerate(self.notes, 1)}
        return html_table(f"Data set {self.name}", facts | notes)

    def split(self, seed: int, validation: float | None = None) -> Split:
        """Training and validation rows: stratified, exactly round(validation * n), a function of (labels, seed).

        `validation` is a fraction from 0 (nothing) to below 1; None is a fifth, or the validation set that the data
        brought, which is the same for every seed. Raises DataInvalid if a class has too few rows for it, UsageError for
        a fraction where the data brought a validation set.
        """
        if not self.given_validation:
            return stratified_split(self.labels, VALIDATION_SHARE if validation is None else validation, seed)
        self.refuse_fraction(validation)
        rows = np.arange(len(self.labels))
        first = len(rows) - self.given_validation
        return Split(rows[:first], rows[first:])

    def refuse_fraction(self, validation: float | None) -> None:
        """Raise UsageError for a fraction to hold out where the data brought a validation set."""
        if self.given_validation and validation is not None:
            raise UsageError(
                f"{spelled('validation')}: given {validation:g}, but {self.name} brings a validation set of "
                f"{self.given_validation:,} images, which is used as it is; leave the option out"
            )

    def limited(self, rows: int) -> "Dataset":
        """The same data set with `rows` of the training set's rows, each class in proportion.

        A validation set that the data brought stays whole and does not count. They stay in their order, and the rows
        of a smaller limit are among those of a larger one. The test set and the hash stay those of the whole. Raises
        UsageError for fewer than two rows per class.
        """
        least = 2 * len(self.class_names)
        if rows < least:
            raise UsageError(f"{spelled('limit')}: given {rows}, expected at least {least}, two rows for each class")
        first = len(self.labels) - self.given_validation
        if rows >= first:
            return self
        chosen = np.sort(stratified_order(self.labels[:first], LIMIT_SEED)[:rows])
        if len(np.unique(self.labels[chosen])) < len(self.class_names):
            raise UsageError(f"{spelled('limit')}: {rows} rows leave a class without any; use more rows")
        chosen = np.concatenate([chosen, np.arange(first, len(self.labels))])
        images, labels = self.images[chosen], self.labels[chosen]
        images.flags.writeable = labels.flags.writeable = False
        return replace(self, images=images, labels=labels)


def load(
    name: str = "fashion-mnist",
    *,
    data_dir: Path | str | None = None,
    announce: Callable[[str], None] | None = None,
    preparation: Preparation = AS_FOUND,
    called: str = "",
    again: bool = False,
) -> Dataset:
    """A data set by name ("fashion-mnist", "digits") or the path of the user's own, verified or checked.

    `data_dir` (or `$FASHIONLAB_DATA`) names a folder that holds Fashion-MNIST's four files; without it they are looked
    for in the cache, the system's data set folder, on public mirrors and in the distribution's package. `announce`
    receives messages for the user, the data set's notes among them; by default they go to standard error. `preparation`
    is what is to be done to the images. called: what messages about images and labels call the user's own data, their
    path unless something is given. again: the user has been told the notes, when it was loaded to be used.

    Raises UsageError for an unknown name or a `data_dir` for other data than Fashion-MNIST, DataUnavailable if no
    source has the data, DataInvalid if they are not what they should be.
    """
    dataset = _find(name, data_dir, announce, preparation, called)
    # Of Fashion-MNIST as it was published nothing needs to be told.
    known = name == "fashion-mnist" and preparation == AS_FOUND
    return dataset if again or known else _announced(dataset, announce)


def _find(
    name: str,
    data_dir: Path | str | None,
    announce: Callable[[str], None] | None,
    preparation: Preparation,
    called: str,
) -> Dataset:
    if name == "fashion-mnist":
        return _fashion_mnist(data_dir, announce, preparation)
    if data_dir is not None:
        raise UsageError(f"{spelled('data_dir')} is for fashion-mnist only; {name} is found without it")
    if name == "digits":
        checked = check(_digits(), name, preparation, published=True)
        return _assemble(name, checked, "scikit-learn's bundled digits", preparation)
    path = Path(name).expanduser()
    # Anything that is not there would otherwise be a misspelt name with a message about files.
    if not path.exists():
        near = near_names(name, ["fashion-mnist", "digits"]) or near_path(path)
        raise UsageError(
            f"there is no data set {name!r}; "
            + (f"did you mean {near[0]}?" if near else "expected fashion-mnist, digits, or the path of your own images")
        )
    checked = check(read_own(path, preparation), called or str(path), preparation)
    return _assemble(name, checked, os.path.realpath(path), preparation)


def from_arrays(
    images: np.ndarray,
    labels: np.ndarray | Sequence[int] | Sequence[str],
    *,
    test: tuple[np.ndarray, np.ndarray] | None = None,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    class_names: Sequence[str] | None = None,
    preparation: Preparation = AS_FOUND,
    name: str = "arrays",
    announce: Callable[[str], None] | None = None,
) -> Dataset:
    """A data set of arrays in memory, prepared and checked as those of a file are.

    images: [n, height, width], [n, height, width, channels] or [n, pixels]; whole numbers or floats from 0 to 255,
    floats from 0 to 1. labels: whole numbers, texts, or one-hot; [n]. test, validation: images and labels, the same.
    Saved as an .npz (x_train, y_train, x_val, y_val, x_test, y_test, class_names) and loaded with the same preparation
    they are the same data set, with the same hash. Raises DataInvalid.
    """
    sets = {"": (images, labels), "test_": test, "validation_": validation}
    arrays: dict[str, Any] = {
        f"{prefix}{kind}": _as_array(each, name)
        for prefix, pair in sets.items()
        if pair is not None
        for kind, each in zip(("images", "labels"), pair, strict=True)
    }
    names = None if class_names is None else tuple(map(str, class_names))
    raw = RawArrays(**arrays, class_names=names, test_from="" if test is None else "the argument test")
    checked = check(raw, name, preparation)
    return _announced(_assemble(name, checked, "arrays in memory", preparation), announce)


def _as_array(values: object, name: str) -> np.ndarray:
    """An array of a list, or of another library's tensor. Raises DataInvalid for what is none."""
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:  # rows of different lengths, for one
        raise DataInvalid(f"{name}: {error}; expected arrays") from None
    if array.dtype == object and all(isinstance(each, str) for each in array.ravel()):
        array = array.astype(str)
    return array


def _fashion_mnist(
    data_dir: Path | str | None, announce: Callable[[str], None] | None, preparation: Preparation
) -> Dataset:
    obtained = obtain(FASHION_MNIST, data_dir=data_dir, announce=announce)
    content: dict[str, Any] = {
        field: read_idx(obtained.contents[name], name, 3 if "images" in field else 1)
        for field, name in IDX_NAMES.items()
    }
    raw = RawArrays(**content, class_names=FASHION_CLASSES, test_from=IDX_NAMES["test_images"])
    checked = check(raw, "fashion-mnist", preparation, published=True)
    if preparation != AS_FOUND:
        return _assemble("fashion-mnist", checked, obtained.source, preparation)
    # Those of the files were verified a moment ago; hashing the arrays again would take as long as loading them.
    published = {file.name: file.sha256 for file in FASHION_MNIST.files}
    sha256 = sha256_of([published[name] for name in IDX_NAMES.values()], FASHION_CLASSES)
    return _assemble("fashion-mnist", checked, obtained.source, preparation, sha256)


def _digits() -> RawArrays:
    """1,797 handwritten digits of 8 x 8 pixels with 17 levels of grey, spread over 0 to 255."""
    from sklearn.datasets import load_digits

    bundled = load_digits()
    images = np.round(bundled.images * (255 / 16)).astype(np.uint8)
    return RawArrays(images, bundled.target, class_names=tuple(str(digit) for digit in range(10)))


def _assemble(name: str, checked: Checked, source: str, preparation: Preparation, sha256: str = "") -> Dataset:
    sha256 = sha256 or checked.sha256()
    return Dataset(
        name,
        checked.images,
        checked.labels,
        checked.class_names,
        source,
        sha256,
        TestSet(checked.test_images, checked.test_labels, sha256),
        checked.given_validation,
        preparation,
        checked.facts,
        checked.notes,
    )


def _announced(dataset: Dataset, announce: Callable[[str], None] | None) -> Dataset:
    for note in dataset.notes:
        (announce or tell)(note)
    return dataset
