"""Which weights an optimizer lets decay, and by how much."""

import keras
import numpy as np
import pytest

from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.runners.optimizers import make_optimizer


def test_kernels_decay_and_the_others_do_not():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.BatchNormalization()])
    optimizer = make_optimizer(TrainingConfig(learning_rate=0.1, schedule="constant", weight_decay=0.5), steps=7)
    for variable in model.trainable_variables:
        variable.assign(np.ones(variable.shape))
    optimizer.apply([np.zeros(v.shape, np.float32) for v in model.trainable_variables], model.trainable_variables)
    values = {v.path.rpartition("/")[2]: float(np.asarray(v).flat[0]) for v in model.trainable_variables}
    assert values == {"kernel": pytest.approx(0.95), "bias": 1.0, "gamma": 1.0, "beta": 1.0}


def test_the_optimizer_follows_the_recipes_schedule():
    optimizer = make_optimizer(TrainingConfig(epochs=4, learning_rate=0.01, schedule="cosine"), steps=5)
    rates = []
    for iteration in (0, 10, 20):
        optimizer.iterations.assign(iteration)
        rates.append(float(np.asarray(optimizer.learning_rate)))
    assert rates == pytest.approx([0.01, 0.005, 0], abs=1e-8)
