"""Labels as people have them, made the numbers 0 to k-1: numbers, texts, one row of zeros and a one for each image."""

from collections.abc import Mapping

import numpy as np

from fashionlab.errors import DataInvalid


def number_labels(
    given: Mapping[str, np.ndarray], class_names: tuple[str, ...] | None, name: str
) -> tuple[dict[str, np.ndarray], tuple[str, ...] | None, list[str]]:
    """Labels int64 [n] of each set, the training set's first, the class names, and what was done, in sentences.

    Texts are classes in alphabetical order, unless class names say another; numbers stay where they are 0 to k-1, and
    otherwise are classes in their own order, named by what they were. Whether they fit images and names is another
    check. Raises DataInvalid, a sentence that begins with `name` and the set.
    """
    said: list[str] = []
    flat = {each: _flat(labels, f"{name}: {each} labels", said) for each, labels in given.items()}
    training = next(iter(flat.values()))
    if any((labels.dtype.kind == "U") != (training.dtype.kind == "U") for labels in flat.values()):
        raise DataInvalid(
            f"{name}: labels are text in one set and numbers in another; expected the same kind in all sets"
        )
    found = np.unique(training)
    if training.dtype.kind == "U":
        class_names = class_names or tuple(str(each) for each in found)
        known = np.array(class_names)
    elif class_names is None:
        if not len(found) or (found[0] == 0 and found[-1] == len(found) - 1):
            return flat, None, said
        known, class_names = found, tuple(str(each) for each in found)
        shown = f"{found[0]} to {found[-1]}" if found[-1] - found[0] == len(found) - 1 else _some(found)
        said.append(f"the labels {shown} are numbered 0 to {len(found) - 1}, and serve as the names of the classes")
    elif len(found) and (found[0], found[-1]) == (1, len(class_names)):
        known = np.arange(1, len(class_names) + 1)
        said.append(f"the labels 1 to {len(class_names)} stand for the class names in their order")
    else:
        return flat, class_names, said
    return {each: _places(labels, known, f"{name}: {each} labels") for each, labels in flat.items()}, class_names, said


def _flat(labels: np.ndarray, name: str, said: list[str]) -> np.ndarray:
    """Labels as int64 or texts, [n]."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.dtype.kind in "biuf" and labels.shape[1] > 1:
        if not np.isin(labels, (0, 1)).all() or not (labels.sum(axis=1) == 1).all():
            raise DataInvalid(
                f"{name} have shape {list(labels.shape)} and are not one-hot (a 1 and otherwise 0 in each row); "
                "expected one class for each image, such as labels.argmax(axis=1)"
            )
        _once(said, "one-hot labels became the numbers of their classes")
        return np.asarray(labels.argmax(axis=1), np.int64)
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "replace")
    if labels.ndim != 1 or labels.dtype.kind not in "biufU":
        raise DataInvalid(
            f"{name} are {labels.dtype} {list(labels.shape)}; expected a whole number or a text for each image"
        )
    if labels.dtype.kind == "U":
        return np.char.strip(labels)
    if labels.dtype.kind == "f" and not (np.isfinite(labels).all() and (labels == np.floor(labels)).all()):
        raise DataInvalid(
            f"{name} are {labels.dtype} and not whole numbers; expected the number of a class for each image"
        )
    if len(labels) and not -(2**53) <= labels.min() <= labels.max() <= 2**53:
        raise DataInvalid(f"{name} run from {labels.min():g} to {labels.max():g}; expected the numbers of classes")
    return labels.astype(np.int64)


def _places(labels: np.ndarray, known: np.ndarray, name: str) -> np.ndarray:
    """Each label's place in `known`, int64. Raises DataInvalid for one that is not there."""
    order = np.argsort(known, kind="stable")
    places = np.minimum(np.searchsorted(known, labels, sorter=order), len(known) - 1)
    places = order[places]
    strange = np.flatnonzero(known[places] != labels)
    if len(strange):
        given, few = labels[strange[0]].item(), known[:10]
        raise DataInvalid(f"{name} contain {given!r}, which is not one of the classes {_some(few)}")
    return np.asarray(places, np.int64)


def _some(values: np.ndarray) -> str:
    return ", ".join(str(each)[:100] for each in values[:8]) + (", …" if len(values) > 8 else "")


def _once(said: list[str], sentence: str) -> None:
    if sentence not in said:
        said.append(sentence)
