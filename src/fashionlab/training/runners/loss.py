"""The loss that training makes smaller: cross-entropy of logits, with label smoothing."""

from collections.abc import Callable
from functools import partial
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


class RowSum(keras.metrics.Metric):  # type: ignore[misc]  # Keras has no types
    """A sum over the rows seen, which `fit` shows: what `of_rows(labels, logits)` gives for each row of a batch.

    Keras begins its own metrics anew with every call of `fit`, and means of pieces do not add up to the same bits for
    other pieces. This sum goes on until it is assigned to.
    """

    def __init__(self, name: str, of_rows: Callable[[Any, Any], Any], dtype: str) -> None:
        super().__init__(name=name, dtype=dtype)
        self._of_rows = of_rows
        self.total = self.add_weight(shape=(), initializer="zeros", name="total", dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: y_true [batch, classes], y_pred its logits."""
        self.total.assign(self.total + ops.sum(ops.cast(self._of_rows(y_true, y_pred), self.total.dtype)))

    def result(self) -> Any:
        """The sum so far."""
        return ops.convert_to_tensor(self.total)

    def reset_state(self) -> None:
        """Keras calls this at the beginning of every `fit`: the epoch's sums go on."""


def keras_cross_entropy(smoothing: float) -> tuple[keras.losses.Loss, RowSum, RowSum]:
    """For `model.compile`: the loss, and as metrics the sums of `cross_entropy` and of the correct rows.

    The loss is Keras' own, which divides `smoothing / k` in float32 and so may differ from `cross_entropy` in the last
    bit. `fit` reports it with the layers' penalties in it; the metric is the cross-entropy alone.
    """

    def correct(targets: Any, logits: Any) -> Any:
        return ops.argmax(targets, axis=-1) == ops.argmax(logits, axis=-1)

    return (
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing),
        RowSum("cross_entropy", partial(cross_entropy, smoothing=smoothing), "float32"),
        RowSum("correct", correct, "int32"),
    )
