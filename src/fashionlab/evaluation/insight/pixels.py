"""What an estimator does with each pixel: read off its arrays, which lie on a grid of pixels."""

from collections.abc import Mapping, Sequence

import numpy as np

from fashionlab.evaluation.insight.document import ClassWeights, TreeQuestions


def pixel_images(
    tensors: Mapping[str, np.ndarray], side: int, class_names: Sequence[str]
) -> tuple[ClassWeights | TreeQuestions, np.ndarray]:
    """What there is to show, and its images float32 [n, side, side].

    Of a linear model the weights of each class that was trained (0 is neutral); of trees one image: how many of their
    nodes ask for the pixel.
    """
    if "weights" in tensors:
        names = tuple(class_names)
        return ClassWeights(names), tensors["weights"].reshape(-1, side, side).astype(np.float32)
    inner = tensors["trees/children"][:, 0] != 0
    counts = np.bincount(tensors["trees/feature"][inner], minlength=side * side)
    questions = TreeQuestions(int(inner.sum()), int((counts > 0).sum()), side * side)
    return questions, counts.reshape(1, side, side).astype(np.float32)
