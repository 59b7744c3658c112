"""A run's insight: what is in it, that it agrees with Keras asked directly, and when there is none and why."""

import shutil

import keras
import numpy as np
import pytest
from msgspec.structs import replace

from fashionlab import ExecutionOptions, lab
from fashionlab.errors import DataError, UsageError
from fashionlab.evaluation import Missing, find_insight, open_images
from fashionlab.evaluation.insight.document import InsightFile, Neighbours
from fashionlab.evaluation.insight.find import INSIGHT_VERSION
from fashionlab.evaluation.insight.maps import NOT_INSTALLED, can_embed
from fashionlab.evaluation.insight.tasks import choose
from fashionlab.store import Ledger, Run, read_document, to_json
from fashionlab.training.networks import open_network
from fashionlab.training.softmax import softmax


@pytest.fixture(scope="module")
def insight(small_run):
    return find_insight(small_run)


@pytest.fixture(scope="module")
def model(small_run):
    return open_network(small_run)


@pytest.fixture
def copied(small_run, tmp_path):
    shutil.copytree(small_run.path, tmp_path / "run")
    return Run(tmp_path / "run")


def test_what_a_network_shows(insight, small_run):
    network, arrays = insight.document, insight.arrays
    assert network.n == 120
    assert [layer.name for layer in network.layers.items] == ["hidden_1", "hidden_2"]
    first = network.layers.items[0]
    assert (first.kind, first.activation, first.units, first.averaged) == ("Dense", "gelu", 32, False)
    assert network.filters.layer == "hidden_1"
    assert len(network.filters.units) == len(network.filters.norms) == network.filters.total == 32
    assert network.map.layer == "hidden_2"
    assert len(network.map.rows) == 120
    assert network.saliency.images == len(network.chosen) == 20
    shapes = {name: (array.dtype.name, array.shape) for name, array in arrays.items() if "neighbours" not in name}
    assert shapes == {
        "chosen/images": ("uint8", (20, 28, 28)),
        "chosen/probabilities": ("float32", (20, 10)),
        "layer_00/chosen": ("float32", (20, 32)),
        "layer_00/class_means": ("float32", (10, 32)),
        "layer_00/largest": ("float32", (32,)),
        "layer_01/chosen": ("float32", (20, 16)),
        "layer_01/class_means": ("float32", (10, 16)),
        "layer_01/largest": ("float32", (16,)),
        "filters/weights": ("float32", (32, 28, 28)),
        "map/pca": ("float32", (120, 2)),
        "map/labels": ("int32", (120,)),
        "map/predicted": ("int32", (120,)),
        "map/images": ("uint8", (120, 28, 28)),
        "saliency/values": ("float32", (20, 28, 28)),
        "occlusion/values": ("float32", (20, 28, 28)),
    }
    assert all(np.isfinite(array).all() for array in arrays.values())
    assert isinstance(network.map.neighbours, Neighbours) == ("map/neighbours" in arrays) == can_embed()
    assert {path.name for path in small_run.derived.iterdir()} == {"figures", "insight.json", "insight.npz"}


def test_chosen_images_are_those_of_the_rows(insight, small_run, sample):
    predictions = small_run.predictions.validation
    images = sample.images[predictions.rows]
    probabilities = softmax(predictions.logits)
    for place, chosen in enumerate(insight.document.chosen):
        row = chosen.row
        assert chosen.true == place // 2 == predictions.labels[row]
        assert chosen.kind == ("sure", "unsure")[place % 2]
        assert chosen.predicted == probabilities[row].argmax()
        assert chosen.confidence == probabilities[row].max()
        assert (insight.arrays["chosen/images"][place] == images[row]).all()
    assert (insight.arrays["map/images"] == images[list(insight.document.map.rows)]).all()


