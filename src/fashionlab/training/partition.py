"""Which rows of the data a run trains on, which ones stop it, and which ones judge it."""

from typing import NamedTuple

import numpy as np

from fashionlab.data import Dataset, halve_validation
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import RunSpec


class Partition(NamedTuple):
    """Row numbers of the training set, int64, ascending.

    train: what the model learns from. stopping: the validation rows that early stopping sees. judging: the validation
    rows that are predicted afterwards, by which the run is judged. In a plain run the last two are the same.
    """

    train: np.ndarray
    stopping: np.ndarray
    judging: np.ndarray


def partition(spec: RunSpec, dataset: Dataset) -> Partition:
    """The rows of a run; dataset: already limited as its recipe says."""
    return divide(spec.recipe, spec.split_seed, spec.in_study and not spec.undivided, dataset)


def divide(recipe: Recipe, seed: int, halved: bool, dataset: Dataset) -> Partition:
    """The rows of a recipe's run whose split is drawn by `seed`.

    halved: as of a run of a study, the validation set is cut in two disjoint halves, so that what picked the weights
    does not also judge them. One that the data brought is cut in the same way for all seeds. A refit trains on every
    row and has no validation rows.
    """
    if recipe.refit:
        none = np.empty(0, np.int64)
        return Partition(np.arange(len(dataset.labels)), none, none)
    split = dataset.split(seed, recipe.data.validation)
    if not halved:
        return Partition(split.train, split.validation, split.validation)
    halving = 0 if dataset.given_validation else seed
    return Partition(split.train, *halve_validation(dataset.labels, split.validation, halving))
