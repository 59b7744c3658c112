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

from fashionlab.errors import DataError, RunCorrupt, StoreError
from fashionlab.files import make_folder, write_atomically
from fashionlab.portable import Network, forward
from fashionlab.prediction.unlike import Familiar, fit_familiar
from fashionlab.store import Run
from fashionlab.store.format import from_npz, read_document, read_file, to_json, to_npz

VERSION = 1
"""Raised when a change of the code changes what is computed, so that an older file is computed anew."""

DOCUMENT, ARRAYS = "prediction.json", "prediction.npz"

ROWS = {"mlp": (20_000, 10_000), "cnn": (3_000, 3_000)}
"""Training and validation images that are looked at, at most, by model: NumPy takes some seconds for them."""

_BORDER = (64, 192)
"""Grey of the training images' border up to which it is black, and from which on it is white."""


class FactsFile(Struct, frozen=True):
    """`prediction.json`. weights: SHA-256 of the run's; arrays: SHA-256 of `prediction.npz`; the others as `Facts`."""

    version: int
    weights: str
    temperature: float | None
    ground: Literal["black", "white", "other", "unknown"]
    threshold: float | None
    arrays: str


@dataclass(frozen=True, eq=False)
class Facts:
    """temperature: what logits are divided by, None for a refit, which has no validation set to find it with; ground:
    what the training images' border is; familiar: None where it cannot be told; remarks: what is missing, and why."""

    temperature: float | None
    ground: Literal["black", "white", "other", "unknown"]
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
    ground = _ground(dataset.images[_spread(rows.train, 2000)])
    if network is None or validation is None:
        return Facts(temperature, ground, None)
    most = ROWS[run.spec.recipe.model.name]
    train, others = _spread(rows.train, most[0]), _spread(rows.judging, most[1])
    labels = dataset.labels[train]
    if len(np.unique(labels)) < len(dataset.class_names):
        return Facts(temperature, ground, None)
    features = forward(network, dataset.images[train]).features
    familiar = fit_familiar(features, labels, forward(network, dataset.images[others]).features)
    return Facts(temperature, ground, familiar)


def _spread(rows: np.ndarray, most: int) -> np.ndarray:
    return rows[:: max(1, -(-len(rows) // most))]


def _ground(images: np.ndarray) -> Literal["black", "white", "other"]:
    borders = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    medians = np.median(borders, axis=1)
    if (medians <= _BORDER[0]).mean() > 0.9:
        return "black"
    return "white" if (medians >= _BORDER[1]).mean() > 0.9 else "other"


def _keep(run: Run, facts: Facts, weights: str) -> None:
    """Write the facts; where the folder cannot be written to they are computed again next time."""
    familiar = facts.familiar
    arrays = {} if familiar is None else {"means": familiar.means, "whitening": familiar.whitening}
    content = to_npz(arrays)
    document = FactsFile(
        VERSION,
        weights,
        facts.temperature,
        facts.ground,
        familiar and familiar.threshold,
        hashlib.sha256(content).hexdigest(),
    )
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
    if file.threshold is None:
        return Facts(file.temperature, file.ground, None)
    means, whitening = arrays.get("means"), arrays.get("whitening")
    if means is None or whitening is None or not _fit(means, whitening, len(run.spec.data.class_names)):
        return None
    if not 0 < file.threshold < math.inf:
        return None
    return Facts(file.temperature, file.ground, Familiar(means, whitening, file.threshold))


def _fit(means: np.ndarray, whitening: np.ndarray, classes: int) -> bool:
    units = means.shape[-1]
    return (
        (means.shape, whitening.shape) == ((classes, units), (units, units))
        and means.dtype == whitening.dtype == np.float32
        and bool(np.isfinite(means).all() and np.isfinite(whitening).all())
    )
