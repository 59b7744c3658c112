"""A data set's training set on its way to another machine, with what proves it there; the test set stays at home.

The data set's SHA-256 is made of those of its four files. The receiver computes the two of what it was sent, takes the
test set's two from the note, and must arrive at the hash that the run's request names.
"""

import numpy as np
from msgspec import Struct

from fashionlab.data.checks import sha256_of, sha256s_of
from fashionlab.data.dataset import Dataset, TestSet
from fashionlab.errors import DataInvalid


class TransferNote(Struct, frozen=True):
    """What travels next to the images and labels. test_sha256s: of the test set's images and labels; sha256: of the
    whole data set; given_validation: as of `Dataset`."""

    name: str
    class_names: tuple[str, ...]
    test_sha256s: tuple[str, ...]
    sha256: str
    given_validation: int = 0


def note_of(dataset: Dataset) -> TransferNote:
    """The note on a whole data set."""
    return TransferNote(
        dataset.name, dataset.class_names, tuple(dataset.test.sha256s), dataset.sha256, dataset.given_validation
    )


def receive(images: np.ndarray, labels: np.ndarray, note: TransferNote) -> Dataset:
    """The data set that was sent, its test set empty. Raises DataInvalid if a bit of it is not what the hash says."""
    files = [*sha256s_of(images, labels), *note.test_sha256s]
    found = sha256_of(files, note.class_names, note.given_validation)
    if found != note.sha256:
        raise DataInvalid(
            f"the data set {note.name!r} arrived with SHA-256 {found[:12]}…, expected {note.sha256[:12]}…: "
            "it was altered on its way"
        )
    images.flags.writeable = labels.flags.writeable = False
    nothing = TestSet(images[:0], labels[:0], note.sha256)
    source = "the study's driver"
    return Dataset(note.name, images, labels, note.class_names, source, note.sha256, nothing, note.given_validation)
