"""What happens inside a run's network: read from `derived/`, or computed in a worker and kept there."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType

import numpy as np

from fashionlab.errors import ModelFailure, RunCorrupt, UntrustedModel
from fashionlab.evaluation.insight.check import fits
from fashionlab.evaluation.insight.document import (
    ClassWeights,
    EmbeddingMap,
    InsightFile,
    NetworkInsight,
    TreeQuestions,
)
from fashionlab.evaluation.insight.maps import NOT_INSTALLED, can_embed
from fashionlab.evaluation.insight.pixels import pixel_images
from fashionlab.evaluation.section import Missing
from fashionlab.store import Run, read_document
from fashionlab.store.format import from_npz, read_file
from fashionlab.training.architectures import architecture_of
from fashionlab.training.kinds import RunArguments
from fashionlab.workers import Task, Worker
from fashionlab.workers.pool import borrow

INSIGHT_VERSION = 3
"""Raised when a change of the code changes what is computed, so that an older file is computed anew."""

DOCUMENT, ARRAYS = "insight.json", "insight.npz"

TASK = Task("fashionlab.evaluation.insight.tasks:insight", NoneType)


@dataclass(frozen=True, eq=False)
class Insight:
    """What happens inside a model.

    arrays, by name, of a network with k classes and c chosen images; those of a section that is missing are absent:

        chosen/images           uint8 [c, side, side], in the order of `chosen`
        chosen/probabilities    float32 [c, k]
        <key>/chosen            float32 [c, units]: outputs behind the activation for the chosen images
        <key>/class_means       float32 [k, units]: means over the validation images of each true class
        <key>/maps              float16 [m, channels, height, width], of a convolution: the outputs of the channels in
                                `maps` at every place, for the first m chosen images, at most MAPPED
        <key>/largest           float32 [units]: largest absolute output over all validation images and places
        filters/weights         float32 [shown, height, width]: weights of the units that `filters` names (0 is neutral;
                                a convolution over several channels: their mean)
        map/pca                 float32 [n, 2], a point for each of the map's rows
        map/neighbours          float32 [n, 2]
        map/labels              int32 [n] true; map/predicted: int32 [n]
        map/images              uint8 [n, side, side]
        saliency/values         float32 [c, side, side]: gradient x input of the predicted class's logit, in units of
                                the logit; positive: these pixels increase it
        occlusion/values        float32 [m, side, side], of the first m chosen images, at most MAPPED: by how much that
                                logit falls where the image is covered; positive: it rests on what is there

    Of ClassWeights: pixels, float32 [classes, side, side]; of TreeQuestions: pixels, float32 [1, side, side].
    """

    document: NetworkInsight | ClassWeights | TreeQuestions | Missing
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


def find_insight(
    run: Run, data_dir: str | Path | None = None, trust: str | None = None, worker: Worker | None = None
) -> Insight:
    """The run's insight: what `derived/` holds if that is of these weights and this version, else computed anew.

    worker: one to use and leave open; without it, or if it has no JAX, a worker is started when it is needed. trust: as
    `open_network`. Of a refit, which has no validation set, and of a user's own model that nobody vouched for, the
    document is Missing, with the reason. Raises DataError if the data set is not there or has changed, RunCorrupt,
    StoreError, WorkerError.
    """
    recipe = run.spec.recipe
    if recipe.training is None:
        return _pixels(run)
    if recipe.refit:
        return Insight(
            Missing(
                "this run was trained on the validation images too (a refit), and the test images are not used to "
                "explore: look into the run that it repeats"
            )
        )
    try:
        architecture_of(run, trust)
    except UntrustedModel as error:
        return Insight(Missing(f"the network was built by a user's own file, which is not executed unasked: {error}"))
    found = _read(run)
    if found is None or _could_have_more(found):
        arguments = RunArguments(str(run.path), None if data_dir is None else str(data_dir), trust)
        try:
            # Gradients are computed by JAX, whatever the network was trained on.
            if worker is not None and worker.backend == "jax":
                worker.call(TASK, arguments)
            else:
                with borrow(preload=(TASK.module,)) as own:
                    own.call(TASK, arguments)
        except ModelFailure as error:
            return Insight(Missing(f"a network is looked into with JAX, on which this one does not run: {error}"))
        found = _read(run)
        if found is None:
            raise RunCorrupt(f"run {run.name}: what was just written to {run.derived} cannot be read; try again")
    return found


def _pixels(run: Run) -> Insight:
    """An estimator has no layers, but something to show of each pixel."""
    if run.spec.model_sha256 is not None:
        return Insight(Missing("the lab does not know what a user's own estimator does with each pixel."))
    # A model that this fashionlab does not have is refused here, before its arrays are read.
    architecture_of(run)
    document, images = pixel_images(run.weights, run.spec.data.side, run.spec.data.class_names)
    return Insight(document, {"pixels": images})


def weights_digest(run: Run) -> str:
    """SHA-256 of the run's weights, by which an insight knows whose it is."""
    return hashlib.sha256(run.read("weights.safetensors")).hexdigest()


def _read(run: Run) -> Insight | None:
    """What `derived/` holds, or None if it is missing, damaged, of another version or of other weights."""
    path = run.derived / ARRAYS
    try:
        file = read_document(run.derived / DOCUMENT, InsightFile)
        content = read_file(path)
    except (FileNotFoundError, RunCorrupt):
        return None
    same = (
        file.version == INSIGHT_VERSION
        and file.weights == weights_digest(run)
        and file.arrays_sha256 == hashlib.sha256(content).hexdigest()
    )
    if not same:
        return None
    try:
        arrays = from_npz(content, path)
    except RunCorrupt:
        return None
    data, judged = run.spec.data, run.predictions.validation
    # Without a validation set there are no rows to hold it against.
    rows = len(judged.labels) if judged else file.network.n
    sound = fits(file.network, arrays, len(data.class_names), rows, data.side)
    return Insight(file.network, arrays) if sound else None


def _could_have_more(found: Insight) -> bool:
    """Whether openTSNE has been installed since."""
    document = found.document
    if not isinstance(document, NetworkInsight) or not isinstance(document.map, EmbeddingMap):
        return False
    return document.map.neighbours == Missing(NOT_INSTALLED) and can_embed()
