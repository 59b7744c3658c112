"""Many dimensions in two: principal components always, a neighbour embedding where openTSNE is installed."""

from importlib import import_module
from importlib.util import find_spec

import numpy as np

from fashionlab.evaluation.insight.document import Neighbours
from fashionlab.evaluation.section import Missing

NOT_INSTALLED = "the neighbour embedding needs openTSNE, which is not installed: pip install openTSNE"


def principal_components(features: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """The two directions of largest variance: points float32 [n, 2], and each one's share of the variance.

    features: float [n, d]. By eigenvectors of their covariance, which take a hundredth of the singular values' time, or
    by these where there are more dimensions than rows. A direction's sign is arbitrary; the one is
    taken in which its largest loading (the first of equals) is positive, so equal features give equal points. What has
    no second direction gets zeros.
    """
    centred = np.asarray(features, np.float64) - np.mean(features, axis=0, dtype=np.float64)
    if centred.shape[1] <= len(centred):
        squares, vectors = np.linalg.eigh(centred.T @ centred)
        squares, directions = np.maximum(squares, 0)[::-1], vectors.T[::-1]
    else:
        _, values, directions = np.linalg.svd(centred, full_matrices=False)
        squares = values**2
    directions = directions[:2]
    largest = directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)]
    points = centred @ (directions * np.where(largest < 0, -1, 1)[:, None]).T
    total = float(squares.sum()) or 1.0
    shares = [float(square) / total for square in squares[:2]] + [0.0, 0.0]
    return np.pad(points, ((0, 0), (0, 2 - points.shape[1]))).astype(np.float32), (shares[0], shares[1])


def neighbour_embedding(features: np.ndarray) -> tuple[Neighbours | Missing, np.ndarray | None]:
    """The section `neighbours` of an insight; and t-SNE of float [n, d] as float32 [n, 2], or None.

    Of the first 50 principal components, from a PCA start with a fixed seed. Distances between far groups mean little.
    """
    if not can_embed():
        return Missing(NOT_INSTALLED), None
    perplexity = 30
    if len(features) < 4 * perplexity:
        few = f"a neighbour embedding of {len(features)} images says nothing; it needs {4 * perplexity}"
        return Missing(few), None
    # By name, as it is optional: the type checker runs where it is not installed.
    try:
        library = import_module("openTSNE")
    except ImportError as error:
        return Missing(f"openTSNE is installed but cannot be imported: {error}"), None
    tsne = library.TSNE(perplexity=perplexity, initialization="pca", random_state=0)

    centred = np.asarray(features, np.float64) - np.mean(features, axis=0, dtype=np.float64)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    points = tsne.fit(left[:, :50] * values[:50])
    method = f"t-SNE (openTSNE, perplexity {perplexity}) of the first 50 principal components"
    return Neighbours(method), np.asarray(points, np.float32)


def can_embed() -> bool:
    """Whether openTSNE is installed."""
    return find_spec("openTSNE") is not None
