"""The loss that training makes smaller: cross-entropy of logits, with label smoothing."""

from typing import Any

import keras
from keras import ops


def cross_entropy(targets: Any, logits: Any, smoothing: float) -> Any:
    """The loss of each row in nats, float32 [batch], of logits [batch, classes], on either backend.

    targets: float32 [batch, classes], rows that sum to 1: one-hot, or blended by mixup. Label smoothing (Szegedy et
    al. 2016, arXiv 1512.00567) spreads the share `smoothing` of each evenly over the k classes, before the loss
    -sum_i t_i log softmax(z)_i:  t = (1 - smoothing) * target + smoothing / k.
    """
    classes = targets.shape[-1]
    smoothed = targets * (1 - smoothing) + smoothing / classes
    return ops.categorical_crossentropy(smoothed, ops.cast(logits, "float32"), from_logits=True)


def keras_cross_entropy(smoothing: float) -> tuple[keras.losses.Loss, keras.metrics.Metric]:
    """The same for `model.compile`: the loss, and a metric "cross_entropy" of its mean over the rows seen.

    These are Keras' own, which divide `smoothing / k` in float32 and so may differ from `cross_entropy` in the last
    bit. `fit` reports a loss with the layers' penalties in it; the metric is the cross-entropy alone.
    """
    return (
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing),
        keras.metrics.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, name="cross_entropy"),
    )
