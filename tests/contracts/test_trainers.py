"""What every way to run an epoch must satisfy; `RUNNERS` lists them."""

import numpy as np
import pytest

from fashionlab.errors import UsageError
from fashionlab.models import find_architecture
from fashionlab.training import draws
from fashionlab.training.recipe import Fit

ROWS, SIDE, CLASSES = 203, 8, 4
OPTIONS = {"widths": (24, 16)}


def fused(model, fit, seed, images, labels, classes):
    from fashionlab.training.fused import FusedRunner

    return FusedRunner(model, fit, seed, images, labels, classes)


RUNNERS = {"fused": fused}


@pytest.fixture
def data():
    """Pictures of four kinds that a small network can tell apart."""
    random = np.random.default_rng(0)
    labels = random.integers(0, CLASSES, ROWS)
    images = random.integers(0, 120, size=(ROWS, SIDE, SIDE), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 2] += 100
    return images, labels


@pytest.fixture(params=RUNNERS)
def make(request, data):
    """Make a runner of each kind on a fresh model: make(seed=0, dropout=0.2, batch_size=16, …)."""

    def build(seed=0, dropout=0.2, **fit):
        options = {**OPTIONS, "dropout": dropout}
        model = find_architecture("mlp").build((SIDE, SIDE), CLASSES, options, seed)
        return RUNNERS[request.param](model, Fit(**{"batch_size": 16, "epochs": 20, **fit}), seed, *data, CLASSES)

    return build


def same(a, b):
    return all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


def test_without_dropout_it_agrees_with_kerass_own_training_step(make, data):
    import keras

    from fashionlab.training.schedule import make_optimizer

    images, labels = data
    fit = Fit(batch_size=16, epochs=20, label_smoothing=0.1, weight_decay=0.1, learning_rate=0.01, warmup=1.0)
    runner = make(dropout=0.0, label_smoothing=0.1, weight_decay=0.1, learning_rate=0.01, warmup=1.0)
    model = find_architecture("mlp").build((SIDE, SIDE), CLASSES, {**OPTIONS, "dropout": 0.0}, 0)
    model.compile(
        make_optimizer(fit, runner.steps),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    )
    for epoch in range(1, 9):
        runner.begin_epoch(epoch)
        sums = runner.run(0, runner.steps)
        batches = draws.order(ROWS, 16, 0, epoch).reshape(-1, 16)
        losses = [model.train_on_batch(images[rows], np.eye(CLASSES)[labels[rows]]) for rows in batches]
        assert sums.loss / sums.rows == pytest.approx(np.mean(losses), rel=1e-4)
    assert 8 * runner.steps > 100
    for ours, theirs in zip(runner.weights(), model.weights, strict=True):
        assert ours == pytest.approx(np.asarray(theirs), abs=1e-4)
    assert runner.logits(images) == pytest.approx(model.predict(images, verbose=0), abs=1e-3)


def test_it_learns_with_dropout(make, data):
    images, labels = data
    runner = make(learning_rate=0.01)
    for epoch in range(1, 21):
        runner.begin_epoch(epoch)
        sums = runner.run(0, runner.steps)
    assert sums.correct / sums.rows > 0.9
    assert (runner.logits(images).argmax(axis=1) == labels).mean() > 0.98


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(make):
    def train(seed):
        runner = make(seed=seed)
        runner.begin_epoch(1)
        runner.run(0, runner.steps)
        return runner.weights()

    assert same(train(3), train(3))
    assert not same(train(3), train(4))


def test_how_an_epoch_is_cut_into_chunks_changes_nothing(make):
    whole, cut = make(mixup=0.3, shift=1), make(mixup=0.3, shift=1)
    whole.begin_epoch(1)
    cut.begin_epoch(1)
    a = whole.run(0, whole.steps)
    for first in range(0, cut.steps, 3):
        b = cut.run(first, min(first + 3, cut.steps))
    assert a == b
    assert same(whole.weights(), cut.weights())


def test_dropout_depends_on_the_epoch_and_not_on_what_ran_before(make):
    straight, resumed = make(), make()
    for epoch in (1, 2):
        straight.begin_epoch(epoch)
        straight.run(0, straight.steps)
        if epoch == 1:
            resumed.restore(straight.save())
    resumed.begin_epoch(2)
    resumed.run(0, resumed.steps)
    assert same(straight.weights(), resumed.weights())


def test_a_state_saved_in_mid_epoch_goes_on_to_the_same_bits(make):
    straight, resumed = make(flip=0.5), make(flip=0.5)
    straight.begin_epoch(5)
    straight.run(0, 6)
    resumed.restore(straight.save())
    resumed.lay_out(5)
    a, b = straight.run(6, straight.steps), resumed.run(6, resumed.steps)
    assert a == b
    assert same(straight.weights(), resumed.weights())


def test_a_state_of_another_model_is_refused(make):
    runner = make()
    saved = runner.save()
    with pytest.raises(UsageError, match="does not belong to this model"):
        runner.restore({**saved, "weights/000": saved["weights/000"][:-1]})
    with pytest.raises(UsageError, match="does not belong to this model"):
        runner.restore({name: array for name, array in saved.items() if name != "loss"})


def test_logits_of_any_number_of_rows_are_those_of_the_rows_alone(make, data):
    runner = make()
    images = np.concatenate([data[0]] * 11)
    for rows in (1, ROWS, 1024, 1025, len(images)):
        logits = runner.logits(images[:rows])
        assert logits.shape == (rows, CLASSES)
        assert logits.dtype == np.float32
    assert runner.logits(images)[-1] == pytest.approx(runner.logits(images[-1:])[0], abs=1e-5)


def test_the_compiled_chunk_is_traced_once(data):
    model = find_architecture("mlp").build((SIDE, SIDE), CLASSES, OPTIONS, 0)
    runner = fused(model, Fit(batch_size=16, shift=1, mixup=0.2), 0, *data, CLASSES)
    for epoch in (1, 2):
        runner.begin_epoch(epoch)
        runner.run(0, 1)
        runner.run(1, 4)
        runner.run(4, runner.steps)
        runner.logits(data[0])
        runner.logits(data[0][:5])
    assert runner._chunk._cache_size() == 1
    assert runner._forward._logits._cache_size() == 1
