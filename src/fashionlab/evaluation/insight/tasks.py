"""What a worker process does to look inside a run's network: `derived/insight.npz` and `derived/insight.json`."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from fashionlab.data.split import stratified_order
from fashionlab.evaluation.images import open_images
from fashionlab.evaluation.insight.activations import find_taps, measure
from fashionlab.evaluation.insight.document import (
    MAPPED,
    Chosen,
    EmbeddingMap,
    InsightFile,
    Layer,
    Layers,
    NetworkInsight,
    Occlusion,
    Saliency,
)
from fashionlab.evaluation.insight.filters import first_filters
from fashionlab.evaluation.insight.find import ARRAYS, DOCUMENT, INSIGHT_VERSION, weights_digest
from fashionlab.evaluation.insight.maps import neighbour_embedding, principal_components
from fashionlab.evaluation.insight.occlusion import occlusion, patch_of
from fashionlab.evaluation.section import Missing
from fashionlab.files import write_atomically
from fashionlab.store import Run
from fashionlab.store.format import to_json, to_npz
from fashionlab.training.kinds import RunArguments
from fashionlab.training.networks import explained_if_own, open_network
from fashionlab.training.softmax import softmax
from fashionlab.workers.child import Channel

if TYPE_CHECKING:
    import keras

MAP_IMAGES = 2000
MAP_SEED = 0


def insight(arguments: RunArguments, channel: Channel) -> None:
    """Compute the run's insight and write it.

    Only validation images are looked at. A section that cannot be had for this network is Missing.
    """
    run = Run(Path(arguments.run))
    model = open_network(run, arguments.trust)
    predictions = run.predictions.validation
    assert predictions is not None
    images = open_images(run, "validation", arguments.data_dir)
    with explained_if_own(run, "cannot be looked into"):
        network, arrays = look_inside(model, images, predictions.labels, predictions.logits)
    run.derived.mkdir(exist_ok=True)
    content = to_npz(arrays)
    write_atomically(run.derived / ARRAYS, content)
    # Last, and with the arrays' hash: a document never stands beside arrays of another computation unnoticed.
    file = InsightFile(INSIGHT_VERSION, weights_digest(run), hashlib.sha256(content).hexdigest(), network)
    write_atomically(run.derived / DOCUMENT, to_json(file))


def look_inside(
    model: "keras.Model", images: np.ndarray, labels: np.ndarray, logits: np.ndarray
) -> tuple[NetworkInsight, dict[str, np.ndarray]]:
    """An insight's document and arrays (see `find.Insight`), from a model and a set's predictions.

    images: uint8 [n, side, side]; labels: int [n]; logits: float [n, k] of these images.
    """
    labels, probabilities = np.asarray(labels).astype(np.int64), softmax(logits)
    predicted = np.asarray(logits).argmax(axis=1)
    rows, chosen = choose(labels, probabilities)
    mapped = np.sort(stratified_order(labels, MAP_SEED)[:MAP_IMAGES])
    arrays: dict[str, np.ndarray] = {
        "chosen/images": images[rows],
        "chosen/probabilities": probabilities[rows].astype(np.float32),
    }
    filters, weights = first_filters(model, (images.shape[1], images.shape[2]))
    if weights is not None:
        arrays["filters/weights"] = weights
    layers, features = _layers(model, images, labels, probabilities.shape[1], rows, mapped, arrays)
    plane: EmbeddingMap | Missing
    if isinstance(layers, Missing):
        plane = layers
    else:
        plane = _map(layers.items[-1].name, features, mapped, arrays)
        arrays["map/labels"], arrays["map/predicted"] = (
            values[mapped].astype(np.int32) for values in (labels, predicted)
        )
        arrays["map/images"] = images[mapped]
    return NetworkInsight(
        n=len(labels),
        chosen=chosen,
        layers=layers,
        filters=filters,
        map=plane,
        saliency=_saliency(model, images[rows], predicted[rows], arrays),
        occlusion=_occlusion(model, images, rows, predicted[rows], arrays),
    ), arrays


def choose(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, tuple[Chosen, ...]]:
    """Two rows of every class that occurs, class by class, as int64 [c] and in words (see `Chosen`).

    The earlier of equals; a class with one row has no second.
    """
    found: list[Chosen] = []
    highest = np.sort(probabilities, axis=1)
    margin = highest[:, -1] - highest[:, -2] if probabilities.shape[1] > 1 else highest[:, -1]

    def add(row: int, kind: Literal["sure", "unsure"]) -> None:
        own = probabilities[row]
        found.append(Chosen(row, kind, int(labels[row]), int(own.argmax()), float(own.max())))

    for label in range(probabilities.shape[1]):
        own = np.flatnonzero(labels == label)
        if not len(own):
            continue
        sure = int(own[probabilities[own, label].argmax()])
        add(sure, "sure")
        others = own[own != sure]
        if len(others):
            add(int(others[margin[others].argmin()]), "unsure")
    return np.array([chosen.row for chosen in found], np.int64), tuple(found)


def _layers(
    model: "keras.Model",
    images: np.ndarray,
    labels: np.ndarray,
    classes: int,
    chosen: np.ndarray,
    mapped: np.ndarray,
    arrays: dict[str, np.ndarray],
) -> tuple[Layers | Missing, np.ndarray]:
    """The hidden layers, whose arrays are added to `arrays`; and the last one's outputs for the rows `mapped`."""
    try:
        taps = find_taps(model)
        outputs = measure(model, taps, images, labels, classes, chosen, mapped)
    except ValueError as error:
        return Missing(str(error)), np.empty((0, 0), np.float32)
    if not taps:
        none = "the network has no hidden layer: its logits come straight from the pixels"
        return Missing(none), np.empty((0, 0), np.float32)
    items = []
    for number, (tap, output) in enumerate(zip(taps, outputs, strict=True)):
        key = f"layer_{number:02}"
        arrays[f"{key}/chosen"], arrays[f"{key}/class_means"] = output.chosen, output.class_means
        arrays[f"{key}/largest"] = output.largest
        if output.mapped:
            arrays[f"{key}/maps"] = output.maps
        items.append(
            Layer(
                name=tap.name,
                kind=tap.kind,
                activation=tap.activation,
                units=tap.units,
                averaged=tap.averaged,
                dead=output.dead,
                saturated=output.saturated,
                flat_share=output.flat_share,
                key=key,
                maps=output.mapped,
            )
        )
    return Layers(tuple(items)), outputs[-1].kept


