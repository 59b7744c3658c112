"""The estimators: fitted, turned into arrays, and held against the libraries that fitted them."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from fashionlab.errors import UsageError
from fashionlab.models import ESTIMATOR, ESTIMATORS, find_architecture
from fashionlab.models.estimators.base import LabelledImages
from fashionlab.models.estimators.trees import Tree, Trees
from fashionlab.models.memory import require_room
from fashionlab.training.softmax import softmax

FEW = {
    "logistic": {"max_iter": 200},
    "forest": {"n_estimators": 7},
    "boosting": {"rounds": 5, "min_rows": 5},
}
"""Options that make each model quick."""


def halves(sample, classes):
    """Training and validation images of the first classes."""
    labels = sample.labels.astype(np.int64)
    known = np.flatnonzero(labels < classes)
    return [LabelledImages(sample.images[rows], labels[rows]) for rows in (known[::2], known[1::2])]


def fitted(name, sample, classes=10, steps=None, **options):
    architecture = find_architecture(name)
    estimator = architecture.builder(classes, 3, **architecture.fill({**FEW[name], **options}))
    training, validation = halves(sample, classes)
    step = (lambda done, row: steps.append((done, row))) if steps is not None else (lambda done, row: None)
    return estimator, estimator.fit(training, validation, step), training, validation


def test_every_estimator_is_described_and_tested_here():
    assert set(FEW) == set(ESTIMATORS)
    for name in ESTIMATORS:
        architecture = find_architecture(name)
        assert architecture.kind is ESTIMATOR
        assert architecture.description.endswith(".")
        assert all(setting.description for setting in architecture.options.values())


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_model_answers_from_its_arrays_alone(name, classes, sample):
    estimator, found, _, validation = fitted(name, sample, classes)
    again = find_architecture(name).builder(classes, 3, **find_architecture(name).fill(FEW[name]))
    scores = again.scores(dict(found.tensors), 28)(validation.images)
    assert scores.shape == (len(validation.labels), classes)
    assert scores.dtype == np.float64
    assert (scores == estimator.scores(found.tensors, 28)(validation.images)).all()
    assert (scores.argmax(axis=1) == validation.labels).mean() > 0.6
    parameters, size = estimator.size(found.tensors)
    assert size
    assert (parameters is not None) == (name == "logistic")


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize(
    ("name", "theirs", "scale"),
    [
        ("logistic", lambda: LogisticRegression(C=0.1, max_iter=200), 255),
        ("forest", lambda: RandomForestClassifier(7, random_state=3), 1),
    ],
)
def test_probabilities_are_those_of_scikit_learn(name, theirs, scale, classes, sample):
    estimator, found, training, validation = fitted(name, sample, classes)
    # As many threads as there: where L-BFGS comes to rest depends on it.
    with threadpool_limits(1, "blas"):
        model = theirs().fit(training.flat / np.float32(scale), training.labels)
    expected = model.predict_proba(validation.flat / np.float32(scale))
    ours = softmax(estimator.scores(found.tensors, 28)(validation.images))
    assert ours == pytest.approx(expected, abs=1e-5)


def test_boosting_answers_as_lightgbm_does(sample, monkeypatch):
    import lightgbm

    boosters = []
    train = lightgbm.train
    monkeypatch.setattr(lightgbm, "train", lambda *a, **k: boosters.append(train(*a, **k)) or boosters[-1])
    steps = []
    estimator, found, _, validation = fitted("boosting", sample, steps=steps)
    expected = boosters[0].predict(validation.flat, raw_score=True, num_iteration=found.best_epoch)
    ours = estimator.scores(found.tensors, 28)(validation.images)
    assert ours == pytest.approx(expected, abs=1e-9)
    assert [done for done, _ in steps] == [1, 2, 3, 4, 5] == [row.number for row in found.history]
    assert found.stopped == "epochs"
    losses = [row.val_loss for row in found.history]
    assert found.best_epoch == 1 + int(np.argmin(losses))
    chosen = -np.log(softmax(ours))[np.arange(len(ours)), validation.labels].mean()
    assert chosen == pytest.approx(min(losses))


def test_boosting_stops_when_patience_ends_and_keeps_the_best_round(sample):
    _, found, _, _ = fitted("boosting", sample, rounds=200, patience=2, learning_rate=1.0)
    assert found.stopped == "patience"
    assert len(found.history) == found.best_epoch + 2
    assert len(found.tensors["trees/roots"]) == 10 * found.best_epoch


def test_a_forest_grown_in_steps_is_the_forest_grown_at_once_on_any_number_of_cores(sample, monkeypatch):
    steps = []
    _, one, _, _ = fitted("forest", sample, steps=steps)
    monkeypatch.setattr("fashionlab.models.estimators.forest.usable_cores", lambda: [0])
    _, two, _, _ = fitted("forest", sample, steps=steps)
    assert [done for done, _ in steps][-4:] == [2, 4, 6, 7]
    assert all((one.tensors[name] == two.tensors[name]).all() for name in one.tensors)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_arrays_of_another_model_are_refused(name, sample):
    estimator, found, _, _ = fitted(name, sample)
    for key in found.tensors:
        lacking = {other: array for other, array in found.tensors.items() if other != key}
        with pytest.raises(KeyError):
            estimator.scores(lacking, 28)
        for wrong in (found.tensors[key].astype(np.complex64), np.zeros((1, 2, 3, 4, 5))):
            with pytest.raises(ValueError):
                estimator.scores({**found.tensors, key: wrong}, 28)
        if found.tensors[key].dtype.kind == "f":
            with pytest.raises(ValueError, match="not finite"):
                estimator.scores({**found.tensors, key: found.tensors[key] * np.nan}, 28)


def tree(**changes):
    """A root with two leaves."""
    trees = Trees.join([Tree(*(np.array(c) for c in ([0, 0, 0], [4.5, 0, 0], [1, -1, -1], [2, -1, -1])), np.eye(3))])
    return {**trees.to_tensors(), **changes}


def test_trees_compare_whole_pixel_values():
    trees = Trees.from_tensors(tree(), 4, 3)
    pixels = np.array([[4, 9, 9, 9], [5, 0, 0, 0]], np.uint8)
    assert (trees.values[trees.leaves(pixels)[:, 0]] == np.eye(3)[[1, 2]]).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"trees/roots": np.array([3], np.int32)},
        {"trees/roots": np.array([-1], np.int32)},
        {"trees/roots": np.array([], np.int32)},
        {"trees/feature": np.array([4, 0, 0], np.int32)},
        {"trees/feature": np.array([-1, 0, 0], np.int32)},
        {"trees/children": np.array([[1, 3], [0, 0], [0, 1]], np.int32)},
        # A circle: a walk through it would never end.
        {"trees/children": np.array([[1, 2], [1, 2], [0, 1]], np.int32)},
        {"trees/children": np.array([[-1, 2], [0, 0], [0, 1]], np.int32)},
        {"trees/children": np.array([[1, 2], [0, 7], [0, 1]], np.int32)},
        {"trees/children": np.array([[1, 2], [0, -1], [0, 1]], np.int32)},
    ],
)
def test_trees_that_lead_astray_are_refused(changes):
    with pytest.raises(ValueError, match="points to where there is nothing"):
        Trees.from_tensors(tree(**changes), 4, 3)


def test_a_forest_that_cannot_fit_is_refused_by_its_first_trees(sample, monkeypatch):
    steps = []
    monkeypatch.setattr("fashionlab.models.memory.available_memory", lambda: 2**20)
    with pytest.raises(UsageError, match=r"^100,000 trees of 0\.0 MiB, like the first .* take 0\.\d GiB of memory or"):
        fitted("forest", sample, steps=steps, n_estimators=100_000, max_depth=1)
    assert len(steps) == 1
    fitted("forest", sample, n_estimators=7, max_depth=1)
    monkeypatch.setattr("fashionlab.models.memory.available_memory", lambda: None)
    require_room(2**60, "they", "fewer")
