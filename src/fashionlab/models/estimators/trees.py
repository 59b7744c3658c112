"""Binary decision trees on pixels, as plain arrays, and the leaves that images fall into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fashionlab.models.estimators.base import Tensors, check

AT_ONCE = 2**20
"""Pairs of image and tree that are walked together: enough to hide Python's own cost, little enough for the cache."""


@dataclass(frozen=True)
class Tree:
    """One tree; node 0 is its root, and a child comes behind its parent.

    feature int [n]: the pixel that a node looks at. threshold float [n]: up to this value to the left. left, right
    int [n]: the children; left is not above 0 in a leaf. value [n, width]: what a leaf answers.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray


@dataclass(frozen=True)
class Trees:
    """Many trees in one table of nodes.

    roots: int32 [trees]. feature: int32 [nodes]; threshold: int16 [nodes], for pixel values are whole numbers;
    children: int32 [nodes, 2], left and right, or 0 and the row of `values` in a leaf (node 0 is nobody's child).
    values: float64 [rows, width], each distinct answer once: most leaves of a forest answer one class of ten.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    children: np.ndarray
    values: np.ndarray

    @staticmethod
    def join(trees: Sequence[Tree]) -> "Trees":
        """One table of the trees, in their order."""
        sizes = [len(tree.feature) for tree in trees]
        starts = np.cumsum([0, *sizes[:-1]])
        leaf = np.concatenate([tree.left <= 0 for tree in trees])
        shifted = [
            np.stack([np.where(tree.left > 0, tree.left + start, 0), tree.right + start], axis=1)
            for tree, start in zip(trees, starts, strict=True)
        ]
        children = np.concatenate(shifted)
        values, row = np.unique(np.concatenate([t.value[t.left <= 0] for t in trees]), axis=0, return_inverse=True)
        children[leaf, 1] = row.reshape(-1)
        feature, threshold = (
            np.where(leaf, 0, np.concatenate([getattr(tree, name) for tree in trees]))
            for name in ("feature", "threshold")
        )
        # "<= 4.5" and "<= 4" are the same for a pixel.
        whole = np.clip(np.floor(threshold), -1, 255)
        return Trees(
            starts.astype(np.int32),
            feature.astype(np.int32),
            whole.astype(np.int16),
            children.astype(np.int32),
            values.astype(np.float64),
        )

    def to_tensors(self) -> Tensors:
        """Arrays by name, the inverse of `from_tensors`."""
        return {f"trees/{name}": array for name, array in vars(self).items()}

    @staticmethod
    def from_tensors(tensors: Mapping[str, np.ndarray], pixels: int, width: int) -> "Trees":
        """The trees, for images of so many pixels and answers of that width.

        Raises KeyError or ValueError unless every walk through them stays inside the arrays and comes to an end.
        """
        feature = check(tensors, "trees/feature", "int32", None)
        nodes = len(feature)
        trees = Trees(
            check(tensors, "trees/roots", "int32", None),
            feature,
            check(tensors, "trees/threshold", "int16", nodes),
            check(tensors, "trees/children", "int32", nodes, 2),
            check(tensors, "trees/values", "float64", None, width),
        )
        inner = trees.children[:, 0] != 0
        here = np.arange(nodes)[:, None]
        ok = (
            len(trees.roots) > 0
            and bool(((trees.roots >= 0) & (trees.roots < nodes)).all())
            and bool(((feature >= 0) & (feature < pixels)).all())
            # Children behind their parents: no walk can go in a circle.
            and bool(((trees.children > here) & (trees.children < nodes))[inner].all())
            and bool(((trees.children[:, 1] >= 0) & (trees.children[:, 1] < len(trees.values)))[~inner].all())
        )
        if not ok:
            raise ValueError("a node of a tree points to where there is nothing")
        return trees

    def leaves(self, pixels: np.ndarray) -> np.ndarray:
        """Rows of `values`, int32 [n, trees], that pixels uint8 [n, p] come to."""
        n, p = pixels.shape
        flat = pixels.reshape(-1)
        found = np.empty((n, len(self.roots)), np.int32)
        step = max(1, AT_ONCE // max(1, n))
        for first in range(0, len(self.roots), step):
            roots = self.roots[first : first + step]
            found[:, first : first + step] = self._walk(
                np.tile(roots, n), np.repeat(np.arange(n) * p, len(roots)), flat
            ).reshape(n, -1)
        return found

    def _walk(self, node: np.ndarray, origin: np.ndarray, flat: np.ndarray) -> np.ndarray:
        """The leaves' rows that walks from `node` come to; origin: where in `flat` each walk's image begins."""
        rows = np.empty(len(node), np.int32)
        place = np.arange(len(node))
        while len(node):
            children = self.children[node]
            ended = children[:, 0] == 0
            if ended.any():
                rows[place[ended]] = children[ended, 1]
                going = ~ended
                node, origin, place, children = node[going], origin[going], place[going], children[going]
            right = flat[origin + self.feature[node]] > self.threshold[node]
            node = np.where(right, children[:, 1], children[:, 0])
        return rows

    @property
    def nodes(self) -> int:
        """Nodes of all trees, leaves among them."""
        return len(self.feature)
