"""What a worker process does to look inside a run's network: `derived/insight.npz` and `derived/insight.json`."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fashionlab.data.split import stratified_order
from fashionlab.evaluation.images import open_pictures
from fashionlab.evaluation.insight.activations import DEFINITIONS, Tap, find_taps, measure
from fashionlab.evaluation.insight.filters import first_filters
from fashionlab.evaluation.insight.find import ARRAYS, DOCUMENT, INSIGHT_VERSION, weights_digest
from fashionlab.evaluation.insight.maps import neighbour_embedding, principal_components
from fashionlab.files import write_atomically
from fashionlab.store import Run
from fashionlab.store.format import to_json, to_npz
from fashionlab.training.network import open_network
from fashionlab.training.softmax import softmax
from fashionlab.workers.child import Channel

if TYPE_CHECKING:
    import keras

MAP_PICTURES = 2000
MAP_SEED = 0


def insight(arguments: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Compute the run's insight and write it. Arguments: run (path), data_dir (or None), trust (or None).

    Only validation pictures are looked at. What cannot be had for this network becomes a section with a reason.
    """
    run = Run(Path(arguments["run"]))
    model = open_network(run, arguments.get("trust"))
    predictions = run.predictions
    images = open_pictures(run, "validation", arguments.get("data_dir"))
    document, arrays = look_inside(model, images, predictions["validation_labels"], predictions["validation_logits"])
    run.derived.mkdir(exist_ok=True)
    content = to_npz(arrays)
    write_atomically(run.derived / ARRAYS, content)
    # Last, and with the arrays' hash: a document never stands beside arrays of another computation unnoticed.
    document |= {"weights": weights_digest(run), "arrays_sha256": hashlib.sha256(content).hexdigest()}
    write_atomically(run.derived / DOCUMENT, to_json(document))
    return {}


def look_inside(
    model: "keras.Model", images: np.ndarray, labels: np.ndarray, logits: np.ndarray
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The document and the arrays of an insight (see `insight.Insight`), from a model and a part's predictions.

    images: uint8 [n, side, side]; labels: int [n]; logits: float [n, k] of these images.
    """
    labels, probabilities = np.asarray(labels).astype(np.int64), softmax(logits)
    predicted, classes = np.asarray(logits).argmax(axis=1), probabilities.shape[1]
    rows, kinds = choose(labels, probabilities)
    mapped = np.sort(stratified_order(labels, MAP_SEED)[:MAP_PICTURES])
    arrays: dict[str, np.ndarray] = {
        "chosen/pictures": images[rows],
        "chosen/probabilities": probabilities[rows].astype(np.float32),
    }
    filters, weights = first_filters(model, (images.shape[1], images.shape[2]))
    if weights is not None:
        arrays["filters/weights"] = weights
    try:
        taps = find_taps(model)
        outputs = measure(model, taps, images, labels, classes, rows, mapped)
        reason = None if taps else "the network has no hidden layer: its logits come straight from the pixels"
    except ValueError as error:
        taps, outputs, reason = [], [], str(error)
    items = []
    for number, (tap, output) in enumerate(zip(taps, outputs, strict=True)):
        key = f"layer_{number:02}"
        items.append({**_describe(tap), **output.counts(), "key": key})
        arrays[f"{key}/chosen"], arrays[f"{key}/class_means"] = output.chosen, output.class_means
        arrays[f"{key}/largest"] = output.largest
    if taps:
        section, added = _map(taps[-1].name, outputs[-1].kept)
        of_map = {"map/labels": labels, "map/predicted": predicted}
        arrays |= added | {name: values[mapped].astype(np.int32) for name, values in of_map.items()}
        arrays["map/pictures"] = images[mapped]
        section["rows"] = mapped.tolist()
    else:
        section = {"reason": reason}
    saliency_section, values = _saliency(model, images[rows], predicted[rows])
    if values is not None:
        arrays["saliency/values"] = values
    chosen = [
        {
            "row": int(row), "kind": kind, "true": int(labels[row]), "predicted": int(predicted[row]),
            "confidence": float(probabilities[row].max()),
        }
        for row, kind in zip(rows, kinds, strict=True)
    ]  # fmt: skip
    return {
        "available": True,
        "reason": None,
        "version": INSIGHT_VERSION,
        "n": len(labels),
        "chosen": chosen,
        "layers": {"reason": reason, "items": items} if items else {"reason": reason},
        "definitions": DEFINITIONS,
        "filters": filters,
        "map": section,
        "saliency": saliency_section,
    }, arrays


def choose(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Two rows of every class that occurs, class by class, as int64 [c], and for each "sure" or "unsure".

    sure: the true class gets its highest probability; unsure: of the others, the least between the two highest
    probabilities. The earlier of equals; a class with one row has no second.
    """
    rows, kinds = [], []
    highest = np.sort(probabilities, axis=1)
    margin = highest[:, -1] - highest[:, -2] if probabilities.shape[1] > 1 else highest[:, -1]
    for label in range(probabilities.shape[1]):
        own = np.flatnonzero(labels == label)
        if not len(own):
            continue
        sure = own[probabilities[own, label].argmax()]
        rows.append(sure)
        kinds.append("sure")
        others = own[own != sure]
        if len(others):
            rows.append(others[margin[others].argmin()])
            kinds.append("unsure")
    return np.array(rows, np.int64), kinds


def _describe(tap: Tap) -> dict[str, Any]:
    return {
        "name": tap.name,
        "kind": tap.kind,
        "activation": tap.activation,
        "units": tap.units,
        "averaged": tap.averaged,
    }


def _map(layer: str, features: np.ndarray) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    points, shares = principal_components(features)
    arrays = {"map/pca": points}
    embedded, neighbours = neighbour_embedding(features)
    if embedded is not None:
        arrays["map/neighbours"] = embedded
    section = {
        "reason": None,
        "layer": layer,
        "n": len(features),
        "pca_share": list(shares),
        "neighbours": neighbours,
    }
    return section, arrays


def _saliency(
    model: "keras.Model", images: np.ndarray, classes: np.ndarray
) -> tuple[dict[str, Any], np.ndarray | None]:
    from fashionlab.evaluation.insight.gradients import DEFINITION, saliency

    try:
        return {"reason": None, "definition": DEFINITION}, saliency(model, images, classes)
    except (ValueError, TypeError) as error:
        # JAX says with a TypeError that a computation on whole numbers has no gradient.
        return {"reason": str(error).split("\n")[0], "definition": DEFINITION}, None
