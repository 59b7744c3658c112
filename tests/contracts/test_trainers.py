"""What every way to run an epoch must satisfy: each engine of `training.engines` that has epochs.

Keras has one backend a process. Here it is JAX; `test_tensorflow.py` runs this file once more, on TensorFlow.
"""

import importlib
import itertools
import os
import pathlib
from collections import Counter

import msgspec
import numpy as np
import pytest
from msgspec.structs import astuple, replace

from fashionlab.errors import Interrupted, NonFiniteLoss, RunCorrupt
from fashionlab.models import find_architecture
from fashionlab.recipe.class_weights import weigh_classes
from fashionlab.recipe.config import TrainingConfig
from fashionlab.recipe.recipe import Recipe
from fashionlab.store.snapshots import weights_of
from fashionlab.training.engines import ENGINES
from fashionlab.training.loop import Loop, LoopHooks, Progress
from fashionlab.training.runners import rng as draws
from fashionlab.training.runners.schedules import learning_rate_at
from fashionlab.training.softmax import mean_cross_entropy

BACKEND = os.environ["KERAS_BACKEND"]

HANDED_ON = os.environ.get("FASHIONLAB_TEST_WEIGHTS")
"""A folder in which processes with different backends leave their weights for each other."""

ROWS, SIDE, CLASSES = 203, 8, 4
OPTIONS = {"widths": (24, 16)}

TRAINERS = [engine.trainer for engine in ENGINES if engine.backend == BACKEND]


def make_runner(trainer, *arguments):
    engine = next(e for e in ENGINES if (e.trainer, e.backend) == (trainer, BACKEND))
    module, _, name = engine.runner.partition(":")
    return getattr(importlib.import_module(module), name)(*arguments)


@pytest.fixture
def data():
    """Images of four kinds that a small network can tell apart."""
    random = np.random.default_rng(0)
    labels = random.integers(0, CLASSES, ROWS)
    images = random.integers(0, 120, size=(ROWS, SIDE, SIDE), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 2] += 100
    return images, labels


RUNNERS = {}
"""What `make` made before, each with its state at the beginning."""


@pytest.fixture(params=TRAINERS)
def make(request, data):
    """Make a runner of each kind on a model of its own: make(seed=0, dropout=0.2, batch_size=16, …).

    Most of a test's time is the translation of a training step. So a runner is given to one test after another, each
    time in the state in which it was made; what a test asks for twice are two.
    """
    given = Counter()

    def build(seed=0, dropout=0.2, **fit):
        asked = (request.param, seed, dropout, *sorted(fit.items()))
        key = (*asked, given[asked])
        given[asked] += 1
        if key not in RUNNERS:
            model = find_architecture("mlp").build((SIDE, SIDE), CLASSES, {**OPTIONS, "dropout": dropout}, seed)
            config = Recipe.make("mlp", {"batch_size": 16, "epochs": 20, **fit}).training
            runner = make_runner(request.param, model, config, seed, *data, CLASSES)
            RUNNERS[key] = runner, runner.state.save()
        runner, beginning = RUNNERS[key]
        runner.state.restore(beginning)
        return runner

    return build


AUGMENTED = {
    "flip": 0.5, "mixup": 0.2, "average": 0.5, "schedule": "plateau", "plateau_patience": 1,
    "learning_rate": 0.01,
}  # fmt: skip
"""Of tests that are about any training, the more of it the better."""


def begin_epoch(runner, epoch):
    runner.prepare_epoch(epoch)
    runner.state.start_epoch(epoch)


def hundred_steps(runner, images):
    """What comes of 8 epochs of 13 steps: the weights that would be kept, the losses of the epochs, the logits."""
    losses = []
    for epoch in range(1, 9):
        begin_epoch(runner, epoch)
        sums = runner.run(0, runner.steps)
        losses.append(sums.loss / sums.rows)
    assert 8 * runner.steps >= 100
    with runner.state.judged():
        return runner.state.weights(), np.array(losses), runner.logits(images)


