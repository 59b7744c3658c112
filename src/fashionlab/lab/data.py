"""The verbs about data: load it, see what is in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashionlab.data import DataDescription, Dataset, describe
from fashionlab.data import load as load_dataset
from fashionlab.images import AS_FOUND, Preparation
from fashionlab.options import fill, options_of
from fashionlab.recipe.config import DataConfig
from fashionlab.reports import draw_samples
from fashionlab.reports.figures import Display
from fashionlab.reports.run.figures import samples_of
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


def describe_data(
    dataset: str = "fashion-mnist",
    *,
    data_dir: str | Path | None = None,
    seed: int = 0,
    folder: str | Path = "runs/data",
    **preparation: Any,
) -> DataOverview:
    """Source, hash, counts, pixel statistics and the split of a data set; samples by class are drawn into `folder`, as
    the network would see them. preparation: as for `load`."""
    # What is said of the user's own data is part of the description.
    say = tell if dataset == "fashion-mnist" else _keep_quiet
    loaded = load_dataset(dataset, data_dir=data_dir, announce=say, preparation=_read(preparation))
    figures = draw_samples(Path(folder), loaded)
    return DataOverview(describe(loaded, seed), tuple(figures))


def _keep_quiet(message: str) -> None:
    """Nothing."""


def _read(given: dict[str, Any]) -> Preparation:
    """A preparation from settings by name. Raises UsageError."""
    known = {name: option for name, option in options_of(DataConfig).items() if hasattr(AS_FOUND, name)}
    return Preparation(**fill(known, given, "load"))


def plot_samples(data: Dataset, per_class: int = 10) -> Display:
    """A grid of training images, `per_class` of every class, chosen at random with a fixed seed."""
    return samples_of(data, per_class)
