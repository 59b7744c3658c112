"""What answering needs to know of a run beside its weights: its temperature, its ground, what is familiar to it.

Computed when it is first needed and kept in `derived/`: the first answer takes some seconds more than the others.
"""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from msgspec import Struct

from fashionlab.data.dataset import FASHION_CLASSES
from fashionlab.errors import DataError, RunCorrupt, StoreError
from fashionlab.files import make_folder, write_atomically
from fashionlab.photos.garment import SIDE
from fashionlab.photos.see import PhotoFacts
from fashionlab.photos.simple import Ground
from fashionlab.portable import Network, forward
from fashionlab.prediction.unlike import Familiar, fit_familiar
from fashionlab.recipe.spec import RunSpec
from fashionlab.store import Run
from fashionlab.store.format import from_npz, read_document, read_file, to_json, to_npz

VERSION = 1
"""Raised when a change of the code changes what is computed, so that an older file is computed anew."""

DOCUMENT, ARRAYS = "prediction.json", "prediction.npz"

ROWS = 3_000
"""Training images, and validation images, that are looked at, at most: a convolution takes NumPy seconds for them."""

MOST_PIXELS = 64 * 64
"""Of an image, up to which it is found out what is unlike: the principal components of larger ones take minutes."""

_BORDER = (64, 192)
"""Grey of the training images' border up to which it is black, and from which on it is white."""


class FactsFile(Struct, frozen=True):
    """`prediction.json`. weights: SHA-256 of the run's; arrays: SHA-256 of `prediction.npz`; the others as `Facts`."""

    version: int
    weights: str
    temperature: float | None
    ground: Ground
    familiar: bool
    arrays: str


@dataclass(frozen=True, eq=False)
class Facts:
    """temperature: what logits are divided by, None for a refit, which has no validation set to find it with; ground:
    what the training images' border is; familiar: None where it cannot be told; remarks: what is missing, and why."""

    temperature: float | None
    ground: Ground
    familiar: Familiar | None
    remarks: tuple[str, ...] = ()


def find_facts(run: Run, network: Network | None, data_dir: str | Path | None = None) -> Facts:
    """The run's facts: what `derived/` holds if it is of these weights and this version, else computed anew."""
    weights = hashlib.sha256(run.read("weights.safetensors")).hexdigest()
    found = _read(run, weights)
    if found is not None:
        return found
    facts = _compute(run, network, data_dir)
    if not facts.remarks:
        _keep(run, facts, weights)
    return facts


def photo_facts(spec: RunSpec, ground: Ground) -> PhotoFacts:
    """What a photograph's way to the run's network is decided by; a run's page carries it as JSON.

    A run with the classes of Fashion-MNIST gets photographs in the way of the data set's authors. ground: `Facts`'.
    """
    data = spec.data
    rule: Literal["garment", "simple"] = (
        "garment" if data.class_names == FASHION_CLASSES and data.side == SIDE else "simple"
    )
    return PhotoFacts(rule, data.side, ground, spec.recipe.data.preparation.invert, data.pixels)


def _compute(run: Run, network: Network | None, data_dir: str | Path | None) -> Facts:
    from fashionlab.evaluation.calibration import fit_temperature
    from fashionlab.training.datasets import load_for
    from fashionlab.training.partition import partition

    validation = run.predictions.validation
    temperature = None if validation is None else fit_temperature(validation.logits, validation.labels)
    try:
        dataset = load_for(run, None if data_dir is None else str(data_dir))
    except DataError as error:
        said = f"the run's data set cannot be had, so it is not known whether an image is unlike its images: {error}"
        return Facts(temperature, "unknown", None, (said,))
    rows = partition(run.spec, dataset)
    ground = border_ground(dataset.images[_spread(rows.train, 2000)])
    if network is None or validation is None or run.spec.data.side**2 > MOST_PIXELS:
        return Facts(temperature, ground, None)
    train, others = (dataset.images[_spread(each, ROWS)] for each in (rows.train, rows.judging))
    features = (forward(network, each).features for each in (train, others))
    return Facts(temperature, ground, fit_familiar(train, next(features), others, next(features)))


def _spread(rows: np.ndarray, most: int) -> np.ndarray:
    return rows[:: max(1, -(-len(rows) // most))]


def border_ground(images: np.ndarray) -> Literal["black", "white", "other"]:
    """What the border of images, uint8 [n, side, side], is."""
    borders = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    medians = np.median(borders, axis=1)
    if (medians <= _BORDER[0]).mean() > 0.9:
        return "black"
    return "white" if (medians >= _BORDER[1]).mean() > 0.9 else "other"


def _keep(run: Run, facts: Facts, weights: str) -> None:
    """Write the facts; where the folder cannot be written to they are computed again next time."""
    content = to_npz({} if facts.familiar is None else vars(facts.familiar))
    sha256 = hashlib.sha256(content).hexdigest()
    document = FactsFile(VERSION, weights, facts.temperature, facts.ground, facts.familiar is not None, sha256)
    try:
        make_folder(run.derived)
        write_atomically(run.derived / ARRAYS, content)
        write_atomically(run.derived / DOCUMENT, to_json(document))
    except StoreError:
        return


def _read(run: Run, weights: str) -> Facts | None:
    """What `derived/` holds, or None if it is missing, damaged, of another version or of other weights."""
    path = run.derived / ARRAYS
    try:
        file = read_document(run.derived / DOCUMENT, FactsFile)
        content = read_file(path)
        if (file.version, file.weights, file.arrays) != (VERSION, weights, hashlib.sha256(content).hexdigest()):
            return None
        arrays = from_npz(content, path)
    except (FileNotFoundError, RunCorrupt):
        return None
    if file.temperature is not None and not 0 < file.temperature < math.inf:
        return None
    if not file.familiar:
        return Facts(file.temperature, file.ground, None)
    try:
        familiar = Familiar(**arrays)
    except TypeError:
        return None
    return Facts(file.temperature, file.ground, familiar) if _is_sound(familiar, run.spec.data.side) else None


def _is_sound(familiar: Familiar, side: int) -> bool:
    arrays = vars(familiar).values()
    return (
        familiar.features.ndim == familiar.components.ndim == 2
        and len(familiar.features) > 0
        and familiar.mean.shape == familiar.components.shape[:1] == (side * side,)
        and familiar.thresholds.shape == (2,)
        and all(array.dtype.kind == "f" and np.isfinite(array).all() for array in arrays)
        and bool((familiar.thresholds > 0).all())
    )