def numbered_weights(model):
    """Initial weights that are the same on every backend, whose random generators differ."""
    random = np.random.default_rng(5)
    for weight in model.weights:
        if weight.path.endswith("kernel"):
            weight.assign(random.normal(0, weight.shape[0] ** -0.5, weight.shape).astype(np.float32))
    return model


def same(a, b):
    return all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


def keras_step(model, step, images, labels):
    """Keras' own step, after which the averages of batch normalization are given the step's own momentum."""
    import keras

    averages = [
        (average, layer.momentum)
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
        for average in (layer.moving_mean, layer.moving_variance)
    ]
    before = [np.asarray(average).astype(np.float64) for average, _ in averages]
    loss = model.train_on_batch(images, np.eye(CLASSES)[labels])
    for (average, full), old in zip(averages, before, strict=True):
        of_batch = (np.asarray(average) - full * old) / (1 - full)
        momentum = min(full, (1 + step) / (10 + step))
        average.assign(momentum * old + (1 - momentum) * of_batch)
    return loss


def test_without_dropout_it_agrees_with_kerass_own_training_step(make, data):
    import keras

    from fashionlab.training.runners.optimizers import make_optimizer

    images, labels = data
    fit = TrainingConfig(
        batch_size=16, epochs=20, label_smoothing=0.1, weight_decay=0.1, learning_rate=0.01, warmup=1.0
    )
    # The average of the weights is no part of a step.
    runner = make(dropout=0.0, label_smoothing=0.1, weight_decay=0.1, learning_rate=0.01, warmup=1.0, average=0.5)
    model = find_architecture("mlp").build((SIDE, SIDE), CLASSES, {**OPTIONS, "dropout": 0.0}, 0)
    model.compile(
        make_optimizer(fit, runner.steps),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    )
    for epoch in range(1, 5):
        begin_epoch(runner, epoch)
        sums = runner.run(0, runner.steps)
        batches = draws.order(ROWS, 16, 0, epoch).reshape(-1, 16)
        steps = range((epoch - 1) * runner.steps + 1, epoch * runner.steps + 1)
        losses = [
            keras_step(model, step, images[rows], labels[rows]) for step, rows in zip(steps, batches, strict=True)
        ]
        assert sums.loss / sums.rows == pytest.approx(np.mean(losses), rel=1e-4)
    assert 4 * runner.steps > 50
    for ours, theirs in zip(runner.state.weights(), model.weights, strict=True):
        assert ours == pytest.approx(np.asarray(theirs), abs=1e-4)
    assert runner.logits(images) == pytest.approx(model.predict(images, verbose=0), abs=1e-3)


@pytest.mark.parametrize("trainer", TRAINERS)
def test_a_frozen_layer_keeps_its_averages(trainer, data):
    model = find_architecture("mlp").build((SIDE, SIDE), CLASSES, {**OPTIONS, "dropout": 0.0}, 0)
    fit = TrainingConfig(batch_size=16, epochs=20, learning_rate=0.01)
    first = make_runner(trainer, model, fit, 0, *data, CLASSES)
    begin_epoch(first, 1)
    first.run(0, first.steps)
    # What a trained body gives, seen from behind its normalization, before and after a training of the head alone.
    body = model.layers[: [layer.name for layer in model.layers].index("norm_1") + 1]
    for layer in body:
        layer.trainable = False
    before = [np.asarray(w).copy() for layer in body for w in layer.weights]
    head = np.asarray(model.layers[-1].kernel).copy()
    again = make_runner(trainer, model, fit, 1, *data, CLASSES)
    begin_epoch(again, 1)
    again.run(0, again.steps)
    assert np.abs(np.asarray(model.layers[-1].kernel) - head).max() > 0.01
    assert len(before) == 6
    for old, new in zip(before, (w for layer in body for w in layer.weights), strict=True):
        np.testing.assert_array_equal(old, np.asarray(new))


