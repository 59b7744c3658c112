"""The state of a training as Keras keeps it; between two chunks all of it stands here, whatever runs the steps."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import keras
import numpy as np

from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.runners import rng
from fashionlab.training.runners.averages import MovingAverages
from fashionlab.training.runners.loss import penalize
from fashionlab.training.runners.optimizers import make_optimizer
from fashionlab.training.runners.runner import check_saved

STATISTICS_ROWS = 1024
"""Of the training images, from which the statistics of batch normalization are computed for averaged weights."""


class KerasState:
    """The variables of a model and of its optimizer, and the sums of the epoch under way.

    rule: the optimizer. loss: sum of the losses (nats) of the rows seen in this epoch; correct: how many of these rows
    were correct.
    """

    def __init__(self, model: keras.Model, config: TrainingConfig, steps: int, seed: int, images: np.ndarray) -> None:
        """steps: of an epoch; seed: of the recipe; with the epoch it decides what dropout drops; images: all that are
        trained on, uint8 [n, height, width]."""
        penalize(model, config)
        self.rule = make_optimizer(config, steps, model.trainable_variables)
        self.rule.build(model.trainable_variables)
        self.trainable: list[keras.Variable] = model.trainable_variables
        self.non_trainable: list[keras.Variable] = model.non_trainable_variables
        self.optimizer: list[keras.Variable] = self.rule.variables
        self.averages = MovingAverages(model)
        self.loss, self.correct = 0.0, 0
        self._model, self._seed = model, seed
        # Evenly spaced, because data may be sorted by class.
        self._sample = images[np.linspace(0, len(images) - 1, min(len(images), STATISTICS_ROWS)).astype(int)]

    @property
    def variables(self) -> list[keras.Variable]:
        """All of them: trainable, then non-trainable, then the optimizer's."""
        return [*self.trainable, *self.non_trainable, *self.optimizer]

    def start_epoch(self, epoch: int) -> None:
        """Seed dropout for epoch 1, 2, …, and set the sums to 0."""
        seeds = [v for v in self.non_trainable if v.path.endswith("seed_generator_state")]
        for seed, key in zip(seeds, rng.dropout_keys(len(seeds), self._seed, epoch), strict=True):
            seed.assign(key)
        self.loss, self.correct = 0.0, 0

    def set_learning_rate(self, rate: float) -> None:
        """From the next step on, where the recipe's schedule is "plateau"."""
        self.rule.learning_rate = rate

    def weights(self) -> list[np.ndarray]:
        """The model's weights in Keras' order (`model.weights`: no seeds of dropout), copied to the host."""
        return [_to_host(v) for v in self._model.weights]

    @contextmanager
    def judged(self) -> Iterator[None]:
        """While this lasts, the model has the weights that are validated and kept: the averages, if there are any.

        Batch normalization then has the statistics that its inputs have with these weights: its own are of the weights
        of the last steps (docs/decisions/0024).
        """
        averages = getattr(self.rule, "averages", None)
        if averages is None:
            yield
            return
        changed = [*self.trainable, *self.averages.variables]
        own = [_to_host(v) for v in changed]
        try:
            for variable, average in zip(self.trainable, averages, strict=True):
                # A copy: Keras' `predict` gives the memory of the model's variables away.
                variable.assign(_to_host(average))
            self.averages.replace_by_statistics(self._sample)
            yield
        finally:
            for variable, value in zip(changed, own, strict=True):
                variable.assign(value)

    def save(self) -> dict[str, np.ndarray]:
        """The whole state by name, on the host: enough to go on bit for bit."""
        named = {name: _to_host(v) for name, v in self._named().items()}
        return {**named, "loss": np.array(self.loss), "correct": np.array(self.correct)}

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Take over a state that `save` gave. Raises RunCorrupt if names, shapes or types are not this model's."""
        check_saved(self.save(), saved)
        for name, variable in self._named().items():
            variable.assign(saved[name])
        self.loss, self.correct = float(saved["loss"]), int(saved["correct"])

    def _named(self) -> dict[str, keras.Variable]:
        """By number and not by Keras' own names, which differ between processes."""
        groups = {"trainable": self.trainable, "non_trainable": self.non_trainable, "optimizer": self.optimizer}
        return {f"{group}/{i:03}": v for group, variables in groups.items() for i, v in enumerate(variables)}


def _to_host(variable: keras.Variable) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(variable.value))
