"""The verbs about data: load it, see what is in it."""

import hashlib
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.data import DataDescription, Dataset, describe
from fashionlab.data import load as load_dataset
from fashionlab.errors import UsageError
from fashionlab.files import as_file_name, make_folder, write_atomically
from fashionlab.images import AS_FOUND, Preparation
from fashionlab.options import fill, options_of
from fashionlab.recipe.config import DataConfig
from fashionlab.reports import draw_samples
from fashionlab.reports.figures import Display
from fashionlab.reports.run.figures import samples_of
from fashionlab.store.format import to_npz
from fashionlab.text import tell


@dataclass(frozen=True)
class DataOverview:
    """What is in a data set, and the paths of a figure of samples by class."""

    description: DataDescription
    figures: tuple[Path, ...]


def load(dataset: str = "fashion-mnist", *, data_dir: str | Path | None = None, **preparation: Any) -> Dataset:
    """The data set by name ("fashion-mnist", "digits"), or the user's own at a path.

    Its `images` (uint8 [n, height, width]) and `labels` (int32 [n]) are the training set, from which `split` carves
    the validation set; the test set stays sealed. preparation: `resize`, `resize_how`, `stretch` and `invert`, as
    `train` takes them: what is done to the images. Raises DataError, UsageError.
    """
    return load_dataset(dataset, data_dir=data_dir, announce=tell, preparation=_read(preparation))


def keep_arrays(data: object, runs: Path, undo: ExitStack) -> Path:
    """Images and labels in memory as an .npz in `runs`, named after its content, from which workers can load them.

    What they must be is said, and checked, where it is loaded. undo: removes the file again if it is closed, unless it
    was there before. Raises UsageError for what are no two arrays.
    """
    if isinstance(data, (str, Path)):
        raise UsageError(
            f"given {str(data)!r} as data, expected arrays; a path or a name goes to dataset: dataset={str(data)!r}"
        )
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise UsageError(
            f"given an object of type {type(data).__name__} as data, expected what load gives, or (images, labels)"
        )
    arrays = {name: np.asarray(values) for name, values in zip(("x_train", "y_train"), data, strict=True)}
    for name, array in arrays.items():
        if array.dtype == object:  # as pandas has texts; nothing that would have to be pickled is written
            if not all(isinstance(value, str) for value in array.flat):
                raise UsageError(f"given {name[2:]} data that are no numbers or texts, expected (images, labels)")
            arrays[name] = array.astype(str)
    content = to_npz(arrays)
    path = runs / "arrays" / f"{hashlib.sha256(content).hexdigest()[:16]}.npz"
    if not path.is_file():
        undo.callback(_discard, path)
        make_folder(path.parent)
        write_atomically(path, content)
    return path


def _discard(path: Path) -> None:
    """Remove a file, and the folders around it that are empty then."""
    path.unlink(missing_ok=True)
    with suppress(OSError):
        for folder in path.parents[:2]:
            folder.rmdir()


def describe_data(
    dataset: str = "fashion-mnist",
    *,
    data_dir: str | Path | None = None,
    seed: int = 0,
    folder: str | Path = "runs/data",
    **preparation: Any,
) -> DataOverview:
    """Source, hash, counts, pixel statistics and the split of a data set; samples by class are drawn, as the network
    would see them, into a folder in `folder` that is named after the data's name and content: those of other data, or
    of the same with another preparation, stay. preparation: as for `load`."""
    # What is said of the user's own data is part of the description.
    say = tell if dataset == "fashion-mnist" else _keep_quiet
    loaded = load_dataset(dataset, data_dir=data_dir, announce=say, preparation=_read(preparation))
    name = f"{as_file_name(Path(loaded.name).name)}-{loaded.sha256[:8]}".strip("-")
    figures = draw_samples(Path(folder) / name, loaded)
    return DataOverview(describe(loaded, seed), tuple(figures))


def _keep_quiet(message: str) -> None:
    """Nothing."""


def _read(given: dict[str, Any]) -> Preparation:
    """A preparation from settings by name. Raises UsageError."""
    known = {name: option for name, option in options_of(DataConfig).items() if hasattr(AS_FOUND, name)}
    return Preparation(**fill(known, given, "the data set"))


def plot_samples(data: Dataset, per_class: int = 10) -> Display:
    """A grid of training images, `per_class` of every class, chosen at random with a fixed seed."""
    return samples_of(data, per_class)
