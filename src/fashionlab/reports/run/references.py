"""Published accuracies on Fashion-MNIST's test set, to compare a run with.

The figures are the sources' own; those that choose the best of several runs, or the epoch on the test set, say so.
"""

from msgspec import Struct

from fashionlab.data.checks import sha256_of
from fashionlab.data.dataset import FASHION_CLASSES
from fashionlab.data.download.sources import FASHION_MNIST
from fashionlab.data.user.arrays import IDX_NAMES
from fashionlab.store import SetMetrics

_ZALANDO = "https://github.com/zalandoresearch/fashion-mnist"
_PAPER = "https://arxiv.org/abs/1708.07747"


class Reference(Struct, frozen=True):
    """An accuracy to compare with. low, high: fractions, equal for a single figure; what: how it was reached."""

    name: str
    low: float
    high: float
    what: str
    source: str


FASHION_REFERENCES = (
    Reference(
        "people", 0.820, 0.835,
        "majority votes: 66.7 labels per image on all 10,000 (82.0 %), 3 labels per image on 1,000 (83.5 %)",
        f"https://github.com/takashiishida/irreducible and {_ZALANDO}",
    ),
    Reference("logistic regression", 0.841, 0.842, "L2 and L1 penalty", _PAPER),
    Reference("random forest", 0.873, 0.873, "100 trees", _PAPER),
    Reference(
        "dense 256-128-100", 0.8833, 0.8833, "the best of 30 runs; the 30: 87.89 % +- 0.25",
        f"{_ZALANDO} and heitorrapela/fashion-mnist-mlp",
    ),
    Reference(
        "dense 256-128, BN, dropout", 0.8929, 0.8929, "Adam", "https://github.com/Oren1984/module2-deep-learning-nlp"
    ),
    Reference(
        "dense 1024", 0.8946, 0.8946, "814,000 parameters; the epoch was chosen on the test set",
        "https://github.com/yu-rp/KANbeFair",
    ),
    Reference(
        "dense, 9 layers", 0.9011, 0.9011, "BN, light dropout, shift and flip, 400 epochs",
        "https://github.com/SuiseiSaika/TF2G_Fashion_MNIST",
    ),
)  # fmt: skip
"""On the 10,000 test images."""


def is_fashion_mnist(data_sha256: str) -> bool:
    """Whether a data set's hash is that of the real Fashion-MNIST, in whatever form the bytes came."""
    files = {file.name.removesuffix(".gz"): file.sha256 for file in FASHION_MNIST.files}
    return data_sha256 == sha256_of([files[name] for name in IDX_NAMES.values()], FASHION_CLASSES)


def reference_points(data_sha256: str, figures: SetMetrics) -> tuple[Reference, ...]:
    """What to compare an accuracy with: always the majority class of the set, and for Fashion-MNIST what was published.

    figures: of the set that the accuracy is of.
    """
    most = max(figures.per_class, key=lambda row: row.n)
    share = most.n / figures.n
    majority = Reference("majority class", share, share, f"always answering {most.name}", "counted on the same images")
    return (majority, *FASHION_REFERENCES) if is_fashion_mnist(data_sha256) else (majority,)
