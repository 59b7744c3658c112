"""The learning rate over a training: as Keras' schedule, and as the formula that a history shows."""

from math import cos, pi
from typing import TYPE_CHECKING

from fashionlab.recipe.config import TrainingConfig

if TYPE_CHECKING:
    from keras.optimizers.schedules import LearningRateSchedule


def make_schedule(config: TrainingConfig, steps: int) -> "float | LearningRateSchedule":
    """The recipe's learning rate as a Keras optimizer takes it; steps: of an epoch."""
    # Imported here, because the loop needs the formula below without Keras.
    from keras.optimizers import schedules

    warmup, decay = _lengths(config, steps)
    if config.schedule == "cosine":
        return schedules.CosineDecay(
            initial_learning_rate=0.0 if warmup else config.learning_rate,
            decay_steps=decay,
            warmup_target=config.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    return schedules.PolynomialDecay(0.0, warmup, config.learning_rate, power=1.0) if warmup else config.learning_rate


def learning_rate_at(config: TrainingConfig, steps: int, iteration: int) -> float:
    """The learning rate of step `iteration` (from 0), computed on the host; steps: of an epoch.

    Linear from 0 during the warm-up, then constant, or rate * (1 + cos(pi * t)) / 2 with t from 0 to 1 over the rest
    (Loshchilov and Hutter 2017, arXiv 1608.03983, without restarts). A test holds it against `make_schedule`.
    """
    warmup, decay = _lengths(config, steps)
    if iteration < warmup:
        return config.learning_rate * iteration / warmup
    if config.schedule == "constant":
        return config.learning_rate
    return config.learning_rate * (1 + cos(pi * min(1.0, (iteration - warmup) / decay))) / 2


def _lengths(config: TrainingConfig, steps: int) -> tuple[int, int]:
    """Steps of the warm-up, and steps over which the rate falls afterwards (at least 1)."""
    warmup = round(config.warmup * steps)
    return warmup, max(1, config.epochs * steps - warmup)
