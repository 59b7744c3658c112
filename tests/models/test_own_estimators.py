"""Estimators of one's own: found out by what they do, fitted as by hand, and kept without a pickle."""

import io
import json
import zipfile

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from fashionlab.errors import ModelFailure, UsageError
from fashionlab.models.estimators.base import LabelledImages
from fashionlab.models.own.build import examine
from fashionlab.models.own.estimator import OwnEstimator, make_estimator
from fashionlab.models.own.kept import KEPT, NotKept, keep, load
from fashionlab.models.own.task import Task
from fashionlab.training.softmax import log_softmax, mean_cross_entropy, softmax


def examined(make, classes=10):
    return examine(Task(make, (28, 28), classes, "mine.py"))


def halves(sample, classes=10, n=600):
    labels = sample.labels.astype(np.int64)
    known = np.flatnonzero(labels < classes)[:n]
    return [LabelledImages(sample.images[rows], labels[rows]) for rows in (known[::2], known[1::2])]


def fitted(make, sample, classes=10, n=600, seed=3):
    found, _ = examined(make, classes)
    own = OwnEstimator(make_estimator(make(), found.estimator, seed, "mine.py"), found.estimator, classes, "mine.py")
    training, validation = halves(sample, min(classes, 10), n)
    return own, own.fit(training, validation, lambda done, row: None), training, validation


def rows(images):
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


class Centroids(ClassifierMixin, BaseEstimator):
    """A class that nobody knows, with a fault that one may choose."""

    def __init__(self, fault=None):
        self.fault = fault

    def fit(self, x, y):
        if self.fault == "fit":
            raise RuntimeError("no such luck\nat all")
        self.classes_ = np.unique(y)
        if self.fault == "text":
            self.classes_ = self.classes_.astype(str)
        self.means_ = np.stack([x[y == c].mean(axis=0) for c in np.unique(y)])
        return self

    def predict_proba(self, x):
        near = np.exp(-((x[:, None] - self.means_) ** 2).sum(axis=2) / 50)
        found = near / near.sum(axis=1, keepdims=True)
        faults = {"shape": found[:, 0], "columns": found[:, 1:], "sum": 2 * found, "nan": found * np.nan,
                  "negative": found - 1, "list": found.tolist()}  # fmt: skip
        return faults.get(self.fault, found)


class Plain:
    """No scikit-learn's at all."""

    def fit(self, x, y):
        self.count = np.bincount(y, minlength=10) + 1.0

    def predict_proba(self, x):
        return np.tile(self.count / self.count.sum(), (len(x), 1))


def test_an_estimator_is_found_by_what_it_does_and_what_is_done_with_it_is_said():
    found, notes = examined(lambda: make_pipeline(StandardScaler(), PCA(5), SVC()))
    assert found.estimator.gives == "scores"
    assert found.estimator.seeded == ("pca__random_state", "svc__random_state")
    said = "; ".join(notes)
    assert "an estimator, Pipeline: it is given each image as a row of pixels from 0 to 1" in said
    assert "no predict_proba: a softmax makes probabilities of its decision function" in said
    assert "set from the seed: pca__random_state, svc__random_state" in said
    found, notes = examined(lambda: make_pipeline(PCA(5, random_state=7), RandomForestClassifier()))
    assert found.estimator.gives == "probabilities"
    assert found.estimator.seeded == ("randomforestclassifier__random_state",)
    assert "fixed by the file, for all seeds: pca__random_state=7" in notes
    assert examined(Plain)[0].estimator.seeded == ()


