"""Which weights an optimizer lets decay, and by how much; what it is made of."""

import keras
import numpy as np
import pytest

from fashionlab.errors import UsageError
from fashionlab.models import find_architecture
from fashionlab.recipe.choices import OPTIMIZERS
from fashionlab.recipe.config import TrainingConfig
from fashionlab.recipe.recipe import Recipe
from fashionlab.training.runners import optimizers
from fashionlab.training.runners.optimizers import make_optimizer


def dense(*widths):
    return find_architecture("mlp").build((4, 4), 3, {"widths": widths, "dropout": 0}, 0)


def config_of(**settings):
    return Recipe.make("mlp", settings).training


@pytest.mark.parametrize("name", [name for name, own in OPTIMIZERS.items() if "weight_decay" in own])
def test_kernels_decay_and_the_others_do_not(name):
    body = [keras.layers.Dense(2, use_bias=False), keras.layers.BatchNormalization(), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((3,)), *body])
    config = config_of(optimizer=name, learning_rate=0.1, schedule="constant", weight_decay=0.5)
    optimizer = make_optimizer(config, 7, model.trainable_variables)
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


def test_there_is_a_class_of_keras_for_every_optimizer_and_it_gets_all_of_its_settings():
    assert optimizers.OPTIMIZERS.keys() == OPTIMIZERS.keys()
    changed = {"momentum": 0.7, "nesterov": True, "beta_1": 0.6, "beta_2": 0.5, "rho": 0.4, "weight_decay": 0.3}
    variables = dense(8).trainable_variables
    for name, own in OPTIMIZERS.items():
        wanted = {field: changed[field] for field in own if field != "learning_rate"}
        made = make_optimizer(config_of(optimizer=name, clip_norm=2.0, **wanted), 5, variables)
        prefix = "adam_" if name == "muon" else ""
        for field, value in wanted.items():
            assert getattr(made, prefix + field if field.startswith("beta") else field) == value, (name, field)
        assert made.global_clipnorm == 2.0


def test_muon_makes_the_steps_of_hidden_matrices_orthogonal_and_leaves_the_rest_to_adam():
    model = dense(8)
    config = config_of(optimizer="muon", learning_rate=0.1, schedule="constant", weight_decay=0, beta_1=0.8)
    variables = model.trainable_variables
    random = np.random.default_rng(0)
    gradients = [random.normal(size=v.shape).astype(np.float32) for v in variables]

    def steps(optimizer):
        before = [np.asarray(v).copy() for v in variables]
        optimizer.apply(gradients, variables)
        after = [np.asarray(v).copy() for v in variables]
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        return {v.path: (b - a) / 0.1 for v, b, a in zip(variables, before, after, strict=True)}

    ours = steps(make_optimizer(config, 5, variables))
    adams = steps(keras.optimizers.Adam(0.1, beta_1=0.8))
    hidden = [path for path in ours if np.abs(ours[path] - adams[path]).max() > 1e-5]
    assert hidden == ["hidden_1/kernel"]
    size = 0.2 * 16**0.5
    sizes = np.linalg.svd(ours["hidden_1/kernel"] / size, compute_uv=False)
    # Five iterations bring the singular values near 1: between 0.68 and 1.13 by their authors.
    assert sizes.min() > 0.6
    assert sizes.max() < 1.25


def test_muon_is_refused_where_it_would_be_adam_in_disguise():
    model = find_architecture("cnn").build((8, 8), 3, {"filters": (2,), "depth": (1,)}, 0)
    with pytest.raises(UsageError, match="optimizer: given muon, which is for the matrices of hidden dense layers"):
        make_optimizer(config_of(optimizer="muon"), 5, model.trainable_variables)
