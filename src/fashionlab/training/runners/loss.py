"""The loss that training makes smaller: cross-entropy of logits, with label smoothing, class weights and penalties."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import ops

from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.runners.optimizers import NO_DECAY


def cross_entropy(targets: Any, logits: Any, smoothing: float) -> Any:
    """The loss of each row in nats, float32 [batch], of logits [batch, classes], on either backend.

    targets: float32 [batch, classes], rows that sum to 1: one-hot, or blended by mixup. Label smoothing (Szegedy et
    al. 2016, arXiv 1512.00567) spreads the share `smoothing` of each evenly over the k classes, before the loss
    -sum_i t_i log softmax(z)_i:  t = (1 - smoothing) * target + smoothing / k.
    """
    classes = targets.shape[-1]
    smoothed = targets * (1 - smoothing) + smoothing / classes
    return ops.categorical_crossentropy(smoothed, ops.cast(logits, "float32"), from_logits=True)


def row_weights(targets: Any, class_weights: Any) -> Any:
    """How much each row's loss counts, float32 [batch]: w_i = sum_c t_ic * class_weights_c.

    targets: float32 [batch, classes], before smoothing, so a one-hot row has its class's weight and a row of mixup the
    mixture of two; class_weights: float32 [classes]. The loss of a batch is sum_i w_i loss_i / batch, as with Keras'
    `sample_weight`.
    """
    return ops.matmul(targets, ops.convert_to_tensor(class_weights))


class Penalty(keras.regularizers.L1L2):  # type: ignore[misc]  # Keras has no types
    """The recipe's penalty of one variable w, l1 * sum |w| + l2 * sum w**2, beside the one that its model gave it."""

    def __init__(self, l1: float, l2: float, own: Callable[[Any], Any] | None) -> None:
        super().__init__(l1, l2)
        self.own = own

    def __call__(self, x: Any) -> Any:
        """Of the variable's value, float32 []."""
        penalty = super().__call__(x)
        return penalty if self.own is None else penalty + self.own(x)


def penalize(model: keras.Model, config: TrainingConfig) -> None:
    """Give the model's kernels the recipe's L1 and L2 penalty, which is then among the model's own losses.

    Biases and the scales and offsets of normalization have none, nor has what is frozen. The gradient of the penalty
    goes through the optimizer as the loss's does, unlike decay of weights.
    """
    for variable in model.trainable_variables:
        own = variable.regularizer.own if isinstance(variable.regularizer, Penalty) else variable.regularizer
        wanted = (config.l1 or config.l2) and not re.search("|".join(NO_DECAY), variable.name)
        variable.regularizer = Penalty(config.l1, config.l2, own) if wanted else own


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
