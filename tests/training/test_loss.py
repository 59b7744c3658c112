"""The loss against the same sum in NumPy, and against the one that `model.fit` is given."""

import keras
import numpy as np
import pytest

from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.runners.loss import cross_entropy, keras_cross_entropy, penalize, row_weights

ROWS, CLASSES = 50, 10


@pytest.fixture
def batch():
    """Targets as mixup blends them, and logits of which some are far apart."""
    random = np.random.default_rng(0)
    one_hot = np.eye(CLASSES, dtype=np.float32)[random.integers(0, CLASSES, ROWS)]
    weight = random.uniform(0.5, 1, (ROWS, 1)).astype(np.float32)
    return weight * one_hot + (1 - weight) * one_hot[::-1], random.normal(0, 20, (ROWS, CLASSES)).astype(np.float32)


@pytest.mark.parametrize("smoothing", [0.0, 0.15, 0.9])
def test_it_is_the_cross_entropy_of_smoothed_targets(batch, smoothing):
    targets, logits = (a.astype(np.float64) for a in batch)
    smoothed = (1 - smoothing) * targets + smoothing * np.full(CLASSES, 1 / CLASSES)
    log_softmax = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    ours = np.asarray(cross_entropy(*batch, smoothing))
    assert ours.dtype == np.float32
    assert ours == pytest.approx(-(smoothed * log_softmax).sum(axis=1), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.15, 0.9])
def test_keras_own_is_its_mean_and_the_metrics_are_sums(batch, smoothing):
    loss, cross_entropies, correct = keras_cross_entropy(smoothing)
    assert float(loss(*batch)) == pytest.approx(float(np.mean(cross_entropy(*batch, smoothing))), rel=1e-6)
    for _ in range(2):
        cross_entropies.update_state(*batch)
        correct.update_state(*batch)
        cross_entropies.reset_state()
    expected = 2 * float(np.asarray(cross_entropy(*batch, smoothing)).sum())
    assert float(cross_entropies.result()) == pytest.approx(expected, rel=1e-6)
    assert int(correct.result()) == 2 * int(np.sum(batch[0].argmax(1) == batch[1].argmax(1)))


def test_a_row_counts_as_much_as_the_classes_of_its_target(batch):
    targets, _ = batch
    weights = np.arange(CLASSES, dtype=np.float32)
    expected = [sum(t * w for t, w in zip(row, weights, strict=True)) for row in targets]
    assert np.asarray(row_weights(targets, weights)) == pytest.approx(np.array(expected), rel=1e-5)


def test_kernels_that_are_trained_are_penalized_once_and_a_models_own_penalty_stays():
    layers = [keras.layers.Dense(2, kernel_regularizer=keras.regularizers.L2(3.0)), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((2,)), layers[0], keras.layers.BatchNormalization(), layers[1]])
    for variable in model.trainable_variables:
        variable.assign(np.full(variable.shape, -2.0))
    own = 3.0 * 4 * 4
    for config, ours in ((TrainingConfig(l1=0.5, l2=0.1), 2 * 4 * (0.5 * 2 + 0.1 * 4)), (TrainingConfig(), 0.0)):
        for _ in range(2):
            penalize(model, config)
        assert float(sum(model.losses)) == pytest.approx(own + ours)
    layers[1].trainable = False
    penalize(model, TrainingConfig(l2=1.0))
    assert float(sum(model.losses)) == pytest.approx(own + 4 * 4)
