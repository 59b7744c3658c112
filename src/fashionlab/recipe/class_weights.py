"""How much the rows of each class count in the training's loss."""

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from fashionlab.errors import UsageError
from fashionlab.options import spelled, unknown_name

EQUAL, BALANCED = "equal", "balanced"

EXPECTED = '"equal", "balanced", or classes by name with their weights, such as "Shirt=2,Coat=1.5"'

ENTRY = re.compile(r"\s*([^=]+?)\s*=\s*([^=,]+?)\s*(?:,|$)")


def parse_class_weights(text: str) -> Mapping[str, float]:
    """The weights by class name that a text like "Shirt=2,Coat=1.5" gives; none for "equal" and "balanced".

    A comma may stand in a class's name, an equals sign may not. Raises UsageError.
    """
    if text in (EQUAL, BALANCED):
        return {}
    found: dict[str, float] = {}
    at = 0
    while entry := ENTRY.match(text, at):
        name, number = entry.groups()
        try:
            weight = float(number)
        except ValueError:
            break
        if not 0 <= weight <= 1e6:
            raise UsageError(
                f"{spelled('class_weights')}: given {number} for {name!r}, expected a number from 0 to 1,000,000"
            )
        if name in found:
            raise UsageError(f"{spelled('class_weights')}: given {name!r} twice in {text!r}")
        found[name], at = weight, entry.end()
    if at != len(text) or not found or math.fsum(found.values()) == 0:
        raise UsageError(
            f"{spelled('class_weights')}: given {text!r}, expected {EXPECTED}; one weight at least above 0"
        )
    return found


def check_class_names(text: str, class_names: Sequence[str]) -> None:
    """Raise UsageError if the text weighs a class that the data set does not have."""
    for name in parse_class_weights(text):
        if name not in class_names:
            unknown = unknown_name("class", name, class_names, "the data set")
            raise UsageError(f"{spelled('class_weights')}: {unknown}")


def on_class_weights(text: str, labels: np.ndarray, class_names: Sequence[str]) -> str | None:
    """A sentence where the weights that somebody asked for are all but equal, and change nothing; otherwise None."""
    weights = weigh_classes(text, labels, class_names)
    if weights is None or np.ptp(weights) > 0.01 * weights.max():
        return None
    almost = "almost " if np.ptp(weights) else ""
    why = (
        f"have {almost}the same number of training images" if text == BALANCED else f"are given {almost}the same weight"
    )
    return f"{spelled('class_weights', text)} changes {almost}nothing, as all classes {why}"


def weigh_classes(text: str, labels: np.ndarray, class_names: Sequence[str]) -> np.ndarray | None:
    """The weight of each class, float32 [classes], or None where all are equal.

    labels: int [n], of the rows that are trained on. "balanced" gives class c the weight n / (k n_c), for n_c of the n
    rows and k classes that occur, as in scikit-learn: each of them then counts as much as any other, and the mean
    weight of a row is 1. By name, a class that is not named has the weight 1. Raises UsageError as above.
    """
    if text == EQUAL:
        return None
    check_class_names(text, class_names)
    counts = np.bincount(labels, minlength=len(class_names))
    if text == BALANCED:
        weights = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return np.where(counts > 0, weights, 1).astype(np.float32)
    given = parse_class_weights(text)
    return np.array([given.get(name, 1.0) for name in class_names], np.float32)
