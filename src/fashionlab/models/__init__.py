"""Architectures, one a file, and the registry that finds them by name."""

from fashionlab.models.kinds import ESTIMATOR, NETWORK, ModelKind
from fashionlab.models.registry import (
    CONVOLUTIONAL,
    ESTIMATORS,
    NETWORKS,
    REGISTRY,
    Architecture,
    find_architecture,
    kind_of,
)

__all__ = [
    "CONVOLUTIONAL",
    "ESTIMATOR",
    "ESTIMATORS",
    "NETWORK",
    "NETWORKS",
    "REGISTRY",
    "Architecture",
    "ModelKind",
    "find_architecture",
    "kind_of",
]
