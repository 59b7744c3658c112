"""Runs, studies and comparisons of estimators of one's own, from the file or function to the last sentence."""

import json
import shutil

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

import fashionlab
from fashionlab import lab
from fashionlab.errors import RunCorrupt, UntrustedModel, UsageError
from fashionlab.store import Run
from fashionlab.studies.execution.local import Job
from fashionlab.studies.execution.transfer import pack, unpack
from fashionlab.training.estimators import OWN_BLOCK, _require_version
from fashionlab.training.softmax import log_softmax, softmax

pytestmark = pytest.mark.usefixtures("undrawn")

QUIET = lab.ExecutionOptions(report=False)

FILE = """
import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def build(image_shape, classes, *, components=8):
    "A support vector machine on principal components."
    return make_pipeline(StandardScaler(), PCA(components), SVC())


def neighbours(image_shape, classes, *, n_neighbors=3):
    "The nearest images."
    return KNeighborsClassifier(n_neighbors)


class Centroids:
    "No scikit-learn's."

    def fit(self, x, y):
        self.means = np.stack([x[y == c].mean(axis=0) for c in np.unique(y)])

    def predict_proba(self, x):
        near = np.exp(-((x[:, None] - self.means) ** 2).sum(axis=2) / 50)
        return near / near.sum(axis=1, keepdims=True)


def centroids(image_shape, classes):
    "The nearest mean."
    return Centroids()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory, sample):
    """A model file, and data that bring their validation set, so that nothing but the model depends on the seed."""
    folder = tmp_path_factory.mktemp("estimators")
    (folder / "mine.py").write_text(FILE)
    x, y = sample.images, sample.labels
    np.savez(
        folder / "data.npz", x_train=x[:300], y_train=y[:300], x_val=x[300:500], y_val=y[300:500], x_test=x[500:],
        y_test=y[500:],
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def trained(place):
    return train(place, "mine.py", components=10)


def train(place, model, **settings):
    asked = {"dataset": str(place / "data.npz"), "runs": place / "runs", "execution": QUIET, **settings}
    return fashionlab.train(str(place / model), **asked)


def in_blocks(images):
    """As the lab asks: a block at a time, filled up with black."""
    padded = np.pad(images, ((0, -len(images) % OWN_BLOCK), (0, 0), (0, 0)))
    return padded.reshape(len(padded), -1) / np.float32(255)


def test_a_run_answers_as_the_same_pipeline_fitted_by_hand(trained, place):
    data = fashionlab.load(str(place / "data.npz"))
    split = data.split(0, None)
    with threadpool_limits(1, "blas"):
        by_hand = make_pipeline(StandardScaler(), PCA(10, random_state=0), SVC(random_state=0))
        by_hand.fit(data.images[split.train].reshape(300, -1) / np.float32(255), data.labels[split.train])
        scores = by_hand.decision_function(in_blocks(data.images[split.validation]))[:200]
    run = Run(trained.path)
    found = run.predictions.validation.logits
    assert np.array_equal(found.argmax(axis=1), scores.argmax(axis=1))
    temperature = float(run.weights["temperature"])
    assert softmax(found) == pytest.approx(softmax(log_softmax(scores / temperature)), abs=1e-5)
    assert trained.recipe.training is None
    assert run.spec.found.estimator.seeded == ("pca__random_state", "svc__random_state")
    assert (run.spec.trainer, run.spec.backend) == ("none", "none")
    assert "kept with the run" in run.environment.remark
    assert f"temperature of its decision function {temperature:.3g}" in run.environment.remark
    assert run.environment.size == "StandardScaler, PCA, SVC"
    assert trained.predict(data.images[split.validation], prepared=True) == pytest.approx(softmax(found), abs=1e-6)


def test_it_is_read_back_for_who_vouches_for_it_if_it_is_as_it_was(trained, place, tmp_path, as_another_user):
    images = fashionlab.load(str(place / "data.npz")).images[:2]
    as_another_user()
    with pytest.raises(UntrustedModel, match=r"would execute its own model file .*trust="):
        fashionlab.open_run(trained.path).predict(images)
    other = tmp_path / trained.path.name
    shutil.copytree(trained.path, other)
    (other / "estimator.skops").write_bytes(b"PK" + bytes(100))
    trust = Run(other).spec.model_sha256
    with pytest.raises(RunCorrupt, match=r"estimator\.skops cannot be read: it is not a whole archive"):
        fashionlab.open_run(other, trust=trust).predict(images)
    environment = json.loads((trained.path / "environment.json").read_text())
    environment["packages"]["scikit-learn"] = "1.2.3"
    (other / "environment.json").write_text(json.dumps(environment))
    (other / "complete.json").unlink()
    with pytest.raises(UsageError, match=r"an estimator of scikit-learn 1\.2\.3, .* install 'scikit-learn==1\.2\.3'"):
        _require_version(Run(other))


def test_it_comes_whole_from_another_machine(trained, tmp_path):
    run = Run(trained.path)
    job = Job("there", run.spec, run.model_source)
    files = pack(run.path)
    arrived = Run(unpack(files, tmp_path / "whole", job))
    assert arrived.can_predict
    assert arrived.read("estimator.skops") == run.read("estimator.skops")
    del files["estimator.skops"]
    with pytest.raises(RunCorrupt, match=r"another run|is not the file|lost"):
        unpack({**files, "model.py": b""}, tmp_path / "other", job)


def test_its_page_says_what_is_not_shown(trained):
    summary = fashionlab.report(trained.path).summary
    assert summary.inside.reason == "the lab does not know what a user's own estimator does with each pixel."
    assert "--components 10 " in summary.made.commands.short


def test_one_that_cannot_be_kept_keeps_its_predictions_and_says_so(place, capfd):
    run = train(place, "mine.py:centroids")
    said = capfd.readouterr().err
    assert "nothing in it is left to the seed, and the data bring their validation set" in said
    assert "not kept, as it holds Centroids, not among the types of scikit-learn" in said
    assert run.metrics.test.accuracy > 0.4
    with pytest.raises(UsageError, match=r"the estimator of run .* was not kept, as .*\(docs/own-model.md\)"):
        run.predict(np.zeros((1, 28, 28), np.uint8))


def test_what_is_for_networks_alone_is_refused(place):
    cases = {
        "given epochs, but model .* is an estimator, which is fitted in one call: leave it out": {"epochs": 3},
        "an estimator has no epochs to run: leave out trainer and backend": {"trainer": "fit"},
        "whose decision function is calibrated on the validation set: a refit has none": {"refit": True},
    }
    for words, settings in cases.items():
        with pytest.raises(UsageError, match=words):
            train(place, "mine.py", **settings)


def test_functions_are_studied_and_compared_and_seeds_that_are_one_run_are_said_to_be(place):
    namespace = {"__name__": "notebook"}
    source = place / "cell.py"
    source.write_text(FILE)
    exec(compile(FILE, str(source), "exec"), namespace)
    build = namespace["neighbours"]
    asked = {"dataset": str(place / "data.npz"), "runs": place / "runs", "seeds": 2}
    asked["execution"] = lab.ExecutionOptions(report=False, workers=1)
    found = fashionlab.compare(build, namespace["centroids"], **asked)
    lines = "\n".join(found.lines())
    assert "All 2 seeds of neighbours gave exactly the same predictions: they are one run, made 2 times" in lines
    assert "centroids is not evaluated on the test set: its runs kept their predictions, and not their models" in lines
    models = {model.name: model for model in found.summary.compare.models}
    assert models["centroids"].bytes is None
    assert models["centroids"].prediction is None
    assert models["neighbours"].bytes > 1000
    assert {path.name for path in (found.path / "models").iterdir()} == {"00.py", "01.py"}
    changes = ["n_neighbors=1", {"name": "means", "model": namespace["centroids"]}]
    plan = fashionlab.plan_study("mlp", changes=changes[1:], epochs=3, trainer="fused", **asked)
    assert [arm.name for arm in plan.arms] == ["baseline", "means"]
    plan = fashionlab.plan_study(build, changes=changes, **asked)
    assert [arm.name for arm in plan.arms] == ["baseline", "n_neighbors=1", "means"]