def _map(layer: str, features: np.ndarray, rows: np.ndarray, arrays: dict[str, np.ndarray]) -> EmbeddingMap:
    points, shares = principal_components(features)
    arrays["map/pca"] = points
    neighbours, embedded = neighbour_embedding(features)
    if embedded is not None:
        arrays["map/neighbours"] = embedded
    return EmbeddingMap(layer, tuple(rows.tolist()), shares, neighbours)


def _saliency(
    model: "keras.Model", images: np.ndarray, classes: np.ndarray, arrays: dict[str, np.ndarray]
) -> Saliency | Missing:
    from fashionlab.evaluation.insight.gradients import saliency

    try:
        arrays["saliency/values"] = saliency(model, images, classes)
    except (ValueError, TypeError) as error:
        # JAX says with a TypeError that a computation on whole numbers has no gradient.
        return Missing(str(error).split("\n")[0])
    return Saliency(len(images))


def _occlusion(
    model: "keras.Model", images: np.ndarray, rows: np.ndarray, classes: np.ndarray, arrays: dict[str, np.ndarray]
) -> Occlusion:
    """Of as many images as have feature maps: each costs a few hundred answers of the network."""
    some, cover = rows[:MAPPED], images.mean(axis=0).round().astype(np.uint8)
    arrays["occlusion/values"] = occlusion(model, images[some], classes[:MAPPED], cover)
    return Occlusion(len(some), patch_of(min(images.shape[1:]))[0])
