"""The optimizers that a network can be trained with, by name: Keras' own, on every trainer.

Decay of weights is decoupled in all of them: before its step an optimizer multiplies each kernel by 1 - learning rate *
weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101). What is added to the loss instead is `loss.penalize`'s.
Clipping multiplies all gradients by min(1, clip_norm / their norm), the Euclidean one over all weights together.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

import keras
from keras import optimizers

from fashionlab.errors import UsageError
from fashionlab.options import spelled
from fashionlab.recipe import choices
from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.runners.averages import averaging
from fashionlab.training.runners.schedules import make_schedule

NO_DECAY = ["bias", "gamma", "beta"]
"""Names of variables whose weight does not decay: biases, scales and offsets of normalization. Kernels do."""

OPTIMIZERS: dict[str, type[optimizers.Optimizer]] = {
    "adamw": optimizers.AdamW,
    "adam": optimizers.Adam,
    "sgd": optimizers.SGD,
    "rmsprop": optimizers.RMSprop,
    "lion": optimizers.Lion,
    "muon": optimizers.Muon,
}
"""Each takes the settings that it has in `recipe.choices`, by the names that Keras gives them."""


def make_optimizer(
    config: TrainingConfig, steps: int, variables: Sequence[keras.Variable] = ()
) -> optimizers.Optimizer:
    """The recipe's optimizer with the recipe's schedule over `steps` an epoch, the same for every trainer.

    variables: the model's trainable ones, in its order; muon tells them apart, and raises UsageError where none is its.
    """
    settings = {name: getattr(config, name) for name in choices.OPTIMIZERS[config.optimizer]}
    settings["learning_rate"] = make_schedule(config, steps)
    if config.optimizer == "muon":
        settings = muon_settings(settings, variables)
    kind = OPTIMIZERS[config.optimizer]
    if config.average:
        # After `average` epochs a step's weights count 1/e, 37 %, of the newest, whatever the batch size.
        kind = averaging(kind, math.exp(-1 / (config.average * steps)))
    optimizer = kind(**settings, global_clipnorm=config.clip_norm or None)
    optimizer.exclude_from_weight_decay(var_names=NO_DECAY)
    return optimizer


def muon_settings(settings: dict[str, Any], variables: Sequence[keras.Variable]) -> dict[str, Any]:
    """Muon's settings as Keras takes them.

    Muon (Jordan et al. 2024; Liu et al. 2025, arXiv 2502.16982) makes a step's matrix orthogonal, by five iterations
    of Newton and Schulz, and scales it by 0.2 sqrt(max(rows, columns)), to the size of AdamW's steps. The hidden
    layers' matrices are its business alone: the rest is left to Adam, at the same learning rate and decay. That is
    what is no matrix (the kernels of convolutions too, which the authors flatten and Keras does not), embeddings, and
    the last matrix, which is the output layer's.
    """
    matrices = [v.path for v in variables if len(v.shape) == 2]
    if not any("embedding" not in path.lower() for path in matrices[:-1]):
        raise UsageError(
            f"{spelled('optimizer')}: given muon, which is for the matrices of hidden dense layers, and this "
            "network has "
            "none: all of its weights would be left to Adam; choose adamw"
        )
    betas = {f"adam_{name}": settings[name] for name in ("beta_1", "beta_2")}
    kept = {name: value for name, value in settings.items() if name not in ("beta_1", "beta_2")}
    return {
        **kept,
        **betas,
        "adam_weight_decay": settings["weight_decay"],
        # Keras looks for these anywhere in a variable's path.
        "exclude_layers": [f"^{re.escape(path)}$" for path in matrices[-1:]],
    }