CASES = {
    "plain": {},
    "augmented": {"shift": 1, "flip": 0.5, "cutout": 3, "mixup": 0.3, "label_smoothing": 0.1, "average": 0.5},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("trainer", TRAINERS)
def test_from_the_same_weights_a_hundred_steps_agree_in_every_weight(trainer, case, data, record_weights):
    model = find_architecture("mlp").build((SIDE, SIDE), CLASSES, {**OPTIONS, "dropout": 0.0}, 0)
    fit = TrainingConfig(batch_size=16, epochs=20, weight_decay=0.1, learning_rate=0.003, warmup=1.0, **CASES[case])
    runner = make_runner(trainer, numbered_weights(model), fit, 0, *data, CLASSES)
    weights, losses, logits = hundred_steps(runner, data[0])
    moved = numbered_weights(find_architecture("mlp").build((SIDE, SIDE), CLASSES, {**OPTIONS, "dropout": 0.0}, 0))
    assert max(np.abs(a - np.asarray(b)).max() for a, b in zip(weights, moved.weights, strict=True)) > 0.05
    for other, found in record_weights(case, f"{trainer} on {BACKEND}", [*weights, losses, logits]).items():
        *theirs, other_losses, other_logits = found
        for ours, other_weights in zip(weights, theirs, strict=True):
            assert ours == pytest.approx(other_weights, abs=1e-4), other
        assert losses == pytest.approx(other_losses, rel=1e-4), other
        assert logits == pytest.approx(other_logits, abs=1e-3), other


@pytest.fixture(scope="session")
def record_weights(tmp_path_factory):
    """Keep an engine's weights, and give those that were kept before: of this process, and of the one on JAX."""
    folder = pathlib.Path(HANDED_ON) if HANDED_ON else tmp_path_factory.mktemp("weights")

    def record(case, engine, weights):
        found = {}
        for path in folder.glob(f"{case}-*.npz"):
            with np.load(path) as arrays:
                found[path.stem] = [arrays[name] for name in arrays.files]
        np.savez(folder / f"{case}-{engine}.npz", *weights)
        return found

    return record


STEPS = 13
"""Of an epoch: 203 rows in batches of 16."""

FITS = {
    "adamw": {"weight_decay": 0.1, "beta_1": 0.8, "schedule": "constant", "warmup": 1.0},
    "adam": {"schedule": "one-cycle", "rise": 0.5, "clip_norm": 0.5},
    "sgd": {
        "weight_decay": 0.1, "nesterov": True, "schedule": "step", "drop_every": 1, "drop_factor": 0.7,
        "class_weights": "a=0.5,d=3", "l1": 0.001, "l2": 0.01,
    },
    "rmsprop": {"momentum": 0.5, "rho": 0.8, "schedule": "cosine"},
    "lion": {"weight_decay": 1.0, "schedule": "constant"},
    "muon": {"weight_decay": 0.1, "schedule": "plateau", "drop_factor": 0.5, "plateau_patience": 1},
}  # fmt: skip
"""Every optimizer and every schedule once, with some of their settings, clipping, class weights and penalties."""


def keras_optimizer(name):
    """What `FITS` says, written with Keras alone."""
    from keras import optimizers
    from keras.optimizers import schedules

    if name == "adamw":
        rate = schedules.PolynomialDecay(0.0, STEPS, 0.002, power=1.0)
        return optimizers.AdamW(rate, weight_decay=0.1, beta_1=0.8)
    if name == "adam":
        rate = schedules.CosineDecay(8e-5, 2 * STEPS, alpha=4e-6, warmup_target=0.002, warmup_steps=2 * STEPS)
        return optimizers.Adam(rate, global_clipnorm=0.5)
    if name == "sgd":
        ends, rates = [i * STEPS - 1 for i in (1, 2, 3)], [0.05, 0.035, 0.0245, 0.01715]
        rate = schedules.PiecewiseConstantDecay(ends, rates)
        return optimizers.SGD(rate, weight_decay=0.1, momentum=0.9, nesterov=True)
    if name == "rmsprop":
        rate = schedules.CosineDecay(0.001, 4 * STEPS)
        return optimizers.RMSprop(rate, weight_decay=0.004, momentum=0.5, rho=0.8)
    if name == "lion":
        return optimizers.Lion(0.0003, weight_decay=1.0)
    return optimizers.Muon(0.002, weight_decay=0.1, adam_weight_decay=0.1, exclude_layers=["logits"])


OPTIMIZED = [
    (trainer, name)
    for trainer in TRAINERS
    for name in FITS
    # The others are held against Keras' own `fit`: of the trainer that calls it two stand for all.
    if trainer != "fit" or name in ("sgd", "muon")
]


@pytest.mark.parametrize(("trainer", "name"), OPTIMIZED)
def test_fifty_steps_of_every_optimizer_are_those_of_kerass_fit(trainer, name, data, record_weights):
    images, labels = data

    def build():
        options = {"widths": (12,), "dropout": 0.0}
        return numbered_weights(find_architecture("mlp").build((SIDE, SIDE), CLASSES, options, 0))

    config = Recipe.make("mlp", {"optimizer": name, "batch_size": 16, "epochs": 4, **FITS[name]}).training
    weights = weigh_classes(config.class_weights, labels, "abcd")
    runner = make_runner(trainer, build(), config, 0, images, labels, CLASSES, weights)
    started = runner.state.weights()

    def two_epochs(first):
        for epoch in (first, first + 1):
            begin_epoch(runner, epoch)
            if config.schedule == "plateau":
                runner.state.set_learning_rate(learning_rate_at(config, STEPS, 0, LOSSES[: epoch - 1]))
            runner.run(0, STEPS)
        return runner.state.save()

    halfway, straight = two_epochs(1), two_epochs(3)
    runner.state.restore(halfway)
    assert same(straight.values(), two_epochs(3).values())
    weights = runner.state.weights()
    others = record_weights(name, f"{trainer} on {BACKEND}", weights)
    if BACKEND == "jax" and not HANDED_ON:
        if name not in FITTED:
            FITTED[name] = fit_with_keras(name, build(), images, labels)
        others["model.fit"] = FITTED[name]
    # A gradient around 0 whose sign is rounding's is a step of twice the learning rate for lion.
    tolerance = 0.002 if name == "lion" else 1e-5
    for other, theirs in others.items():
        for ours, other_weights in zip(weights, theirs, strict=True):
            assert ours == pytest.approx(other_weights, abs=tolerance), other
    assert max(np.abs(now - before).max() for now, before in zip(weights, started, strict=True)) > 0.01


LOSSES = [0.5, 0.6, 0.4, 0.3]
"""Validation losses after which a plateau is over once, in the second epoch."""


FITTED = {}
"""What `fit_with_keras` gave before."""


def fit_with_keras(name, model, images, labels):
    """The weights after 4 epochs of Keras' own `fit` with Keras' own optimizer, in the lab's order."""
    import keras

    class_weight = None
    if name == "sgd":
        class_weight = {0: 0.5, 1: 1.0, 2: 1.0, 3: 3.0}
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dense):
                layer.kernel.regularizer = keras.regularizers.L1L2(0.001, 0.01)
    optimizer = keras_optimizer(name)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, keras.losses.CategoricalCrossentropy(from_logits=True))
    targets = np.eye(CLASSES)[labels]
    for first in (1, 3):
        if name == "muon" and first == 3:
            optimizer.learning_rate = 0.002 * 0.5
        rows = np.concatenate([draws.order(ROWS, 16, 0, epoch) for epoch in (first, first + 1)])
        model.fit(images[rows], targets[rows], batch_size=16, shuffle=False, class_weight=class_weight, verbose=0)
    return [np.asarray(weight) for weight in model.weights]


