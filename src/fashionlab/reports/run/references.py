"""What others reached on Fashion-MNIST's test part, so that an accuracy has something to stand beside.

The figures are the sources' own; those that choose the best of several runs, or the epoch on the test part, say so.
"""

from typing import Any

from fashionlab.data.checks import sha256_of
from fashionlab.data.dataset import FASHION_CLASSES
from fashionlab.data.download.sources import FASHION_MNIST

_ZALANDO = "https://github.com/zalandoresearch/fashion-mnist"
_PAPER = "https://arxiv.org/abs/1708.07747"

FASHION_REFERENCES: tuple[dict[str, Any], ...] = (
    {
        "name": "people", "low": 0.820, "high": 0.835,
        "what": "majority votes: 66.7 labels a picture on all 10,000 (82.0 %), 3 labels a picture on 1,000 (83.5 %)",
        "source": f"https://github.com/takashiishida/irreducible and {_ZALANDO}",
    },
    {
        "name": "logistic regression", "low": 0.841, "high": 0.842,
        "what": "L2 and L1 penalty", "source": _PAPER,
    },
    {"name": "random forest", "low": 0.873, "high": 0.873, "what": "100 trees", "source": _PAPER},
    {
        "name": "dense 256-128-100", "low": 0.8833, "high": 0.8833,
        "what": "the best of 30 runs; the 30: 87.89 % +- 0.25",
        "source": f"{_ZALANDO} and heitorrapela/fashion-mnist-mlp",
    },
    {
        "name": "dense 256-128, BN, dropout", "low": 0.8929, "high": 0.8929,
        "what": "Adam", "source": "https://github.com/Oren1984/module2-deep-learning-nlp",
    },
    {
        "name": "dense 1024", "low": 0.8946, "high": 0.8946,
        "what": "814,000 parameters; the epoch was chosen on the test part", "source": "https://github.com/yu-rp/KANbeFair",
    },
    {
        "name": "dense, 9 layers", "low": 0.9011, "high": 0.9011,
        "what": "BN, light dropout, shift and flip, 400 epochs", "source": "https://github.com/SuiseiSaika/TF2G_Fashion_MNIST",
    },
)  # fmt: skip
"""Accuracies (fractions, `low` to `high`) on the 10,000 test pictures, what they were, and who says so."""


def is_fashion_mnist(data_sha256: str) -> bool:
    """Whether a data set's hash is that of the real Fashion-MNIST, in whatever form the bytes came."""
    files = {file.name.removesuffix(".gz"): file.sha256 for file in FASHION_MNIST.files}
    from fashionlab.data.user.arrays import IDX_NAMES

    return data_sha256 == sha256_of([files[name] for name in IDX_NAMES.values()], FASHION_CLASSES)


def reference_points(data_sha256: str, part: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows to show beside an accuracy: always the majority class of the part, and for Fashion-MNIST the published ones.

    part: `validation` or `test` of `metrics.json`.
    """
    most = max(part["per_class"], key=lambda row: row["n"])
    share = most["n"] / part["n"]
    majority = {
        "name": "majority class", "low": share, "high": share,
        "what": f"always answering {most['class']}", "source": "counted on the same pictures",
    }  # fmt: skip
    return [majority, *(dict(row) for row in FASHION_REFERENCES)] if is_fashion_mnist(data_sha256) else [majority]
