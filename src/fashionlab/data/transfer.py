"""A data set's development part on its way to another machine, with what proves it there; the test part stays at home.

The data set's SHA-256 is made of those of its four files. The receiver computes the two of what it was sent, takes the
test part's two from the note, and must arrive at the hash that the run's request names.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fashionlab.data.checks import sha256_of, sha256s_of
from fashionlab.data.dataset import Dataset, TestPart
from fashionlab.errors import DataInvalid


def note_of(dataset: Dataset) -> dict[str, Any]:
    """What travels beside the pictures and labels of a whole data set, JSON-able."""
    return {
        "name": dataset.name,
        "class_names": list(dataset.class_names),
        "test_sha256s": dataset.test.sha256s,
        "sha256": dataset.sha256,
    }


def receive(images: np.ndarray, labels: np.ndarray, note: Mapping[str, Any]) -> Dataset:
    """The data set that was sent, its test part empty. Raises DataInvalid if a bit of it is not what the hash says."""
    class_names = tuple(note["class_names"])
    found = sha256_of([*sha256s_of(images, labels), *note["test_sha256s"]], class_names)
    if found != note["sha256"]:
        raise DataInvalid(
            f"the data set {note['name']!r} arrived with SHA-256 {found[:12]}…, expected {note['sha256'][:12]}…: "
            "it was altered on its way"
        )
    images.flags.writeable = labels.flags.writeable = False
    nothing = TestPart(images[:0], labels[:0], note["sha256"])
    return Dataset(note["name"], images, labels, class_names, "the study's driver", note["sha256"], nothing)
