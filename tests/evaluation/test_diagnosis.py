"""Curves drawn to show one thing each, and the sentence that says it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionlab.evaluation.diagnosis import KINDS, diagnose


def curves(loss, val_loss):
    return {"epoch": list(range(1, len(loss) + 1)), "loss": loss, "val_loss": val_loss}


def kinds(loss, val_loss, stopped="epochs"):
    best = val_loss.index(min(val_loss)) + 1
    found = diagnose(curves(loss, val_loss), stopped, best)
    return {finding["kind"]: finding for finding in found["findings"]}, found["text"]


def test_still_improving():
    found, text = kinds([1.0, 0.8, 0.6, 0.5, 0.45], [0.95, 0.75, 0.6, 0.52, 0.48])
    assert set(found) == {"ended", "improving"}
    assert found["improving"]["epoch"] == 5
    assert "still improving at the end: the last 2 epochs lowered the best validation loss by 20.0 %" in text
    assert text.startswith("Training ran for all 5 epochs; the weights of epoch 5 were kept.")


def test_over_fitting_from_the_epoch_after_the_best():
    found, text = kinds([1.0, 0.6, 0.4, 0.3, 0.2, 0.1], [0.9, 0.6, 0.5, 0.55, 0.6, 0.7], "patience")
    assert set(found) == {"ended", "over_fitting", "unsteady"} - {"unsteady"}
    assert found["over_fitting"]["epoch"] == 4
    assert "Over-fitting from epoch 4: the validation loss rose from 0.500 to 0.617" in text
    assert "stopped early at epoch 6: for 3 epochs the validation loss had not fallen below that of epoch 3" in text


def test_over_fitting_is_seen_where_the_last_epoch_was_kept():
    curves = {"loss": [1.0, 0.6, 0.4, 0.3, 0.2, 0.1], "val_loss": [0.9, 0.6, 0.5, 0.55, 0.6, 0.7]}
    found = diagnose(curves, "epochs", 6)
    assert [finding["kind"] for finding in found["findings"]][:2] == ["ended", "over_fitting"]
    assert "the weights of epoch 6 were kept" in found["text"]


def test_level():
    found, text = kinds([0.6, 0.5, 0.48, 0.47, 0.465], [0.6, 0.5, 0.499, 0.498, 0.4985])
    assert set(found) == {"ended", "level"}
    assert "levelled off: its lowest was 0.498, at epoch 4, and ended 0.1 % above it." in text


def test_gap_and_its_opposite():
    found, _ = kinds([0.6, 0.4, 0.3], [0.6, 0.5, 0.499])
    assert found["gap"]["epoch"] == 3
    found, text = kinds([0.9, 0.7, 0.6], [0.6, 0.5, 0.499])
    assert "gap" not in found
    assert "dropout and augmentation make training harder" in text
    assert found["harder_training"]["epoch"] == 3


def test_it_did_not_learn():
    found, text = kinds([2.31, 2.30, 2.30, 2.30], [2.31, 2.305, 2.304, 2.304])
    assert "did_not_learn" in found
    assert "its training loss went from 2.310 to 2.300" in text


def test_unsteady():
    found, text = kinds([1, 0.8, 0.7, 0.6, 0.5, 0.4], [0.9, 1.2, 0.6, 0.8, 0.9, 0.5])
    assert found["unsteady"]["epoch"] == 2
    assert "in 3 epochs, first in epoch 2, it was more than 15 % above its best so far" in text


def test_too_few_epochs_a_refit_and_no_epochs_at_all():
    found, text = kinds([1.0], [0.9])
    assert set(found) == {"ended", "no_curve"}
    assert text == (
        "Training ran for its one epoch; the weights of epoch 1 were kept. "
        "One epoch is too few to read anything from the curves."
    )
    assert "Two epochs are" in kinds([1.0, 0.9], [0.9, 0.8])[1]
    refit = diagnose(curves([1.0, 0.8, 0.7], [math.nan] * 3), "epochs", 3)
    assert [finding["kind"] for finding in refit["findings"]] == ["ended", "no_validation"]
    assert diagnose(curves([], []), "", 0) == {"findings": [], "text": ""}


losses = st.floats(1e-6, 1e3)


@given(st.lists(st.tuples(losses, losses), min_size=1, max_size=40), st.sampled_from(["epochs", "patience"]))
def test_any_curve_gets_known_findings_and_exactly_one_verdict_on_its_end(rows, stopped):
    loss, val_loss = ([row[i] for row in rows] for i in (0, 1))
    found, text = kinds(loss, val_loss, stopped)
    assert set(found) <= set(KINDS)
    assert text == " ".join(finding["sentence"] for finding in found.values())
    assert "nan" not in text
    assert len({"over_fitting", "improving", "level"} & set(found)) == (len(rows) >= 3)
    assert all(f["epoch"] is None or 1 <= f["epoch"] <= len(rows) for f in found.values())


@pytest.mark.parametrize("stopped", ["epochs", "patience"])
def test_improving_is_said_only_of_what_ran_to_its_end(stopped):
    found, _ = kinds([1.0, 0.8, 0.6, 0.5, 0.45], [0.95, 0.75, 0.6, 0.52, 0.48], stopped)
    assert ("improving" in found) == (stopped == "epochs")
