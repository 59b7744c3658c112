"""The optimizers that a network can be trained with, by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from keras import optimizers

from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.runners.schedules import make_schedule

if TYPE_CHECKING:
    from keras.optimizers.schedules import LearningRateSchedule

NO_DECAY = ["bias", "gamma", "beta"]
"""Names of variables whose weight does not decay: biases, scales and offsets of normalization. Kernels do."""


def adamw(rate: "float | LearningRateSchedule", config: TrainingConfig) -> optimizers.Optimizer:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101)."""
    return optimizers.AdamW(rate, weight_decay=config.weight_decay)


OPTIMIZERS: dict[str, Callable[["float | LearningRateSchedule", TrainingConfig], optimizers.Optimizer]] = {
    "adamw": adamw
}
"""Each makes an optimizer from its learning rate and the recipe's other settings."""


def make_optimizer(config: TrainingConfig, steps: int) -> optimizers.Optimizer:
    """The recipe's optimizer with the recipe's schedule over `steps` an epoch, the same for every trainer."""
    optimizer = OPTIMIZERS["adamw"](make_schedule(config, steps), config)
    optimizer.exclude_from_weight_decay(var_names=NO_DECAY)
    return optimizer