def test_one_that_is_fitted_already_is_fitted_anew(sample):
    before = KNeighborsClassifier(1).fit(np.eye(3), [0, 1, 2])
    found, notes = examined(lambda: before)
    assert "it is fitted already: an unfitted copy of it is fitted anew" in notes
    assert make_estimator(before, found.estimator, 0, "mine.py") is not before
    own, *_ = fitted(lambda: before, sample)
    assert own.model.n_features_in_ == 784
    assert before.n_features_in_ == 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SVC, r"returned the class SVC, expected an instance: return SVC\(\)"),
        (LinearRegression, "returned LinearRegression, a regressor, expected a classifier"),
        (lambda: make_pipeline(PCA(2), LinearRegression()), "returned Pipeline, a regressor"),
        (KMeans, "returned KMeans, which has neither predict_proba nor decision_function"),
        (StandardScaler, "returned StandardScaler, which has neither"),
        (lambda: VotingClassifier([("a", SVC())], voting="hard"), "returned VotingClassifier, which has neither"),
        (lambda: 5, "returned int, expected a keras.Model or a classifier as scikit-learn's"),
        (lambda: SVC(wrong=1), r"cannot be built \(test_own_estimators.py, line \d+\): TypeError"),
    ],
)
def test_what_is_no_classifier_is_refused_in_a_sentence(make, words):
    with pytest.raises(UsageError, match=words):
        examined(make)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("fit", r"failed when it was fitted \(.*, line \d+\): RuntimeError: no such luck at all"),
        ("text", r"its classes_ are '0', '1', '2', …, expected the labels that it was fitted with, 0 to 9"),
        ("shape", r"gave an array of shape \(100,\) for 100 images, expected a column for each of its 10 classes"),
        ("columns", r"gave an array of shape \(100, 9\)"),
        ("sum", "no probabilities .* add up to 2"),
        ("negative", "no probabilities"),
        ("nan", "NaN or infinite"),
    ],
)
def test_what_goes_wrong_in_it_is_a_sentence(fault, words, sample):
    with pytest.raises(ModelFailure, match=words):
        fitted(lambda: Centroids(fault), sample)
    with pytest.raises(ModelFailure, match=r"shape \(100, 45\).*decision_function_shape='ovr'"):
        fitted(lambda: SVC(decision_function_shape="ovo"), sample)


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize(
    "make",
    [
        lambda: KNeighborsClassifier(7),
        lambda: make_pipeline(StandardScaler(), PCA(10), LogisticRegression()),
        lambda: RandomForestClassifier(5),
        lambda: make_pipeline(PCA(4), HistGradientBoostingClassifier(max_iter=2, max_leaf_nodes=4)),
        lambda: make_pipeline(PCA(4), CalibratedClassifierCV(LinearSVC(), cv=2)),
        GaussianNB,
    ],
)
def test_probabilities_are_those_of_the_same_estimator_fitted_by_hand(make, classes, sample):
    by_hand = make()
    states = {name: 3 for name in by_hand.get_params() if name.endswith("random_state")}
    # As in a worker: with more threads sums are added in another order each time.
    with threadpool_limits(1, "blas"):
        own, found, training, validation = fitted(make, sample, classes, n=300)
        by_hand.set_params(**states).fit(rows(training.images), training.labels)
        expected = by_hand.predict_proba(rows(validation.images)).astype(np.float64)
        answers = own.scores(found.tensors, 28)(validation.images)
        again = OwnEstimator(load(found.file), examined(make, classes)[0].estimator, classes, "mine.py")
        from_file = again.scores(found.tensors, 28)(validation.images)
    with np.errstate(divide="ignore"):
        assert np.array_equal(answers, np.log(expected))
    # In which order arrays lie in memory is not kept, so the last bits of sums may be others.
    assert softmax(from_file) == pytest.approx(softmax(answers), abs=1e-4)
    assert np.array_equal(from_file.argmax(axis=1), answers.argmax(axis=1))


@pytest.mark.parametrize("classes", [2, 10])
def test_a_decision_function_is_calibrated_and_says_the_same_class(classes, sample):
    own, found, training, validation = fitted(lambda: SVC(), sample, classes)
    by_hand = SVC().fit(rows(training.images), training.labels).decision_function(rows(validation.images))
    by_hand = by_hand if classes > 2 else np.stack([np.zeros_like(by_hand), by_hand], axis=1)
    temperature = float(found.tensors["temperature"])
    assert np.array_equal(own.scores(found.tensors, 28)(validation.images), by_hand / temperature)
    near = [temperature * factor for factor in (0.97, 1.0, 1.03)]
    losses = [mean_cross_entropy(log_softmax(by_hand / t), validation.labels) for t in near]
    assert losses[1] == min(losses)
    with pytest.raises(UsageError, match="a refit has none; return an estimator that has predict_proba"):
        own.fit(training, None, lambda done, row: None)


