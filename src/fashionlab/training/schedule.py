"""The optimizer and its learning rate, the same for every trainer."""

from typing import TYPE_CHECKING

from fashionlab.recipe.recipe import Fit

if TYPE_CHECKING:
    import keras


def make_optimizer(fit: Fit, steps: int) -> "keras.optimizers.Optimizer":
    """AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) with the recipe's schedule over `steps` an epoch.

    Kernels decay, biases and the scales of normalization do not.
    """
    from keras import optimizers

    warmup = round(fit.warmup * steps)
    rate: float | optimizers.schedules.LearningRateSchedule = fit.learning_rate
    if fit.schedule == "cosine":
        rate = optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0 if warmup else fit.learning_rate,
            decay_steps=max(1, fit.epochs * steps - warmup),
            warmup_target=fit.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    elif warmup:
        rate = optimizers.schedules.PolynomialDecay(0.0, warmup, fit.learning_rate, power=1.0)
    optimizer = optimizers.AdamW(rate, weight_decay=fit.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def learning_rate_at(fit: Fit, steps: int, iteration: int) -> float:
    """The learning rate of step `iteration` (from 0): the formula of `make_optimizer`, on the host.

    A test holds it against Keras' own schedules.
    """
    from math import cos, pi

    warmup = round(fit.warmup * steps)
    if iteration < warmup:
        return fit.learning_rate * iteration / warmup
    if fit.schedule == "constant":
        return fit.learning_rate
    share = min(1.0, (iteration - warmup) / max(1, fit.epochs * steps - warmup))
    return fit.learning_rate * (1 + cos(pi * share)) / 2
