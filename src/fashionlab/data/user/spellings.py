"""What people call the sets of a data set, and what is in them: in names of files, folders, arrays and columns."""

import re
from collections.abc import Iterable

from fashionlab.errors import DataInvalid

SETS = {
    "train": "", "training": "", "tr": "", "test": "test_", "testing": "test_", "t10k": "test_", "te": "test_",
    "val": "validation_", "valid": "validation_", "validation": "validation_", "dev": "validation_",
}  # fmt: skip
"""A set's names, and what the fields of `RawArrays` that hold it begin with."""

CONTENTS = {
    "x": "images", "images": "images", "image": "images", "imgs": "images", "img": "images", "data": "images",
    "features": "images", "pixels": "images",
    "y": "labels", "labels": "labels", "label": "labels", "targets": "labels", "target": "labels",
}  # fmt: skip

CLASS_NAMES = ("class_names", "classes", "label_names", "target_names", "names")


def field_of(name: str) -> str | None:
    """The field of `RawArrays` that a file's or an array's name speaks of: `test_labels` for "y_test", "test-labels"
    or "t10k-labels.idx1-ubyte"; None for a name of another kind. Without a set it is the training set."""
    if name.lower() in CLASS_NAMES:
        return "class_names"
    words = _words(name)
    sets, contents = {SETS[word] for word in words if word in SETS}, {CONTENTS[w] for w in words if w in CONTENTS}
    # "data" beside a clearer word says nothing, as in "data_labels".
    if len(contents) > 1 and "data" in words:
        contents = {CONTENTS[word] for word in words if word in CONTENTS and word != "data"}
    if len(contents) != 1 or len(sets) > 1:
        return None
    return (sets.pop() if sets else "") + contents.pop()


def set_of(name: str) -> str | None:
    """What the fields of the set begin with that a name speaks of, "" for the training set; None for no set."""
    found = {SETS[word] for word in _words(name) if word in SETS}
    return found.pop() if len(found) == 1 else None


def assign(names: Iterable[str], where: str) -> tuple[dict[str, str], list[str]]:
    """Names by the field that each speaks of, and those that speak of none.

    Raises DataInvalid where two speak of one, images have no labels, or only other sets than the training set are
    there.
    """
    found: dict[str, str] = {}
    others: list[str] = []
    for name in sorted(names):
        field = field_of(name)
        if field is None:
            others.append(name)
        elif field in found:
            raise DataInvalid(
                f"{where} holds {found[field]} and {name}, both of which seem to be the {_in_words(field)}; "
                "remove or rename one of them"
            )
        else:
            found[field] = name
    for prefix in ("", "test_", "validation_"):
        for one, other in (("images", "labels"), ("labels", "images")):
            if prefix + one in found and prefix + other not in found:
                raise DataInvalid(f"{where} has {found[prefix + one]}, but no {_in_words(prefix + other)} for it")
    if found.keys() - {"class_names"} and "images" not in found:
        raise DataInvalid(f"{where} lacks training images; it holds {shown(found.values())}")
    return found, others


def shown(names: Iterable[str], most: int = 10) -> str:
    """A few names, for a message."""
    known = sorted(names)
    more = f" and {len(known) - most:,} more" if len(known) > most else ""
    return ", ".join(each[:100] for each in known[:most]) + more if known else "nothing"


def _in_words(field: str) -> str:
    return field.replace("_", " ") if "_" in field else f"training {field}"


def _words(name: str) -> list[str]:
    """The words of a name: parted by what is neither letter nor digit, and where a small letter meets a capital."""
    words = [word for word in re.split(r"[^a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()) if word]
    # "xtrain" is x and train.
    return [
        part for word in words for part in ((word[0], word[1:]) if word[:1] in "xy" and word[1:] in SETS else (word,))
    ]