def test_a_class_without_a_training_image_is_never_the_answer(sample):
    own, found, _, validation = fitted(GaussianNB, sample, classes=12)
    answers = own.scores(found.tensors, 28)(validation.images)
    assert answers.shape == (len(validation.labels), 12)
    assert np.isneginf(answers[:, 10:]).all()
    assert (answers.argmax(axis=1) == validation.labels).mean() > 0.4


def test_what_is_not_kept_says_why_and_warnings_are_told(sample):
    _, found, *_ = fitted(Centroids, sample)
    assert found.file is None
    assert "not kept, as it holds" in found.remark
    assert "Centroids, not among the types of scikit-learn that are read back" in found.remark
    _, found, *_ = fitted(lambda: KNeighborsClassifier(3, algorithm="kd_tree"), sample)
    assert found.file is None
    _, found, *_ = fitted(lambda: LogisticRegression(max_iter=2), sample)
    assert "kept with the run" in found.remark
    assert "it warned: ConvergenceWarning: lbfgs failed to converge" in found.remark


def test_the_types_that_are_kept_are_there():
    """A name that scikit-learn no longer has would be left out without a word."""
    import importlib

    missing = [
        f"{module}.{name}"
        for module, names in KEPT.items()
        for name in names
        if not hasattr(importlib.import_module(module), name)
    ]
    assert not missing


def changed(content, change):
    """The archive with its document changed, or a member."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def with_document(content, change):
    def edit(members):
        document = json.loads(members["schema.json"])
        change(document)
        members["schema.json"] = json.dumps(document).encode()

    return changed(content, edit)


HOSTILE = {
    "a function": {"__loader__": "FunctionNode", "__module__": "os", "__class__": "system", "__id__": 1},
    "a method": {"__loader__": "MethodNode", "__module__": "builtins", "__class__": "function", "__id__": 1},
    "another class": {"__loader__": "ObjectNode", "__module__": "subprocess", "__class__": "Popen", "__id__": 1},
    "a class by another way": {"__loader__": "TypeNode", "__module__": "os", "__class__": "system", "__id__": 1},
    "a constructor": {
        "__loader__": "ConstructorFromReduceNode", "__module__": "builtins", "__class__": "str", "__id__": 1,
    },
    "no name": {"__loader__": "ObjectNode", "__module__": ["os"], "__class__": "system"},
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_but_what_is_listed_is_made_of_a_file(case, sample):
    content = keep(GaussianNB().fit(np.eye(3), [0, 1, 2]))
    with pytest.raises(ValueError, match=r"not among what is read back|names types in another way"):
        load(with_document(content, lambda document: document["content"]["content"].update(var_=HOSTILE[case])))


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"not an archive" * 99, changed(keep(GaussianNB()), lambda m: m.clear())]
)
def test_what_is_no_file_of_ours_is_refused(content):
    with pytest.raises(ValueError, match="is no archive of skops"):
        load(content)


def point_astray(kind, sample):
    training, _ = halves(sample, n=200)
    x, y = rows(training.images)[:, 300:360], training.labels
    if kind == "tree":
        model = DecisionTreeClassifier().fit(x, y)
        model.n_features_in_ = 10
    elif kind == "forest":
        model = RandomForestClassifier(3).fit(x, y)
        model.n_features_in_ = 10
    elif kind == "boosting":
        model = HistGradientBoostingClassifier(max_iter=1, max_leaf_nodes=4).fit(x, y)
        model._predictors[0][0].nodes["left"][0] = 10**6
    elif kind == "vectors":
        model = SVC().fit(x, y)
        model._n_support[0] += 1000
    else:
        model = KNeighborsClassifier().fit(x, y)
        model._y[0] = 10**6
    return model


@pytest.mark.parametrize("kind", ["tree", "forest", "boosting", "vectors", "neighbours"])
def test_numbers_that_compiled_code_would_follow_astray_are_refused(kind, sample):
    with pytest.raises(NotKept, match=r"does not hold together .* cannot be right"):
        keep(point_astray(kind, sample))
