"""The learning rate shown is the one that the optimizer uses."""

import keras
import numpy as np
import pytest

from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.runners.schedules import learning_rate_at, make_schedule

STEPS = 7


@pytest.mark.parametrize("warmup", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_shown_learning_rate_is_kerass(schedule, warmup):
    fit = TrainingConfig(epochs=5, schedule=schedule, warmup=warmup, learning_rate=0.01)
    optimizer = keras.optimizers.AdamW(make_schedule(fit, STEPS))
    for iteration in range(5 * STEPS):
        optimizer.iterations.assign(iteration)
        shown = learning_rate_at(fit, STEPS, iteration)
        assert shown == pytest.approx(float(np.asarray(optimizer.learning_rate)), abs=1e-8), iteration