@pytest.mark.parametrize("trainer", TRAINERS)
def test_a_convolutional_network_takes_the_same_steps_as_with_keras(trainer, data):
    import keras

    from fashionlab.training.runners.optimizers import make_optimizer

    images, labels = data
    fit = TrainingConfig(batch_size=16, epochs=4, learning_rate=0.003)

    def build():
        options = {"filters": (6, 8), "depth": (1, 2), "dropout": 0.0}
        return numbered_weights(find_architecture("cnn").build((SIDE, SIDE), CLASSES, options, 0))

    runner, model = make_runner(trainer, build(), fit, 0, *data, CLASSES), build()
    model.compile(make_optimizer(fit, runner.steps), keras.losses.CategoricalCrossentropy(from_logits=True))
    begin_epoch(runner, 1)
    runner.run(0, runner.steps)
    for step, rows in enumerate(draws.order(ROWS, 16, 0, 1).reshape(-1, 16), start=1):
        keras_step(model, step, images[rows], labels[rows])
    for ours, theirs in zip(runner.state.weights(), model.weights, strict=True):
        assert ours == pytest.approx(np.asarray(theirs), abs=1e-4)
    assert runner.logits(images) == pytest.approx(model.predict(images, verbose=0), abs=1e-3)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="bfloat16 is on TensorFlow")
