"""The arrays of a data set, and the one way from arrays as people have them to those that a data set promises."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from fashionlab.data import idx
from fashionlab.data.labels import number_labels
from fashionlab.data.shared import rows_among
from fashionlab.data.split import stratified_split
from fashionlab.errors import DataInvalid
from fashionlab.images import AS_FOUND, PLAIN, PixelFacts, Preparation, Stack, find_facts, finish, stack_array
from fashionlab.images.prepare import CONTENT_LIMIT, steps, used_range
from fashionlab.options import spelled
from fashionlab.text import one_line

__all__ = ["CONTENT_LIMIT", "Checked", "RawArrays", "check", "sha256_of", "sha256s_of"]

TEST_SHARE = 0.2
"""Share of the rows that is set aside as the test set of data that bring none."""

TEST_SEED = 20170825
"""Seed of that choice: fixed, so that no run's seed changes what the test set is."""

SMALL_RANGE = 64
"""Grey values out of 256: a set that uses fewer is named."""

LIGHT = 200
"""Grey value of a ground above which images are dark on light."""

FLAT = 8
"""Grey values between the darkest and the brightest pixel of an image that shows nothing."""


@dataclass(frozen=True)
class RawArrays:
    """What a reader found; test set, validation set and class names may be missing (None).

    Images are an array as `images.stack_array` takes it, or a stack of decoded files; labels as `labels.number_labels`
    takes them. notes: what the reader left out or chose, in sentences; test_from: what the test set was read from.
    """

    images: np.ndarray | Stack
    labels: np.ndarray
    test_images: np.ndarray | Stack | None = None
    test_labels: np.ndarray | None = None
    validation_images: np.ndarray | Stack | None = None
    validation_labels: np.ndarray | None = None
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    test_from: str = ""


@dataclass(frozen=True)
class Checked:
    """Arrays that are what `Dataset` promises: uint8 [n, side, side] and int32 [n], read-only.

    given_validation: how many rows at the end of the training set are the validation set that the data brought; facts:
    what the training images decided for all; notes: what was left out, chosen and done, in sentences.
    """

    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    given_validation: int = 0
    facts: PixelFacts = PLAIN
    notes: tuple[str, ...] = ()

    def sha256(self) -> str:
        """SHA-256 of all content: the four IDX files that would hold the arrays, and the class names."""
        files = [*sha256s_of(self.images, self.labels), *sha256s_of(self.test_images, self.test_labels)]
        return sha256_of(files, self.class_names, self.given_validation)


def sha256_of(files: list[str], class_names: tuple[str, ...], given_validation: int = 0) -> str:
    """The data set's hash, from its IDX files' (images, labels, the same to test), its class names, and how many of the
    rows are a validation set of its own."""
    own = [given_validation] if given_validation else []
    return hashlib.sha256(json.dumps([files, class_names, *own]).encode()).hexdigest()


def sha256s_of(images: np.ndarray, labels: np.ndarray) -> list[str]:
    """SHA-256 of the two IDX files that would hold one set's images and labels."""
    return [_sha256_as_idx(images), _sha256_as_idx(_compact(labels))]


def check(arrays: RawArrays, name: str, preparation: Preparation = AS_FOUND, published: bool = False) -> Checked:
    """Prepare the images, number the labels, check both, and set a test set aside where there is none.

    published: the images are known, and are not looked at for what seems wrong with them. Raises DataInvalid, one
    sentence that begins with `name` and says what was found, expected, and how to mend it.
    """
    found = {"training": (arrays.images, arrays.labels)}
    for each, images, labels in (
        ("test", arrays.test_images, arrays.test_labels),
        ("validation", arrays.validation_images, arrays.validation_labels),
    ):
        if images is not None and labels is not None:
            found[each] = images, labels
    stacks: dict[str, Stack] = {}
    for each, (images, _) in found.items():
        side = stacks["training"].grey.shape[1] if stacks else None
        stacks[each] = (
            images if isinstance(images, Stack) else stack_array(images, f"{name}: {each} images", preparation, side)
        )
    for each, (_, labels) in found.items():
        # Before anything is made of them: millions of labels for a dozen images would take a gigabyte.
        if labels.ndim and len(labels) != (rows := len(stacks[each].grey)):
            raise DataInvalid(
                f"{name}: {each} labels: there are {len(labels):,} for {rows:,} images; expected one for each"
            )
    facts = find_facts(stacks["training"], preparation, f"{name}: training images")
    prepared = {each: finish(stack, facts, preparation) for each, stack in stacks.items()}
    notes = [*arrays.notes, *steps(list(stacks.values()), facts, preparation)]
    if not published:
        notes += _remarks(prepared["training"], facts, preparation, f"{name}: training images")
    numbered, class_names, said = number_labels(
        {each: labels for each, (_, labels) in found.items()}, arrays.class_names, name
    )
    checked = _divide(prepared, numbered, class_names, name)
    notes += [*said, _on_test_set(checked, arrays.test_from if "test" in found else None)]
    notes += [] if published else _shared(checked)
    return replace(checked, facts=facts, notes=tuple(notes))


