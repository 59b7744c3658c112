"""What happens inside: the numbers of `evaluation.insight`, and the images that they are about."""

from typing import assert_never

import numpy as np
from msgspec import Struct

from fashionlab.evaluation import Insight, Missing, Section
from fashionlab.evaluation.insight.document import (
    MOSTLY,
    SILENT,
    ClassWeights,
    EmbeddingMap,
    NetworkInsight,
    TreeQuestions,
)
from fashionlab.reports.run.shown import PredictedSet, ShownImages
from fashionlab.reports.wording import percent

Points = tuple[tuple[float, float], ...]


class MapImages(Struct, frozen=True):
    """What the map draws, for each of its rows. images: by their number; labels: true classes; neighbours: None where
    there is no neighbour embedding."""

    images: tuple[int, ...]
    labels: tuple[int, ...]
    pca: Points
    neighbours: Points | None


class InsideSection(Section, frozen=True):
    """What happens inside a network. chosen: its chosen images by their number; map: None where the network has none;
    definitions: of dead and saturated units, in sentences.

    The large arrays (activations, weights, saliency) stay in `insight.npz`.
    """

    network: NetworkInsight
    chosen: tuple[int, ...]
    map: MapImages | None
    definitions: tuple[str, ...]


class PixelSection(Section, frozen=True):
    """What an estimator does with each pixel. note: how to read its images, which `names` name one by one."""

    pixels: ClassWeights | TreeQuestions
    heading: str
    note: str
    names: tuple[str, ...]


def inside(
    insight: Insight, validation: PredictedSet | None, images: ShownImages
) -> InsideSection | PixelSection | Missing:
    """The section from an insight; validation: the set that it is about; images: gets those that are shown."""
    document = insight.document
    match document:
        case Missing():
            return document
        case ClassWeights(names):
            note = (
                "The weights of each class as an image. Red pixels, where they are bright, increase the score of the "
                "class, blue ones decrease it. Each is scaled separately."
            )
            return PixelSection(document, "Weights", note, names)
        case TreeQuestions(questions, pixels, of_pixels):
            note = (
                f"How often the trees ask for a pixel: dark never, light often. The {questions:,} questions of all "
                f"trees are about {pixels:,} of the {of_pixels:,} pixels."
            )
            return PixelSection(document, "Pixels that the trees ask for", note, ("questions about the pixel",))
        case NetworkInsight():
            if validation is None:
                return Missing("there is no validation set, whose images it would be shown with.")
            chosen = tuple(images.add(validation, each.row) for each in document.chosen)
            plane = document.map
            drawn = None if isinstance(plane, Missing) else _map(plane, insight, validation, images)
            return InsideSection(document, chosen, drawn, _definitions())
        case _:
            assert_never(document)


def _map(plane: EmbeddingMap, insight: Insight, validation: PredictedSet, images: ShownImages) -> MapImages:
    arrays = insight.arrays
    return MapImages(
        images=tuple(images.add(validation, row) for row in plane.rows),
        labels=tuple(arrays["map/labels"].tolist()),
        pca=_points(arrays["map/pca"]),
        neighbours=None if isinstance(plane.neighbours, Missing) else _points(arrays["map/neighbours"]),
    )


def _points(values: np.ndarray) -> Points:
    return tuple((float(x), float(y)) for x, y in values.astype(float).round(4))


def _definitions() -> tuple[str, ...]:
    return (
        f"A unit is dead if its output stays within {SILENT:g} of 0 for every validation image (and place).",
        f"A unit is saturated if it is not dead, and for at least {percent(MOSTLY, 0)} of the validation images (and "
        "places) its output lies in the flat part of the activation, where the unit no longer reacts to its input.",
        f"Flat part: output within {SILENT:g} of 0 for relu, gelu, silu, mish, softplus and exponential, and of 6 "
        "for relu6; beyond 95 % of the bound for tanh, softsign, elu and selu; below 0.05 or above 0.95 for sigmoid "
        "and hard_sigmoid. Other activations have none.",
    )
