"""The learning rate shown is the one that the optimizer uses, and both are what their authors wrote."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from fashionlab.recipe.recipe import Recipe
from fashionlab.training.runners.schedules import drops_on_plateau, learning_rate_at, make_schedule

STEPS = 7


def config_of(**settings):
    return Recipe.make("mlp", {"epochs": 5, "learning_rate": 0.01, **settings}).training


CASES = [
    *({"schedule": name, "warmup": warmup} for name in ("constant", "cosine") for warmup in (0.0, 0.5, 2.0)),
    *({"schedule": "step", "drop_every": 2, "warmup": warmup} for warmup in (0.0, 2.5)),
    {"schedule": "one-cycle"},
]


@pytest.mark.parametrize("settings", CASES, ids=lambda settings: " ".join(map(str, settings.values())))
def test_the_shown_learning_rate_is_kerass(settings):
    fit = config_of(**settings)
    optimizer = keras.optimizers.AdamW(make_schedule(fit, STEPS))
    for iteration in range(5 * STEPS):
        optimizer.iterations.assign(iteration)
        shown = learning_rate_at(fit, STEPS, iteration)
        assert shown == pytest.approx(float(np.asarray(optimizer.learning_rate)), abs=1e-8), iteration


def test_step_drops_exactly_where_an_epoch_ends():
    # 49 * (1 / 49) is below 1 in float32: a quotient would drop a step late.
    fit = config_of(epochs=3, schedule="step", drop_every=1, drop_factor=0.5)
    schedule = make_schedule(fit, 49)
    rates = [round(float(np.asarray(schedule(np.int32(i)))), 6) for i in (0, 48, 49, 97, 98)]
    assert rates == [0.01, 0.01, 0.005, 0.005, 0.0025]


def test_one_cycle_rises_from_a_25th_to_its_highest_and_ends_far_below():
    fit = config_of(epochs=10, schedule="one-cycle", rise=0.2)
    rates = [learning_rate_at(fit, STEPS, i) for i in range(10 * STEPS + 1)]
    assert rates[0] == pytest.approx(0.01 / 25)
    assert rates[7] == pytest.approx(0.01 * (1 / 25 + 1) / 2)
    assert int(np.argmax(rates)) == 14
    assert rates[14] == 0.01
    assert rates[42] == pytest.approx(0.01 * (1 + 4e-6) / 2)
    assert rates[70] == pytest.approx(0.01 / 250_000)


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_a_plateau_drops_where_kerass_callback_drops(patience):
    random = np.random.default_rng(patience)
    losses = np.round(np.exp(-np.arange(60) / 20) + random.normal(0, 0.05, 60), 4).tolist()
    losses[10:13] = [losses[9] - 0.00005] * 3
    model = SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.01))
    callback = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=patience, mode="min")
    callback.set_model(model)
    callback.on_train_begin()
    fit = config_of(schedule="plateau", drop_factor=0.5, plateau_patience=patience)
    for epoch, loss in enumerate(losses, start=1):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        shown = learning_rate_at(fit, STEPS, epoch * STEPS, losses[:epoch])
        assert shown == pytest.approx(model.optimizer.learning_rate, rel=1e-6)
    assert drops_on_plateau(losses, patience) >= 3
