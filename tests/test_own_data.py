"""A run on images of one's own: prepared, judged, opened again and predicted with, all in the same way."""

import numpy as np
import pytest
from msgspec.structs import replace

import fashionlab
from fashionlab.errors import UsageError
from fashionlab.lab.studies import _context
from fashionlab.recipe.recipe import Recipe
from fashionlab.reports.measures import shared_line
from fashionlab.reports.run.sections.made import commands
from fashionlab.reports.study.guarantee import SHARED_JUDGES
from fashionlab.store import Run
from fashionlab.store.results import SharedTest
from fashionlab.studies.design.file import Terms
from fashionlab.studies.design.plan import arms_of_changes
from fashionlab.training.datasets import load_for
from fashionlab.training.partition import partition
from own_sets import drawings, save

ASKED = {"resize": 12, "stretch": True, "invert": True}


def coloured(images):
    """Dark, in colour, and larger in one direction."""
    wide = np.zeros((len(images), 24, 30, 3), np.uint8)
    wide[:, :, 3:27] = (images // 4).repeat(2, axis=1).repeat(2, axis=2)[..., None] * [1, 0, 1]
    return wide


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A training, a validation and a test set; 3 of the 9 test images are in the training set too."""
    place = tmp_path_factory.mktemp("own") / "images"
    images, labels = drawings(12)
    test, test_labels = drawings(3, 2)
    test[:3] = images[:3]
    save(place / "train", coloured(images), labels)
    save(place / "val", coloured(drawings(5, 1)[0]), drawings(5, 1)[1])
    save(place / "test", coloured(test), test_labels)
    return place


@pytest.fixture(scope="module")
def trained(folder):
    return fashionlab.train("forest", n_estimators=10, dataset=str(folder), runs=folder.parent / "runs", **ASKED)


def test_the_preparation_is_part_of_the_run(trained, folder):
    spec = Run(trained.path).spec
    assert {name: getattr(trained.recipe.data, name) for name in ASKED} == ASKED
    assert spec.data.side == 12
    assert spec.data.pixels.high < 64
    assert trained.metrics.validation.n == 15
    assert trained.recipe.data.validation is None
    assert f"--dataset {folder} --resize 12 --stretch true --invert true --n-estimators 10 " in commands(spec).short
    data = load_for(Run(trained.path), None)
    assert (data.images[0, 0, 0], data.images.min()) == (255, 0)


def test_what_the_run_predicts_it_predicts_again_from_images_as_they_are(trained, folder):
    found = fashionlab.load(str(folder), **ASKED)
    predicted = trained.predict(found.images[-15:], prepared=True)
    assert (predicted.argmax(axis=1) == found.labels[-15:]).mean() == trained.metrics.validation.accuracy
    # val/ in the order of its classes, as its files are
    assert trained.predict(coloured(drawings(5, 1)[0])) == pytest.approx(predicted)
    assert fashionlab.open_run(trained.path).predict(coloured(drawings(5, 1)[0])) == pytest.approx(predicted)


def test_the_same_data_loaded_are_the_same_run(trained, folder, capsys):
    data = fashionlab.load(str(folder), **ASKED)
    again = fashionlab.train("forest", data=data, n_estimators=10, runs=folder.parent / "runs")
    assert again.path == trained.path
    assert "an identical run exists" in capsys.readouterr().err


def test_shared_test_images_are_said_with_the_accuracy_without_them(trained):
    shared = trained.metrics.shared_test
    assert (shared.shared, shared.n) == (3, 6)
    test = Run(trained.path).predictions.test
    assert test.shared.tolist() == [0, 1, 2]
    correct = (test.logits.argmax(axis=1) == test.labels)[3:]
    assert shared.accuracy == correct.mean()
    said = shared_line(trained.metrics)
    assert said.startswith("3 of the 9 test images are in the training set too; the accuracy on the 6 others is ")
    assert said in trained.page.read_text(encoding="utf-8")
    assert said in (trained.page.parent / "README.md").read_text(encoding="utf-8")


def test_all_test_images_shared_leaves_no_accuracy(trained):
    metrics = replace(trained.metrics, shared_test=SharedTest(9, 0, None, None, None))
    assert shared_line(metrics) == (
        "All 9 test images are in the training set too: the test accuracy says nothing about new images."
    )


def test_a_fraction_for_validation_is_refused(folder):
    for given in (0.2, 0.3):
        with pytest.raises(UsageError, match=rf"validation: given {given}, but .* brings a validation set of 15"):
            fashionlab.train("forest", dataset=str(folder), runs=folder.parent / "runs", validation=given, **ASKED)


def test_the_command_shows_what_the_network_will_see(folder, ask):
    status, shown, said = ask("data", str(folder), "--resize", "12", "--stretch", "--invert")
    assert (status, said) == (0, "")
    for words in (
        "60 of 60 images have colour; they were made grey by their luminance",
        "60 of 60 images were brought to 12 x 12 pixels, whole",
        "dark and bright were exchanged",
        "3 of the 9 test images are, pixel for pixel, in the training set too",
        "split: the validation set that the data bring, the same for every seed; test set: 9 images",
        "12 x 12 pixels; training set: mean",
        "samples.png",
    ):
        assert words in " ".join(shown.split()), words
    status, _, said = ask("data", str(folder))
    assert status == 1
    assert "is 30 x 24 pixels; expected square images, or --resize 28" in said
    status, _, said = ask("data", str(folder), "--resize", "2")
    assert status == 2
    assert "--resize: given '2', expected a whole number from 4 to 1024 or none" in said


def test_a_study_says_that_its_seeds_share_the_judging_images(folder, capsys):
    recipe = Recipe.make("forest", {"dataset": str(folder), **ASKED})
    context = _context(recipe, Terms(), "auto", "auto", fashionlab.ExecutionOptions(), {})
    assert SHARED_JUDGES in capsys.readouterr().err
    arm = context.make_arm("baseline", recipe)
    judging = [partition(arm.spec.with_seed(seed), context.dataset).judging.tolist() for seed in (0, 5)]
    assert judging[0] == judging[1]
    assert len(judging[0]) == context.judge_rows(recipe)
    with pytest.raises(UsageError, match=r"given resize_how, which .*; set it for the whole study: resize_how"):
        arms_of_changes(arm, ["resize_how=crop"], False, context)