def _divide(
    images: dict[str, np.ndarray],
    given: dict[str, np.ndarray],
    names: tuple[str, ...] | None,
    name: str,
) -> Checked:
    """Check labels and class names against images and each other, and make training, validation and test set."""
    rows = len(images["training"])
    labels = {each: _check_labels(found, f"{name}: {each} labels") for each, found in given.items()}
    training = labels["training"]
    low, high = int(training.min()), int(training.max())
    # A bound that needs no counting: there cannot be more classes than training rows.
    if low < 0 or high >= rows:
        raise DataInvalid(
            f"{name}: training labels run from {low} to {high}; expected 0 to the number of classes less 1"
        )
    class_names = _check_names(names, high + 1, name)
    classes = len(class_names)
    absent = np.flatnonzero(np.bincount(training, minlength=classes) == 0)
    if len(absent):
        label = int(absent[0])
        raise DataInvalid(
            f"{name}: no training image has label {label} ({class_names[label]}); "
            f"expected every label from 0 to {classes - 1}"
        )
    if classes < 2:
        raise DataInvalid(
            f"{name}: all images have the same label; expected at least 2 classes (of image files: a folder for each)"
        )
    for each, found in labels.items():
        if found.min() < 0 or found.max() >= classes:
            wrong = int(found.max() if found.max() >= classes else found.min())
            raise DataInvalid(f"{name}: a {each} image has label {wrong}; expected labels from 0 to {classes - 1}")
    pictures, test_images, test_labels = images["training"], images.get("test"), labels.get("test")
    if test_images is None or test_labels is None:
        try:
            split = stratified_split(training, TEST_SHARE, TEST_SEED)
        except DataInvalid as error:
            raise DataInvalid(f"{name}: no test set is given, and {error}") from None
        test_images, test_labels = pictures[split.validation], training[split.validation]
        pictures, training = pictures[split.train], training[split.train]
    if "validation" in images:
        pictures = np.concatenate([pictures, images["validation"]])
        training = np.concatenate([training, labels["validation"]])
    for array in (pictures, training, test_images, test_labels):
        array.flags.writeable = False
    given_validation = len(images.get("validation", ()))
    return Checked(pictures, training, test_images, test_labels, class_names, given_validation)


def _on_test_set(checked: Checked, source: str | None) -> str:
    """Which images are the test set. source: what it was read from, None where it was set aside here."""
    n = len(checked.test_images)
    if source is not None:
        return f"the test set is the {n:,} images {f'of {source}' if source else 'that the data bring for it'}"
    training = len(checked.images) - checked.given_validation
    return (
        f"the test set is {n:,} of the {n + training:,} images, set aside as the data bring none: a fifth of each "
        "class, "
        "the same for every seed"
    )


def _shared(checked: Checked) -> list[str]:
    """What is said of images that are in two sets."""
    said = []
    first = len(checked.images) - checked.given_validation
    training, validation = checked.images[:first], checked.images[first:]
    pairs = (("test", checked.test_images, checked.images), ("validation", validation, training))
    for name, these, those in pairs:
        if shared := len(rows_among(these, those)):
            more = "; results say how good they are without them" if name == "test" else ""
            are = "images are" if shared > 1 else "images is"
            said.append(
                f"{shared:,} of the {len(these):,} {name} {are}, pixel for pixel, in the training set too{more}"
            )
    return said


def _remarks(images: np.ndarray, facts: PixelFacts, preparation: Preparation, name: str) -> list[str]:
    """What seems wrong with the training images, in sentences, with the option that mends it.

    Raises DataInvalid where nothing can be learned from them: all are the same.
    """
    if len(images) > 1 and (images == images[0]).all():
        seen = f"every pixel {images[0, 0, 0]}" if (images[0] == images[0, 0, 0]).all() else "pixel for pixel"
        raise DataInvalid(f"{name} are all the same, {seen}; look at the files: they show nothing")
    said = []
    low, high = used_range(images)
    flat = images.reshape(len(images), -1)
    blank = int((np.ptp(flat, axis=1) < FLAT).sum()) if high - low >= FLAT else 0
    if high - low < SMALL_RANGE:
        mend = "" if preparation.stretch else f"; {spelled('stretch', True)} spreads them over 0 to 255"
        shade = "nearly black: " if high < SMALL_RANGE else "nearly white: " if low > 255 - SMALL_RANGE else ""
        said.append(f"the training images are {shade}they use the values {low:g} to {high:g} of 0 to 255{mend}")
    if blank:
        show = "shows" if blank == 1 else "show"
        said.append(f"{blank:,} of {len(images):,} images {show} nothing: all pixels of such an image are nearly alike")
    border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    # A ground that was chosen has been said already.
    asked = preparation.invert or facts.ground > 0
    if not asked and high - low >= SMALL_RANGE and np.median(border[:: max(1, len(border) // 4096)]) > LIGHT:
        said.append(
            f"the images are dark on a light ground; {spelled('invert', True)} makes them bright on dark, as those of "
            "Fashion-MNIST are"
        )
    return said


def _check_labels(labels: np.ndarray, name: str) -> np.ndarray:
    low, high = int(labels.min()), int(labels.max())
    if not -(2**31) <= low <= high < 2**31:
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
