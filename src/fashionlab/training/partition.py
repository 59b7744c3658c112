"""Which rows of the data a run trains on, which ones stop it, and which ones grade it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from fashionlab.data import Dataset, judge_halves


class Rows(NamedTuple):
    """Row numbers of the development part, int64, ascending.

    train: what the model learns from. stop: the validation rows that early stopping sees. grade: the validation rows
    that are predicted afterwards, by which the run is judged. In a plain run the last two are the same.
    """

    train: np.ndarray
    stop: np.ndarray
    grade: np.ndarray


def rows_of(request: Mapping[str, Any], dataset: Dataset) -> Rows:
    """The rows of the run that a request (`recipe.json`) asks for; dataset: already limited as its recipe says.

    A run of a study (`judge` in its request) has its validation part cut in two disjoint halves, so that what picked
    the weights does not also grade them. A refit trains on every row and has no validation rows.
    """
    recipe = request["recipe"]
    if recipe["refit"]:
        none = np.empty(0, np.int64)
        return Rows(np.arange(len(dataset.labels)), none, none)
    seed = int(recipe["seed"])
    split = dataset.split(seed, recipe["data"]["validation"])
    if not request.get("judge"):
        return Rows(split.train, split.validation, split.validation)
    return Rows(split.train, *judge_halves(dataset.labels, split.validation, seed))