def test_activations_agree_with_keras_asked_directly(insight, small_run, sample, model):
    predictions = small_run.predictions.validation
    images, labels = sample.images[predictions.rows], predictions.labels
    rows = [chosen.row for chosen in insight.document.chosen]
    for layer in insight.document.layers.items:
        outputs = keras.Model(model.inputs, model.get_layer(layer.name).output).predict(images, verbose=0)
        assert insight.arrays[f"{layer.key}/chosen"] == pytest.approx(outputs[rows], abs=1e-5)
        means = np.stack([outputs[labels == label].mean(axis=0) for label in range(10)])
        assert insight.arrays[f"{layer.key}/class_means"] == pytest.approx(means, abs=1e-5)
        assert insight.arrays[f"{layer.key}/largest"] == pytest.approx(np.abs(outputs).max(axis=0), abs=1e-5)
        assert layer.flat_share == pytest.approx((np.abs(outputs) <= 1e-3).mean(), abs=1e-3)
        assert layer.dead.count == (np.abs(outputs).max(axis=0) <= 1e-3).sum()


def test_the_map_is_of_the_last_hidden_layer(insight, small_run, sample, model):
    from sklearn.decomposition import PCA

    images = sample.images[small_run.predictions.validation.rows][list(insight.document.map.rows)]
    features = keras.Model(model.inputs, model.get_layer("hidden_2").output).predict(images, verbose=0)
    outside = PCA(2).fit(features)
    points = outside.transform(features)
    own = insight.arrays["map/pca"]
    signs = np.sign((own * points).sum(axis=0))
    assert own == pytest.approx(points * signs, abs=1e-3)
    assert insight.document.map.pca_share == pytest.approx(outside.explained_variance_ratio_, abs=1e-5)


def test_it_is_computed_once_and_anew_when_it_no_longer_fits(copied, monkeypatch):
    calls = []

    class Count:
        backend = "jax"

        def call(self, task, arguments):
            calls.append(task)
            shutil.copytree(kept, copied.derived, dirs_exist_ok=True)

    original = find_insight(copied).document
    kept = copied.path.parent / "kept"
    shutil.copytree(copied.derived, kept)
    worker = Count()
    find_insight(copied, worker=worker)
    assert calls == []
    path = copied.derived / "insight.json"
    file = read_document(path, InsightFile)
    assert file.network == original
    for spoilt in (
        to_json(replace(file, version=INSIGHT_VERSION - 1)),
        to_json(replace(file, weights="0" * 64)),
        to_json(replace(file, arrays_sha256="0" * 64)),
        b"{}",
        b"[]",
        b"",
    ):
        path.write_bytes(spoilt)
        assert find_insight(copied, worker=worker).document == original
    assert len(calls) == 6
    (copied.derived / "insight.npz").unlink()
    find_insight(copied, worker=worker)
    assert len(calls) == 7
    # What was left out for want of a library is made up for once it is there.
    lacking = replace(original, map=replace(original.map, neighbours=Missing(NOT_INSTALLED)))
    path.write_bytes(to_json(replace(file, network=lacking)))
    monkeypatch.setattr("fashionlab.evaluation.insight.find.can_embed", lambda: False)
    assert find_insight(copied, worker=worker).document == lacking
    monkeypatch.setattr("fashionlab.evaluation.insight.find.can_embed", lambda: True)
    assert len(calls) == 7
    find_insight(copied, worker=worker)
    assert len(calls) == 8


def evaluations(run):
    return [line.by for line in Ledger(run.path.parent).lines(run.spec.data.sha256)]


def test_no_insight_evaluates_the_test_set(insight, small_run):
    assert evaluations(small_run) == [small_run.name]


def test_images_of_a_set_in_the_order_of_its_predictions(copied, sample, sample_path):
    assert (open_images(copied, "validation") == sample.images[copied.predictions.validation.rows]).all()
    assert evaluations(copied) == []
    images = open_images(copied, "test")
    assert evaluations(copied) == [copied.name]
    open_images(copied, "test")
    assert evaluations(copied) == [copied.name], "the same look, already on record"
    with np.load(sample_path, allow_pickle=False) as archive:
        assert len(images) == len(copied.predictions.test.labels) == len(archive["y_test"])
        assert (images == archive["x_test"]).all()
        assert (copied.predictions.test.labels == archive["y_test"]).all()
    with pytest.raises(ValueError, match="given the set 'train'"):
        open_images(copied, "train")


