"""What happens inside a run's network: read from `derived/`, or computed in a worker and kept there."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.errors import RunCorrupt, UntrustedModel
from fashionlab.evaluation.insight.maps import NOT_INSTALLED, can_embed
from fashionlab.evaluation.insight.pixels import pixel_pictures
from fashionlab.store import Run
from fashionlab.store.format import from_npz
from fashionlab.training.engines import CLASSIC
from fashionlab.training.network import architecture_of
from fashionlab.workers import Worker

INSIGHT_VERSION = 1
"""Raised when a change of the code changes what is computed, so that an older file is computed anew."""

DOCUMENT, ARRAYS = "insight.json", "insight.npz"

TASK = "fashionlab.evaluation.insight.tasks:insight"


@dataclass(frozen=True)
class Insight:
    """What happens inside a network, on pictures of the validation part.

    With k classes there are c chosen pictures, c = 2k unless a class has a single validation picture.

    document, ready for JSON:

        available   bool; False: nothing below is there but `reason`, a sentence for people, and for a classic model
                    `pixels`, the section of `pixels.pixel_pictures`, whose array has that name
        reason      str | None
        version     INSIGHT_VERSION; weights: SHA-256 of `weights.safetensors`; arrays_sha256: of `insight.npz`
        n           validation pictures that means, dead and saturated units are taken over
        chosen      [{"row" (of the validation part), "kind": "sure" | "unsure", "true", "predicted",
                    "confidence"}, …]: for each class the picture whose true class gets the highest probability, and
                    among the others the one with the least between its two highest probabilities
        layers      {"reason": str | None, "items": [LAYER, …]}, in the order of the network, without the last layer
                    (its outputs are the logits). LAYER = {"name", "kind" ("Dense", "Conv2D", …), "activation",
                    "units" (of a convolution: channels), "averaged": bool (over places, for a convolution),
                    "dead": {"count", "share"}, "saturated": {"count", "share"} | None, "flat_share": float | None,
                    "key": the arrays' names begin with it}. Definitions: `definitions`
        definitions {"dead": str, "saturated": str, "flat": str}: sentences for people
        filters     {"reason": str | None, "layer": str, "kind": "dense" | "convolution", "total": int (units or
                    channels), "shown": int, "units": [int] (which), "norms": [float]}: first-layer weights
        map         {"reason": str | None, "layer": str, "n": int, "rows": [int] (of the validation part),
                    "pca_share": [float, float] (of the variance),
                    "neighbours": {"reason": str | None, "method": str | None}}
        saliency    {"reason": str | None, "definition": str}

    A section whose `reason` is a sentence is missing for that reason, and its other keys and its arrays are absent.

    arrays, by name:

        chosen/pictures         uint8 [c, side, side], in the order of `chosen`
        chosen/probabilities    float32 [c, k]
        <key>/chosen            float32 [c, units]: post-activation outputs for the chosen pictures
        <key>/class_means       float32 [k, units]: means over the validation pictures of each true class
        <key>/largest           float32 [units]: largest absolute output over all validation pictures and places
        filters/weights         float32 [shown, height, width]: weights as pictures, of the largest norm first (0 is
                                neutral; a convolution over several channels: their mean)
        map/pca                 float32 [n, 2]
        map/neighbours          float32 [n, 2]; only where `neighbours.reason` is None
        map/labels              int32 [n] true; map/predicted: int32 [n]
        map/pictures            uint8 [n, side, side]
        saliency/values         float32 [c, side, side]: gradient x input of the predicted class's logit, in units of
                                the logit; positive: these pixels speak for the prediction
    """

    document: dict[str, Any]
    arrays: Mapping[str, np.ndarray]


def find_insight(
    run: Run, data_dir: str | Path | None = None, trust: str | None = None, worker: Worker | None = None
) -> Insight:
    """The run's insight: what `derived/` holds if that is of these weights and this version, else computed anew.

    worker: one to use and leave open; without it, or if it has no JAX, a worker is started when it is needed. trust: as
    `open_network`.
    A run that has none (a refit, which has no validation part; a user's own model that nobody vouched for; a model
    that is no network) gets a document that says why. Raises DataError if the data set is not there or has changed,
    RunCorrupt, StoreError, WorkerError.
    """
    reason = _why_none(run, trust)
    if reason is not None:
        none = {"available": False, "reason": reason, "version": INSIGHT_VERSION}
        return _pixels(run, none) if run.request["trainer"] == CLASSIC.trainer else Insight(none, {})
    found = _read(run)
    if found is None or _could_have_more(found):
        arguments = {
            "run": str(run.path), "data_dir": None if data_dir is None else str(data_dir), "trust": trust
        }  # fmt: skip
        # Gradients are computed by JAX, whatever the network was trained on.
        if worker is not None and worker.backend == "jax":
            worker.call(TASK, arguments)
        else:
            with Worker(preload=(TASK.partition(":")[0],)) as own:
                own.call(TASK, arguments)
        found = _read(run)
        if found is None:
            raise RunCorrupt(f"run {run.name}: what was just written to {run.derived} cannot be read; try again")
    return found


def weights_digest(run: Run) -> str:
    """SHA-256 of the run's weights, by which an insight knows whose it is."""
    return hashlib.sha256(run.read("weights.safetensors")).hexdigest()


def _why_none(run: Run, trust: str | None) -> str | None:
    """A sentence if this run can have no insight."""
    request = run.request
    if request["trainer"] == CLASSIC.trainer:
        return "this model is no neural network, so it has no layers to look into"
    if request["recipe"]["refit"]:
        return (
            "this run was trained on the validation pictures too (a refit), and the test pictures are not used to "
            "explore: look into the run that it repeats"
        )
    try:
        architecture_of(run, trust)
    except UntrustedModel as error:
        return f"the network was built by a user's own file, which is not executed unasked: {error}"
    return None


def _pixels(run: Run, none: dict[str, Any]) -> Insight:
    """A classic model has no layers, but something to show of each pixel."""
    # A model that this fashionlab does not have is refused here, before its arrays are read.
    architecture_of(run)
    data = run.request["data"]
    section, pictures = pixel_pictures(run.weights, int(data["side"]), data["class_names"])
    return Insight({**none, "pixels": section}, {"pixels": pictures})


def _read(run: Run) -> Insight | None:
    """What `derived/` holds, or None if it is missing, damaged, of another version or of other weights."""
    try:
        document = json.loads((run.derived / DOCUMENT).read_bytes())
        content = (run.derived / ARRAYS).read_bytes()
        fits = (
            document["version"] == INSIGHT_VERSION
            and document["weights"] == weights_digest(run)
            and document["arrays_sha256"] == hashlib.sha256(content).hexdigest()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Insight(document, from_npz(content)) if fits else None


def _could_have_more(found: Insight) -> bool:
    """Whether openTSNE has been installed since."""
    neighbours = found.document["map"].get("neighbours") or {}
    return neighbours.get("reason") == NOT_INSTALLED and can_embed()