@pytest.mark.parametrize("trainer", TRAINERS)
def test_in_bfloat16_it_takes_the_steps_of_kerass_mixed_policy_and_judges_in_float32(trainer, data, record_weights):
    images, labels = data
    settings = {"batch_size": 16, "epochs": 4, "learning_rate": 0.003, "precision": "bfloat16", "average": 0.5}
    fit = Recipe.make("cnn", settings).training

    def build():
        return numbered_weights(
            find_architecture("cnn").build((SIDE, SIDE), CLASSES, {"filters": (6,), "depth": (1,)}, 0)
        )

    runner = make_runner(trainer, build(), fit, 0, *data, CLASSES)
    begin_epoch(runner, 1)
    runner.run(0, 6)
    saved = runner.state.save()
    runner.run(6, STEPS)
    weights = runner.state.weights()
    assert all(array.dtype == np.float32 for array in [*weights, *map(np.asarray, runner.state.rule.averages)])
    runner.state.restore(saved)
    runner.run(6, STEPS)
    assert same(weights, runner.state.weights())
    # The same weights in a model that knows of float32 alone.
    plain, others = build(), record_weights("bfloat16", trainer, weights)
    for weight, value in zip(plain.weights, weights, strict=True):
        weight.assign(value)
    assert runner.logits(images) == pytest.approx(np.asarray(plain(images, training=False)), abs=1e-5)
    if not others:
        others["Keras under its policy"] = mixed_steps(build, fit, images, labels)
    for other, theirs in others.items():
        for ours, other_weights in zip(weights, theirs, strict=True):
            assert ours == pytest.approx(other_weights, abs=1e-4), other


def mixed_steps(build, fit, images, labels):
    """The weights after an epoch of Keras' own steps under its own policy, on which the model was built."""
    import keras

    from fashionlab.training.runners.optimizers import make_optimizer

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build()
    finally:
        keras.config.set_dtype_policy("float32")
    (seed,) = [v for v in model.non_trainable_variables if v.path.endswith("seed_generator_state")]
    seed.assign(draws.dropout_keys(1, 0, 1)[0])
    model.compile(make_optimizer(fit, STEPS), keras.losses.CategoricalCrossentropy(from_logits=True))
    for step, rows in enumerate(draws.order(ROWS, 16, 0, 1).reshape(-1, 16), start=1):
        keras_step(model, step, images[rows], labels[rows])
    return [np.asarray(weight) for weight in model.weights]