def train_small(sample_path, runs, **options):
    execution = ExecutionOptions(report=False)
    trained = lab.train(
        "mlp", dataset=str(sample_path), runs=runs, execution=execution, widths=(8,), epochs=1, **options
    )
    return Run(trained.path)


def test_a_run_that_did_not_use_the_test_set_leaves_it_alone(sample_path, tmp_path):
    run = train_small(sample_path, tmp_path, test=False)
    with pytest.raises(UsageError, match="did not use the test set"):
        open_images(run, "test")
    assert evaluations(run) == []


def test_a_refit_says_why_it_has_none(sample_path, tmp_path):
    run = train_small(sample_path, tmp_path, refit=True)
    found = find_insight(run)
    assert "trained on the validation images too (a refit)" in found.document.reason
    assert found.arrays == {}
    with pytest.raises(UsageError, match="is a refit"):
        open_images(run, "validation")


def test_data_that_changed_are_an_error(small_run, tmp_path):
    shutil.copytree(small_run.path, tmp_path / "run", ignore=shutil.ignore_patterns("derived"))
    run = Run(tmp_path / "run")
    run.__dict__["spec"] = replace(run.spec, data=replace(run.spec.data, sha256="0" * 64))
    with pytest.raises(DataError, match="has changed since"):
        open_images(run, "validation")


OWN = '''
import keras
from keras import layers

def build(image_shape, classes):
    """A convolution, batch normalization, and its activation as a layer of its own."""
    images = keras.Input(image_shape, dtype="uint8")
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Reshape((*image_shape, 1))(x)
    x = layers.Conv2D(6, 5, strides=3, use_bias=False, name="conv")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu", name="relu")(x)
    return keras.Model(images, layers.Dense(classes)(layers.Flatten()(x)))
'''


def test_a_users_own_model_is_looked_into_only_for_who_vouches_for_it(sample_path, tmp_path, as_another_user):
    (tmp_path / "own.py").write_text(OWN)
    trained = lab.train(
        f"{tmp_path}/own.py:build", dataset=str(sample_path), runs=tmp_path / "runs", epochs=1,
        execution=ExecutionOptions(report=False),
    )  # fmt: skip
    run = Run(trained.path)
    as_another_user()
    assert "trust=" in find_insight(run).document.reason
    assert not (run.derived / "insight.json").exists()
    found = find_insight(run, trust=run.spec.model_sha256)
    (layer,) = found.document.layers.items
    assert (layer.name, layer.kind, layer.activation, layer.units) == ("conv", "Conv2D", "relu", 6)
    assert layer.averaged is True
    assert found.document.filters.kind == "convolution"
    assert found.arrays["filters/weights"].shape == (6, 5, 5)
    assert isinstance(find_insight(run).document, Missing), "what lies in derived/ vouches for nothing"


def test_two_images_of_every_class_that_has_them():
    labels = np.array([0, 0, 0, 1, 2, 2])
    probabilities = np.array(
        [
            [0.5, 0.4, 0.1, 0.0], [0.9, 0.1, 0.0, 0.0], [0.1, 0.8, 0.1, 0.0], [0.3, 0.4, 0.3, 0.0],
            [0.2, 0.2, 0.6, 0.0], [0.2, 0.2, 0.6, 0.0],
        ]
    )  # fmt: skip
    rows, chosen = choose(labels, probabilities)
    assert rows.tolist() == [each.row for each in chosen] == [1, 0, 3, 4, 5]
    assert [each.kind for each in chosen] == ["sure", "unsure", "sure", "sure", "unsure"]
    assert [each.predicted for each in chosen] == [0, 0, 1, 2, 2]
