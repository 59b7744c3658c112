"""What a page carries to be tried on anything: the network, images to begin with, training images to compare with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import to_builtins
from msgspec.structs import replace

from fashionlab.errors import FashionlabError
from fashionlab.evaluation import Missing, open_images
from fashionlab.photos.see import PhotoFacts
from fashionlab.portable import Description, Packed, describe, forward, halved, open_portable, pack
from fashionlab.prediction.facts import border_ground, photo_facts
from fashionlab.reports.figures.heat import BLUE_TO_RED, DARK_TO_LIGHT
from fashionlab.reports.run.sections.tryit import TryItSection
from fashionlab.reports.run.summary import RunReport
from fashionlab.reports.sprite import COLUMNS
from fashionlab.store import Run
from fashionlab.training.datasets import load_for
from fashionlab.training.partition import partition

NEAREST, FEATURES = 1000, 262_144
"""Training images that an image is compared with, at most, and numbers of their last hidden layer."""


@dataclass(frozen=True, eq=False)
class Carried:
    """section: what the report says of it; network: without its numbers, which `packed` has, with the pixels of the
    images to begin with ("picks"), and the last hidden layer of the training images ("features"); labels: of these,
    and their pixels, uint8 [n, side, side]; photo: for the steps from a photograph."""

    section: TryItSection
    network: Description
    packed: Packed
    labels: np.ndarray
    pixels: np.ndarray
    photo: PhotoFacts


def carry(run: Run, report: RunReport, data_dir: str | Path | None = None) -> Carried | Missing:
    """What the report's page carries, or why it does not."""
    section = report.tryit
    if isinstance(section, Missing):
        return section
    try:
        network = open_portable(run)
        dataset = load_for(run, None if data_dir is None else str(data_dir))
        images = open_images(run, section.set, data_dir)
    except FashionlabError as error:
        return Missing(str(error))
    arrays = None if network is None else halved(network)
    if network is None or arrays is None:
        return Missing("its weights hold numbers that are too large for the page, which has them in 16 bits.")
    train = partition(run.spec, dataset).train
    width = forward(network, dataset.images[train[:1]]).features.shape[1]
    rows = _spread(train, min(NEAREST, FEATURES // width))
    near = dataset.images[rows]
    features = forward(network, near).features.astype(np.float16)
    if not np.isfinite(features).all():
        return Missing("its last hidden layer gives numbers that are too large for the page, which has 16 bits.")
    picks = images[[report.images[pick.image].row for pick in section.picks]]
    return Carried(
        section=replace(section, nearest=len(rows)),
        network=describe(network),
        packed=pack({**arrays, "picks": picks, "features": features}),
        labels=dataset.labels[rows],
        pixels=near,
        photo=photo_facts(run.spec, border_ground(near)),
    )


def _spread(rows: np.ndarray, most: int) -> np.ndarray:
    """`most` of the rows, evenly spread over them, the first among them; all where there are fewer."""
    return rows[np.arange(min(most, len(rows))) * len(rows) // max(1, min(most, len(rows)))]


def document(carried: Carried, report: RunReport) -> dict[str, Any]:
    """What the page's script has to know beside the bytes."""
    section = carried.section
    return {
        "network": to_builtins(carried.network),
        "arrays": to_builtins(carried.packed.places),
        "side": carried.pixels.shape[1],
        "temperature": section.temperature or 1.0,
        "picks": to_builtins(section.picks),
        "labels": [report.images[pick.image].label for pick in section.picks],
        "names": list(report.class_names),
        "columns": COLUMNS,
        "nearest": carried.labels.tolist(),
        "photo": to_builtins(carried.photo),
        "colours": {"size": DARK_TO_LIGHT, "sign": BLUE_TO_RED},
    }