def textbook():
    """A channel axis, a softmax at the end; penalties of layers, and of a frozen one."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((SIDE, SIDE, 1)), layers.Rescaling(1 / 255), layers.Conv2D(4, 3, activation="tanh"),
            layers.AveragePooling2D(2), layers.Flatten(),
            layers.Dense(12, activation="relu", kernel_regularizer="l2", trainable=False),
            layers.Dense(12, kernel_regularizer="l2", activity_regularizer="l1"),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )  # fmt: skip


def quickstart():
    """Of a quickstart: a subclass that takes no `training`, and floats alone."""
    import keras

    class Quickstart(keras.Model):
        def __init__(self):
            super().__init__()
            self.flatten = keras.layers.Flatten()
            self.hidden = keras.layers.Dense(12, activation="relu")
            self.logits = keras.layers.Dense(CLASSES)

        def call(self, x):
            return self.logits(self.hidden(self.flatten(x / 255.0)))

    return Quickstart()


@pytest.mark.parametrize(
    ("trainer", "make_own"),
    [(trainer, quickstart) for trainer in TRAINERS] + [(TRAINERS[0], textbook)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_model_of_ones_own_takes_the_same_steps_as_with_keras(trainer, make_own, data):
    import keras

    from fashionlab.models.own.build import Task, build_found, examine
    from fashionlab.training.runners.optimizers import make_optimizer

    images, labels = data
    fit = TrainingConfig(batch_size=16, epochs=4, learning_rate=0.003)
    task = Task(make_own, (SIDE, SIDE), CLASSES, make_own.__name__)
    found, _ = examine(task)
    model = numbered_weights(build_found(task, 0, found, to_train=True))
    runner, alone = make_runner(trainer, model, fit, 0, *data, CLASSES), make_own()
    shaped = images.astype(np.float32)[..., None] if make_own is textbook else images.astype(np.float32)
    is_softmax = not np.asarray(alone(shaped)).min() < 0
    numbered_weights(alone)
    loss = keras.losses.CategoricalCrossentropy(from_logits=not is_softmax)
    alone.compile(make_optimizer(fit, runner.steps), loss)
    begin_epoch(runner, 1)
    runner.run(0, runner.steps)
    for rows in draws.order(ROWS, 16, 0, 1).reshape(-1, 16):
        alone.train_on_batch(shaped[rows], np.eye(CLASSES)[labels[rows]])
    for ours, theirs in zip(runner.state.weights(), alone.weights, strict=True):
        assert ours == pytest.approx(np.asarray(theirs), abs=1e-4)


def make_loop(runner, data, saves, patience=99, epochs=20, stop=lambda: False, **settings):
    """The lab's loop around a runner, the data being validation too."""
    fit = Recipe.make("mlp", {"batch_size": 16, "epochs": epochs, "patience": patience, **settings}).training

    def save(progress, tensors):
        saves.append((msgspec.json.decode(msgspec.json.encode(progress), type=Progress), tensors))

    hooks = LoopHooks(lambda event: None, stop, save, 0, lambda weights: weights_of(weights[0], SIDE))
    count = len(runner.state.weights())
    return Loop(runner, fit, 0, [f"{i}/kernel" for i in range(count)], [True] * count, data, hooks)


def test_patience_ends_the_training_and_the_best_weights_are_kept(make, data):
    # Labels that no image bears out: the validation loss soon rises.
    runner, noise = make(learning_rate=0.02), np.random.default_rng(1).integers(0, CLASSES, ROWS)
    loop = make_loop(runner, (data[0], noise), [], patience=2)
    loop.run()
    losses = [row.val_loss for row in loop.progress.history]
    assert loop.progress.stopped == "patience"
    assert loop.progress.epoch == loop.progress.best_epoch + 2 < 20
    assert losses.index(min(losses)) + 1 == loop.progress.best_epoch
    assert not same(loop.best, runner.state.weights())


