"""Architectures, one a file, and the catalogue that finds them by name."""

from fashionlab.models.catalogue import CATALOGUE, Architecture, find_architecture

__all__ = ["CATALOGUE", "Architecture", "find_architecture"]
