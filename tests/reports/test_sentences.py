"""Sentences of the page on what its numbers mean: a temperature that does harm, a subset, equal values."""

import pytest

from fashionlab.evaluation import Calibration
from fashionlab.evaluation.calibration import Coverage, Reliability, Scores, TemperatureScaling
from fashionlab.reports.run.sections.confidence import after_scaling
from fashionlab.reports.run.sections.made import subset_text
from fashionlab.reports.study.effects import bounds, percent_bounds
from fashionlab.reports.wording import plain
from fashionlab.studies.stats.describe import Description, describe


def scores(ece, nll):
    return Scores(Reliability(15, (), ece, 0.01), 0.2, nll, 0.9, 0.9, Coverage((1,), (1.0,), (0.9,), (0.5,)))


@pytest.mark.parametrize(
    ("ece", "nll", "said", "never"),
    [
        (0.01, 0.40, "makes that 1.00 points; the predicted", "worse"),
        (0.03, 0.45, "makes its confidence worse here: that error rises to 3.00 points", "makes that"),
        (
            0.03,
            0.40,
            "makes that 3.00 points, which is worse, though it brings the loss from 0.4300 to 0.4000",
            "rises",
        ),
        (0.01, 0.45, "makes that 1.00 points, but raises the loss from 0.4300 to 0.4500 nats", "worse"),
        (0.02, 0.43, "makes that 2.00 points; the predicted", "worse"),
    ],
)
def test_a_temperature_that_makes_things_worse_is_said_to(ece, nll, said, never):
    found = Calibration("test", 1000, scores(0.02, 0.43), TemperatureScaling(1.2, 500, scores(ece, nll)))
    assert said in after_scaling(found)
    assert never not in after_scaling(found)


def test_a_subset_is_named_and_the_whole_is_not():
    assert subset_text("fashion-mnist", 6000) == "6,000 of 60,000 training-set images"
    assert subset_text("own.npz", 600) == "at most 600 training-set images"
    assert subset_text("fashion-mnist", 60_000) is None
    assert subset_text("fashion-mnist", None) is None


def test_equal_values_do_not_pose_as_certainty_and_no_accuracy_is_above_100_per_cent():
    assert bounds(describe([85.33, 85.33]), plain) == "2 equal values: no interval"
    assert bounds(Description(2, 85.33, 0.0, 85.33, 85.33), plain) == "2 equal values: no interval"
    assert bounds(describe([85.33]), plain) == ""
    assert percent_bounds(describe([82.0, 98.0])).endswith(" to 100.00")