def test_the_average_of_the_weights_is_validated_and_kept_and_training_goes_on_without_it(make, data):
    from keras.activations import gelu

    runner = make(**AUGMENTED)
    state, momentum = runner.state, np.exp(-1 / (AUGMENTED["average"] * STEPS))
    beginning = state.save()

    def trained():
        return [np.asarray(v.value).astype(np.float64) for v in state.trainable]

    averages = trained()
    begin_epoch(runner, 1)
    for step in range(1, STEPS + 1):
        runner.run(step - 1, step)
        share = min(momentum, (1 + step) / (10 + step))
        averages = [share * old + (1 - share) * new for old, new in zip(averages, trained(), strict=True)]
    before = state.weights()
    with state.judged():
        for ours, theirs in zip(trained(), averages, strict=True):
            assert ours == pytest.approx(theirs, abs=1e-6)
        kept, logits = state.weights(), runner.logits(data[0])
    # What batch normalization finds in the training images with the averaged weights.
    kernel, bias, _, _, mean, variance = kept[:6]
    activations = np.asarray(gelu(data[0].reshape(ROWS, -1) / np.float32(255) @ kernel + bias))
    assert mean == pytest.approx(activations.mean(axis=0), abs=1e-4)
    assert variance == pytest.approx(activations.var(axis=0), abs=1e-4)
    assert same(before, state.weights())
    assert max(np.abs(a - b).max() for a, b in zip(kept, before, strict=True)) > 0.005
    # The loop around the same steps.
    state.restore(beginning)
    loop = make_loop(runner, data, [], epochs=1, **AUGMENTED)
    loop.run()
    assert same(loop.best, kept)
    assert same(runner.state.weights(), before)
    assert loop.progress.history[0].val_loss == mean_cross_entropy(logits, data[1])


def test_interrupted_and_resumed_it_ends_with_the_same_bits(make, data):
    # Labels that no image bears out: the validation loss rises, and the learning rate drops.
    data = data[0], np.random.default_rng(1).integers(0, CLASSES, ROWS)
    straight = make_loop(make(**AUGMENTED), data, [], epochs=3, **AUGMENTED)
    straight.run()
    assert [row.learning_rate for row in straight.progress.history] == pytest.approx([0.01, 0.01, 0.002])
    saves, runner = [], make(**AUGMENTED)
    # The first chunk is a single step: the first interruption is in mid-epoch, the second at an epoch's end.
    for checks in (1, 2, None):
        asked = iter([False] * ((checks or 99) - 1) + [True])
        resumed = make_loop(runner, data, saves, epochs=3, stop=lambda asked=asked: next(asked), **AUGMENTED)
        if saves:
            resumed.restore(*saves[-1])
        if checks:
            with pytest.raises(Interrupted):
                resumed.run()
    resumed.run()
    assert (resumed.progress.best_epoch, resumed.progress.epoch) == (straight.progress.best_epoch, 3)
    assert same(resumed.best, straight.best)
    assert same(resumed._runner.state.weights(), straight._runner.state.weights())
    assert resumed.snapshots.epochs == [1, 2, 3]
    assert resumed.snapshots.to_bytes() == straight.snapshots.to_bytes()
    # They are of the weights that were validated, and taking them changes none.
    assert resumed.snapshots.confusion[-1].sum() == ROWS
    for a, b in zip(straight.progress.history, resumed.progress.history, strict=True):
        assert astuple(replace(a, seconds=0.0)) == pytest.approx(astuple(replace(b, seconds=0.0)), rel=1e-6)


def test_a_loss_that_is_no_longer_finite_ends_the_training_and_the_last_state_is_good(make, data):
    saves = []
    with pytest.raises(NonFiniteLoss, match="try a lower learning_rate"):
        make_loop(make(**AUGMENTED), data, saves, **{**AUGMENTED, "learning_rate": 1e18}).run()
    assert all(np.isfinite(array).all() for array in saves[-1][1].values())


def test_it_learns_with_dropout(make, data):
    images, labels = data
    runner = make()
    for epoch in range(1, 11):
        begin_epoch(runner, epoch)
        sums = runner.run(0, runner.steps)
    assert sums.correct / sums.rows > 0.9
    assert (runner.logits(images).argmax(axis=1) == labels).mean() > 0.98


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(make):
    def train(seed):
        runner = make(seed=seed)
        begin_epoch(runner, 1)
        runner.run(0, runner.steps)
        return runner.state.weights()

    weights = train(0)
    assert same(weights, train(0))
    assert not same(weights, train(1))


def test_how_an_epoch_is_cut_into_chunks_changes_nothing(make):
    whole, cut = make(**AUGMENTED), make(**AUGMENTED)
    begin_epoch(whole, 1)
    begin_epoch(cut, 1)
    a = whole.run(0, whole.steps)
    for first, last in itertools.pairwise((0, 1, 4, 9, cut.steps)):
        b = cut.run(first, last)
    assert a == b
    assert same(whole.state.weights(), cut.state.weights())


