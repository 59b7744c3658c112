"""What an insight says in plain data, as `derived/insight.json` holds it; its arrays lie beside it.

Images are those of the validation set, units those of a layer (of a convolution: its channels).
"""

from typing import Literal

from msgspec import Struct

from fashionlab.evaluation.section import Missing, Section

SILENT = 1e-3
"""An output at most this far from 0 is silent. For relu and smooth relatives: gelu's input is then below about -3.4."""

MOSTLY = 0.95
"""Share of images (and places) on which a saturated unit lies in the flat part of its activation."""


MAPPED = 20
"""Chosen images whose feature maps and occlusion are kept, at most."""

MAPS = 8
"""Channels of a convolution whose feature maps are kept, at most."""


class Chosen(Struct, frozen=True):
    """An image that is looked at in detail. row: of the validation set; true, predicted: classes; confidence: of the
    prediction.

    kind: "sure", the image of its class whose true class gets the highest probability; "unsure", among the others the
    one with the least difference between its two highest probabilities.
    """

    row: int
    kind: Literal["sure", "unsure"]
    true: int
    predicted: int
    confidence: float


class Units(Struct, frozen=True):
    """Some of a layer's units. share: of all of them."""

    count: int
    share: float


class Layer(Struct, frozen=True):
    """A hidden layer, behind its activation.

    kind: "Dense", "Conv2D", …; averaged: a unit has several outputs an image, one a place, and the arrays hold their
    means; dead: their outputs are silent for every image and place; saturated: not dead, but in the flat part of the
    activation for a share of MOSTLY of them; flat_share: of all outputs; these two are None for an activation without a
    flat part; key: the arrays' names begin with it; maps: of a convolution the channels whose feature maps the arrays
    hold, those of the largest mean first; none of other layers.
    """

    name: str
    kind: str
    activation: str
    units: int
    averaged: bool
    dead: Units
    saturated: Units | None
    flat_share: float | None
    key: str
    maps: tuple[int, ...] = ()


class Layers(Section, frozen=True):
    """items: in the order of the network, without the last layer, whose outputs are the logits."""

    items: tuple[Layer, ...]


class Filters(Section, frozen=True):
    """First-layer weights that lie on a grid of pixels. total: units; units, norms: those shown, which and how large
    (Euclidean norm of all the unit's weights), the largest first."""

    layer: str
    kind: Literal["dense", "convolution"]
    total: int
    units: tuple[int, ...]
    norms: tuple[float, ...]


class Neighbours(Section, frozen=True):
    """A neighbour embedding. method: what computed it, with its settings."""

    method: str


class EmbeddingMap(Section, frozen=True):
    """The last hidden layer in two dimensions. rows: of the validation set; pca_share: of the variance, for each of the
    two principal components."""

    layer: str
    rows: tuple[int, ...]
    pca_share: tuple[float, float]
    neighbours: Neighbours | Missing


class Saliency(Section, frozen=True):
    """Gradient x input of the predicted class's logit. images: how many, those that are `chosen`."""

    images: int


class Occlusion(Section, frozen=True):
    """By how much the predicted class's logit falls where an image is covered. images: how many, the first of those
    that are `chosen`, at most MAPPED; patch: the side of the square that covers, pixels."""

    images: int
    patch: int


class NetworkInsight(Section, frozen=True, kw_only=True):
    """What happens inside a network. n: validation images that means and units are counted over; chosen: for each class
    two images, or one where it has no more."""

    n: int
    chosen: tuple[Chosen, ...]
    layers: Layers | Missing
    filters: Filters | Missing
    map: EmbeddingMap | Missing
    saliency: Saliency | Missing
    occlusion: Occlusion


class ClassWeights(Section, frozen=True):
    """A linear model's weights of each pixel. class_names: of the classes that were trained, an image each."""

    class_names: tuple[str, ...]


class TreeQuestions(Section, frozen=True):
    """How often the trees of a model ask for a pixel. questions: nodes of all trees that do; pixels: that at least one
    of them asks for; of_pixels: of an image."""

    questions: int
    pixels: int
    of_pixels: int


class InsightFile(Struct, frozen=True):
    """`derived/insight.json`. version: of what is computed; weights, arrays_sha256: SHA-256 of the run's
    `weights.safetensors` and of `insight.npz`, by which a file that no longer fits is noticed."""

    version: int
    weights: str
    arrays_sha256: str
    network: NetworkInsight
