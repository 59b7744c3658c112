"""The learning rate over a training: as Keras' schedule, and as the formula that a history shows.

All but "plateau" are functions of the step alone, which the optimizer counts; "plateau" is one of the validation losses
so far, which the history keeps. So a run that was interrupted goes on with the rates that it would have had.
"""

from collections.abc import Sequence
from math import cos, pi
from typing import TYPE_CHECKING, Any

from fashionlab.recipe.config import TrainingConfig

if TYPE_CHECKING:
    from keras.optimizers.schedules import LearningRateSchedule

START, END = 25.0, 10_000.0
"""one-cycle begins at a 25th of its highest rate, and ends at a 10,000th of that."""

LOWER = 1e-4
"""A validation loss counts as lower if it is so by more than this, nats."""


def make_schedule(config: TrainingConfig, steps: int) -> "float | LearningRateSchedule":
    """The recipe's learning rate as a Keras optimizer takes it; steps: of an epoch.

    A number for "plateau", as a rule: the optimizer's variable, which the loop sets between two epochs.
    """
    # Imported here, because the loop needs the formulas below without Keras.
    from keras.optimizers import schedules

    rate = config.learning_rate
    warmup, decay = _lengths(config, steps)
    if config.schedule == "cosine":
        return schedules.CosineDecay(
            initial_learning_rate=0.0 if warmup else rate,
            decay_steps=decay,
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    if config.schedule == "one-cycle":
        return schedules.CosineDecay(
            rate / START, decay_steps=decay, alpha=1 / START / END, warmup_target=rate, warmup_steps=warmup
        )
    if config.schedule == "step":
        return _make_step_decay(config, steps)
    return schedules.PolynomialDecay(0.0, warmup, rate, power=1.0) if warmup else rate


def learning_rate_at(
    config: TrainingConfig, steps: int, iteration: int, val_losses: Sequence[float | None] = ()
) -> float:
    """The learning rate of step `iteration` (from 0), computed on the host; steps: of an epoch; val_losses: of the
    epochs before this one, nats, None where there is no validation.

    Linear from 0 during the warm-up, i being the step from its end on, and T the steps from there to the end:

    - constant: rate.
    - cosine: rate * (1 + cos(pi * i / T)) / 2 (Loshchilov and Hutter 2017, arXiv 1608.03983, without restarts).
    - one-cycle: linear from rate / 25 to rate over the first `rise` of all steps, then a cosine from rate to
      rate / 250,000 over the rest (Smith and Topin 2017, arXiv 1708.07120; momentum stays as it is).
    - step: rate * drop_factor**k, after k * drop_every epochs from the start.
    - plateau: rate * drop_factor**k, k counted by `drops_on_plateau`.

    A test holds it against `make_schedule`.
    """
    rate, dropped = config.learning_rate, config.drop_factor or 1.0
    warmup, decay = _lengths(config, steps)
    if config.schedule == "plateau":
        return rate * dropped ** drops_on_plateau(val_losses, config.plateau_patience or 1)
    if config.schedule == "step":
        # Its epochs are counted from the start: a long warm-up may have the first drop within it.
        rate = float(rate * dropped ** (iteration // ((config.drop_every or 1) * steps)))
    if iteration < warmup:
        start = rate / START if config.schedule == "one-cycle" else 0.0
        return start + (rate - start) * iteration / warmup
    if config.schedule in ("constant", "step"):
        return rate
    lowest = 1 / START / END if config.schedule == "one-cycle" else 0.0
    return rate * (lowest + (1 - lowest) * (1 + cos(pi * min(1.0, (iteration - warmup) / decay))) / 2)


def drops_on_plateau(val_losses: Sequence[float | None], patience: int) -> int:
    """How often the rate has dropped after these epochs, as by Keras' `ReduceLROnPlateau`.

    An epoch whose validation loss is not lower than the lowest so far, by more than 0.0001, is one of waiting; after
    `patience` of them in a row the rate drops and the waiting begins anew.
    """
    best, waited, drops = float("inf"), 0, 0
    for loss in val_losses:
        if loss is not None and loss < best - LOWER:
            best, waited = loss, 0
            continue
        waited += 1
        if waited == patience:
            waited, drops = 0, drops + 1
    return drops


def _lengths(config: TrainingConfig, steps: int) -> tuple[int, int]:
    """Steps of the warm-up, and steps over which the rate falls afterwards (at least 1)."""
    one_cycle = config.schedule == "one-cycle"
    warmup = max(1, round((config.rise or 0) * config.epochs * steps)) if one_cycle else round(config.warmup * steps)
    return warmup, max(1, config.epochs * steps - warmup)


def _make_step_decay(config: TrainingConfig, steps: int) -> "LearningRateSchedule":
    """Keras' own stairs have no warm-up, and divide in floating point, where a drop can be a step late."""
    from keras import ops
    from keras.optimizers.schedules import LearningRateSchedule

    warmup, _ = _lengths(config, steps)
    rate, factor, every = config.learning_rate, config.drop_factor, (config.drop_every or 1) * steps

    class StepDecay(LearningRateSchedule):  # type: ignore[misc]  # Keras has no types
        def __call__(self, step: Any) -> Any:
            drops = ops.cast(ops.floor_divide(step, every), "float32")
            rising = ops.minimum(ops.cast(step, "float32") / max(1, warmup), 1.0) if warmup else 1.0
            dropped = ops.multiply(rate, ops.power(ops.cast(factor, "float32"), drops))
            return ops.multiply(rising, dropped)

    return StepDecay()
