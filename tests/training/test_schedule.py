"""The learning rate shown is the one that the optimizer uses."""

import numpy as np
import pytest

from fashionlab.recipe.recipe import Fit
from fashionlab.training.schedule import learning_rate_at, make_optimizer

STEPS = 7


@pytest.mark.parametrize("warmup", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_shown_learning_rate_is_kerass(schedule, warmup):
    fit = Fit(epochs=5, schedule=schedule, warmup=warmup, learning_rate=0.01)
    optimizer = make_optimizer(fit, STEPS)
    for iteration in range(5 * STEPS):
        optimizer.iterations.assign(iteration)
        shown = learning_rate_at(fit, STEPS, iteration)
        assert shown == pytest.approx(float(np.asarray(optimizer.learning_rate)), abs=1e-8), iteration


def test_kernels_decay_and_the_others_do_not():
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.BatchNormalization()])
    optimizer = make_optimizer(Fit(learning_rate=0.1, schedule="constant", weight_decay=0.5), STEPS)
    for variable in model.trainable_variables:
        variable.assign(np.ones(variable.shape))
    optimizer.apply([np.zeros(v.shape, np.float32) for v in model.trainable_variables], model.trainable_variables)
    values = {v.path.rpartition("/")[2]: float(np.asarray(v).flat[0]) for v in model.trainable_variables}
    assert values == {"kernel": pytest.approx(0.95), "bias": 1.0, "gamma": 1.0, "beta": 1.0}
