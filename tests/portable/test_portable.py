"""NumPy's forward pass agrees with Keras, for every option of the networks that it knows."""

import math
from typing import get_args

import numpy as np
import pytest

from fashionlab.models.registry import registered
from fashionlab.portable import PORTABLE, Network, forward
from fashionlab.portable.forward import ACTIVATIONS, erf


def both(name, shape=(28, 28), **options):
    """Logits and last hidden layer of NumPy and of Keras, for weights and moving averages drawn at random."""
    import keras

    rng = np.random.default_rng(0)
    architecture = registered(name)
    model = architecture.build(shape, 10, options, seed=3)
    for weight in model.weights:
        if weight.path.rpartition("/")[2] in ("gamma", "beta", "moving_mean", "moving_variance", "bias"):
            weight.assign(rng.uniform(0.3, 1.5, weight.shape))
    images = rng.integers(0, 256, (5, *shape), dtype=np.uint8)
    arrays = {weight.path: np.asarray(weight) for weight in model.weights}
    found = forward(Network(tuple(PORTABLE[name](architecture.fill(options))), arrays), images)
    logits, features = keras.Model(model.inputs, [model.output, model.get_layer("logits").input])([images])
    return found, np.asarray(logits), np.asarray(features)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mlp", {}),
        ("mlp", {"norm": "layer", "activation": "relu", "widths": (40, 20)}),
        ("cnn", {"filters": (8, 16), "depth": (1, 2)}),
        ("cnn", {"filters": (8,), "depth": (2,), "batch_norm": False, "activation": "gelu", "dropout": 0}),
    ],
)
def test_numpy_agrees_with_keras(name, options):
    found, logits, features = both(name, (13, 14) if name == "cnn" else (28, 28), **options)
    assert np.abs(found.logits - logits).max() <= 1e-5 * max(1, float(np.abs(logits).max()))
    assert np.abs(found.features - features).max() <= 1e-5 * max(1, float(np.abs(features).max()))


def test_every_activation_of_the_networks_is_known_and_is_that_of_keras():
    import keras

    x = np.linspace(-9, 9, 300, dtype=np.float32)
    for name in PORTABLE:
        literal, *_ = get_args(registered(name).options["activation"].type)
        assert set(get_args(literal)) <= set(ACTIVATIONS)
    for name, function in ACTIVATIONS.items():
        assert function(x) == pytest.approx(np.asarray(keras.activations.get(name)(x)), abs=1e-6)


def test_the_error_function_is_that_of_the_standard_library():
    x = np.linspace(-5, 5, 2001)
    assert np.abs(erf(x) - [math.erf(value) for value in x]).max() < 2e-7
