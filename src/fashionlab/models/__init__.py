"""Architectures, one a file, and the catalogue that finds them by name."""

from fashionlab.models.registry import CATALOGUE, CLASSICS, CONVOLUTIONAL, NETWORKS, Architecture, find_architecture

__all__ = ["CATALOGUE", "CLASSICS", "CONVOLUTIONAL", "NETWORKS", "Architecture", "find_architecture"]
