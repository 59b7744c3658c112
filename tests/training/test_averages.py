"""The moving averages in their first steps, against the same recursion in NumPy; all trainers: contracts."""

import keras
import numpy as np
import pytest

from fashionlab.training.runners.averages import MovingAverages, averaging


def small_model(momentum=0.99):
    layers = [keras.Input((3,)), keras.layers.BatchNormalization(momentum=momentum), keras.layers.Dense(2)]
    return keras.Sequential(layers)


@pytest.mark.parametrize("momentum", [0.99, 0.9, 0.1])
def test_they_follow_the_steps_until_the_momentum_is_the_layers_own(momentum):
    averages = MovingAverages(small_model(momentum))
    random = np.random.default_rng(0)
    expected, ours = np.zeros(3), [np.zeros(3, np.float32), np.ones(3, np.float32)]
    for step in range(1, 1500):
        batch = random.normal(5, 2, 3).astype(np.float32)
        of_keras = [momentum * ours[0] + (1 - momentum) * batch, ours[1]]
        ours = [np.asarray(value) for value in averages.corrected(ours, of_keras, step)]
        now = min(momentum, (1 + step) / (10 + step))
        expected = now * expected + (1 - now) * batch
    assert ours[0] == pytest.approx(expected, rel=1e-3)
    # What does not move stays to the bit: a frozen layer.
    assert np.array_equal(ours[1], np.ones(3))


def test_after_a_few_steps_the_start_is_forgotten():
    averages = MovingAverages(small_model())
    ours = [np.zeros(3, np.float32)]
    for step in range(1, 16):
        ours = averages.corrected([*ours, *ours], [0.99 * ours[0] + 0.01 * 7.0] * 2, step)[:1]
    assert np.asarray(ours[0]) == pytest.approx(7, rel=1e-4)


def test_a_momentum_of_one_is_left_alone():
    assert MovingAverages(small_model(1.0)).variables == []


def test_every_layer_of_a_nested_model_is_found():
    inner = small_model()
    outer = keras.Sequential([keras.Input((3,)), inner, keras.layers.BatchNormalization()])
    averages = MovingAverages(outer)
    assert len(averages.variables) == 4
    for place, variable in zip(averages.places, averages.variables, strict=True):
        assert outer.non_trainable_variables[place] is variable


def test_weights_of_fewer_digits_are_averaged_in_float32():
    weight = keras.Variable(np.ones(3), dtype="bfloat16")
    optimizer = averaging(keras.optimizers.SGD, 0.999)(learning_rate=0.0)
    optimizer.build([weight])
    weight.assign(np.full(3, 2.0))
    expected = 1.0
    for step in range(1, 10):
        optimizer.apply([np.zeros(3)], [weight])
        expected += (1 - (1 + step) / (10 + step)) * (2.0 - expected)
    (average,) = optimizer.averages
    assert average.dtype == "float32"
    assert np.asarray(average) == pytest.approx(expected, rel=1e-6)
