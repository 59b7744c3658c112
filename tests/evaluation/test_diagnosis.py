"""Curves drawn to show one thing each, and the finding that says it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionlab.evaluation.diagnosis import (
    DidNotLearn,
    Ended,
    Level,
    NoValidation,
    Overfitting,
    StillImproving,
    TooFewEpochs,
    TrainingAbove,
    TrainingBelow,
    Unsteady,
    diagnose,
)


def findings(loss, val_loss, stopped="epochs"):
    return diagnose({"loss": loss, "val_loss": val_loss}, stopped, val_loss.index(min(val_loss)) + 1)


def near(value):
    return pytest.approx(value, abs=1e-9)


def test_still_improving():
    found = findings([1.0, 0.8, 0.6, 0.5, 0.45], [0.95, 0.75, 0.6, 0.52, 0.48])
    assert found == (Ended(5, "epochs", 5), StillImproving(5, 2, near(0.2)))


def test_overfitting_from_the_epoch_after_the_best():
    found = findings([1.0, 0.6, 0.4, 0.3, 0.2, 0.1], [0.9, 0.6, 0.5, 0.55, 0.6, 0.7], "patience")
    assert found == (Ended(6, "patience", 3), Overfitting(4, 0.5, near(1.85 / 3), 0.1))


def test_overfitting_is_seen_where_the_last_epoch_was_kept():
    curves = {"loss": [1.0, 0.6, 0.4, 0.3, 0.2, 0.1], "val_loss": [0.9, 0.6, 0.5, 0.55, 0.6, 0.7]}
    found = diagnose(curves, "epochs", 6)
    assert found[0] == Ended(6, "epochs", 6)
    assert isinstance(found[1], Overfitting)


def test_level():
    found = findings([0.6, 0.5, 0.48, 0.47, 0.465], [0.6, 0.5, 0.499, 0.498, 0.4985])
    assert found == (Ended(5, "epochs", 4), Level(4, 0.498, near(0.4985 / 0.498 - 1)))


def test_gap_and_its_opposite():
    assert findings([0.6, 0.4, 0.3], [0.6, 0.5, 0.499])[-1] == TrainingBelow(3, 0.3, 0.499)
    assert findings([0.9, 0.7, 0.6], [0.6, 0.5, 0.499])[-1] == TrainingAbove(3, 0.6, 0.499)
    assert isinstance(findings([0.9, 0.7, 0.45], [0.6, 0.5, 0.499])[-1], StillImproving)


def test_it_did_not_learn():
    assert DidNotLearn(2.31, 2.3) in findings([2.31, 2.30, 2.30, 2.30], [2.31, 2.305, 2.304, 2.304])


def test_unsteady():
    assert Unsteady(2, 3, 0.15) in findings([1, 0.8, 0.7, 0.6, 0.5, 0.4], [0.9, 1.2, 0.6, 0.8, 0.9, 0.5])


def test_too_few_epochs_a_refit_and_no_epochs_at_all():
    assert findings([1.0], [0.9]) == (Ended(1, "epochs", 1), TooFewEpochs(1))
    assert findings([1.0, 0.9], [0.9, 0.8]) == (Ended(2, "epochs", 2), TooFewEpochs(2))
    refit = {"loss": [1.0, 0.8, 0.7], "val_loss": [math.nan] * 3}
    assert diagnose(refit, "epochs", 3) == (Ended(3, "epochs", 3), NoValidation())
    assert diagnose({"loss": [], "val_loss": []}, "", 0) == ()


losses = st.floats(1e-6, 1e3)


@given(st.lists(st.tuples(losses, losses), min_size=1, max_size=40), st.sampled_from(["epochs", "patience"]))
def test_any_curve_gets_exactly_one_verdict_on_its_end(rows, stopped):
    loss, val_loss = ([row[i] for row in rows] for i in (0, 1))
    found = findings(loss, val_loss, stopped)
    assert isinstance(found[0], Ended)
    assert sum(isinstance(f, Overfitting | StillImproving | Level) for f in found) == (len(rows) >= 3)
    assert all(1 <= f.epoch <= len(rows) for f in found if hasattr(f, "epoch"))
    assert len({type(f) for f in found}) == len(found)


@pytest.mark.parametrize("stopped", ["epochs", "patience"])
def test_improving_is_said_only_of_what_ran_to_its_end(stopped):
    found = findings([1.0, 0.8, 0.6, 0.5, 0.45], [0.95, 0.75, 0.6, 0.52, 0.48], stopped)
    assert any(isinstance(f, StillImproving) for f in found) == (stopped == "epochs")