def test_dropout_depends_on_the_epoch_and_not_on_what_ran_before(make):
    straight, resumed = make(), make()
    for epoch in (1, 2):
        begin_epoch(straight, epoch)
        straight.run(0, straight.steps)
        if epoch == 1:
            resumed.state.restore(straight.state.save())
    begin_epoch(resumed, 2)
    resumed.run(0, resumed.steps)
    assert same(straight.state.weights(), resumed.state.weights())


def test_a_state_saved_in_mid_epoch_goes_on_to_the_same_bits(make):
    straight, resumed = make(**AUGMENTED), make(**AUGMENTED)
    begin_epoch(straight, 5)
    straight.run(0, 6)
    resumed.state.restore(straight.state.save())
    resumed.prepare_epoch(5)
    a, b = straight.run(6, straight.steps), resumed.run(6, resumed.steps)
    assert a == b
    assert same(straight.state.weights(), resumed.state.weights())


def test_going_on_from_a_saved_state_leaves_the_saved_arrays_as_they_are(make):
    runner = make()
    saved = runner.state.save()
    kept = {name: array.copy() for name, array in saved.items()}
    runner.state.restore(saved)
    begin_epoch(runner, 1)
    runner.run(0, runner.steps)
    assert same(saved.values(), kept.values())
    assert not same(runner.state.save().values(), kept.values())


def test_a_state_of_another_model_is_refused(make):
    runner = make()
    saved = runner.state.save()
    with pytest.raises(RunCorrupt, match="does not belong to this model"):
        runner.state.restore({**saved, "trainable/000": saved["trainable/000"][:-1]})
    with pytest.raises(RunCorrupt, match="does not belong to this model"):
        runner.state.restore({name: array for name, array in saved.items() if name != "loss"})


def test_logits_of_any_number_of_rows_are_those_of_the_rows_alone(make, data):
    runner = make()
    images = np.concatenate([data[0]] * 11)
    for rows in (1, ROWS, 1024, 1025, len(images)):
        logits = runner.logits(images[:rows])
        assert logits.shape == (rows, CLASSES)
        assert logits.dtype == np.float32
    assert runner.logits(images)[-1] == pytest.approx(runner.logits(images[-1:])[0], abs=1e-5)


@pytest.mark.skipif(BACKEND != "jax", reason="the fused trainer runs on JAX")
def test_the_compiled_chunk_is_traced_once(data):
    model = find_architecture("mlp").build((SIDE, SIDE), CLASSES, OPTIONS, 0)
    runner = make_runner("fused", model, TrainingConfig(batch_size=16, shift=1, mixup=0.2), 0, *data, CLASSES)
    for epoch in (1, 2):
        begin_epoch(runner, epoch)
        runner.run(0, 1)
        runner.run(1, 4)
        runner.run(4, runner.steps)
        runner.logits(data[0])
        runner.logits(data[0][:5])
    assert runner._chunk._cache_size() == 1
    # The forward pass was compiled ahead, and by no call again.
    assert runner._forward._compiled.done()
    assert runner._forward._logits._cache_size() == 0


@pytest.mark.skipif(BACKEND != "tensorflow", reason="the tape trainer runs on TensorFlow")
def test_the_graph_of_steps_is_traced_once(data):
    model = find_architecture("mlp").build((SIDE, SIDE), CLASSES, OPTIONS, 0)
    runner = make_runner("tape", model, TrainingConfig(batch_size=16, shift=1, mixup=0.2), 0, *data, CLASSES)
    for epoch in (1, 2):
        begin_epoch(runner, epoch)
        runner.run(0, 1)
        runner.run(1, runner.steps)
        runner.logits(data[0])
        runner.logits(data[0][:5])
    assert runner._chunk.experimental_get_tracing_count() == 1
    assert runner._forward._logits.experimental_get_tracing_count() == 1
