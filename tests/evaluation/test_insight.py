"""A run's insight: what is in it, that it agrees with Keras asked directly, and when there is none and why."""

import json
import shutil

import keras
import numpy as np
import pytest

from fashionlab import lab
from fashionlab.errors import DataError, UsageError
from fashionlab.evaluation import find_insight, open_pictures
from fashionlab.evaluation.insight.find import INSIGHT_VERSION
from fashionlab.evaluation.insight.maps import NOT_INSTALLED, can_embed
from fashionlab.evaluation.insight.tasks import choose
from fashionlab.files import write_atomically
from fashionlab.store import Ledger, Run
from fashionlab.training.network import open_network
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


def test_every_key_and_array_of_the_contract(insight, small_run):
    document, arrays = insight.document, insight.arrays
    json.dumps(document, allow_nan=False)
    assert document["available"] is True
    assert document["reason"] is None
    assert document["version"] == INSIGHT_VERSION
    assert document["n"] == 120
    assert [item["name"] for item in document["layers"]["items"]] == ["hidden_1", "hidden_2"]
    assert document["layers"]["items"][0] == {
        "name": "hidden_1", "kind": "Dense", "activation": "gelu", "units": 32, "averaged": False, "key": "layer_00",
        "dead": document["layers"]["items"][0]["dead"], "saturated": document["layers"]["items"][0]["saturated"],
        "flat_share": document["layers"]["items"][0]["flat_share"],
    }  # fmt: skip
    assert {"dead", "saturated", "flat"} == document["definitions"].keys()
    assert document["filters"]["layer"] == "hidden_1"
    assert document["filters"]["shown"] == document["filters"]["total"] == len(document["filters"]["units"]) == 32
    assert document["map"]["layer"] == "hidden_2"
    assert document["map"]["n"] == len(document["map"]["rows"]) == 120
    assert document["saliency"]["reason"] is None
    shapes = {name: (array.dtype.name, array.shape) for name, array in arrays.items() if "neighbours" not in name}
    assert shapes == {
        "chosen/pictures": ("uint8", (20, 28, 28)),
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
        "map/pictures": ("uint8", (120, 28, 28)),
        "saliency/values": ("float32", (20, 28, 28)),
    }
    assert all(np.isfinite(array).all() for array in arrays.values())
    assert (document["map"]["neighbours"]["reason"] is None) == ("map/neighbours" in arrays) == can_embed()
    assert {path.name for path in small_run.derived.iterdir()} == {"figures", "insight.json", "insight.npz"}


def test_chosen_pictures_are_those_of_the_rows(insight, small_run, sample):
    predictions = small_run.predictions
    images = sample.images[predictions["validation_rows"]]
    probabilities = softmax(predictions["validation_logits"])
    for place, chosen in enumerate(insight.document["chosen"]):
        row = chosen["row"]
        assert chosen["true"] == place // 2 == predictions["validation_labels"][row]
        assert chosen["kind"] == ("sure", "unsure")[place % 2]
        assert chosen["predicted"] == probabilities[row].argmax()
        assert chosen["confidence"] == probabilities[row].max()
        assert (insight.arrays["chosen/pictures"][place] == images[row]).all()
    assert (insight.arrays["map/pictures"] == images[insight.document["map"]["rows"]]).all()


def test_activations_agree_with_keras_asked_directly(insight, small_run, sample, model):
    predictions = small_run.predictions
    images, labels = sample.images[predictions["validation_rows"]], predictions["validation_labels"]
    for item in insight.document["layers"]["items"]:
        outputs = keras.Model(model.inputs, model.get_layer(item["name"]).output).predict(images, verbose=0)
        rows = [chosen["row"] for chosen in insight.document["chosen"]]
        assert insight.arrays[f"{item['key']}/chosen"] == pytest.approx(outputs[rows], abs=1e-5)
        means = np.stack([outputs[labels == label].mean(axis=0) for label in range(10)])
        assert insight.arrays[f"{item['key']}/class_means"] == pytest.approx(means, abs=1e-5)
        assert insight.arrays[f"{item['key']}/largest"] == pytest.approx(np.abs(outputs).max(axis=0), abs=1e-5)
        assert item["flat_share"] == pytest.approx((np.abs(outputs) <= 1e-3).mean(), abs=1e-3)
        assert item["dead"]["count"] == (np.abs(outputs).max(axis=0) <= 1e-3).sum()


def test_the_map_is_of_the_last_hidden_layer(insight, small_run, sample, model):
    from sklearn.decomposition import PCA

    images = sample.images[small_run.predictions["validation_rows"]][insight.document["map"]["rows"]]
    features = keras.Model(model.inputs, model.get_layer("hidden_2").output).predict(images, verbose=0)
    outside = PCA(2).fit(features)
    points = outside.transform(features)
    own = insight.arrays["map/pca"]
    signs = np.sign((own * points).sum(axis=0))
    assert own == pytest.approx(points * signs, abs=1e-3)
    assert insight.document["map"]["pca_share"] == pytest.approx(outside.explained_variance_ratio_, abs=1e-5)


def test_it_is_computed_once_and_anew_when_it_no_longer_fits(copied, monkeypatch):
    calls = []

    class Count:
        backend = "jax"

        def call(self, task, arguments):
            calls.append(task)
            shutil.copytree(kept, copied.derived, dirs_exist_ok=True)

    find_insight(copied)
    kept = copied.path.parent / "kept"
    shutil.copytree(copied.derived, kept)
    worker = Count()
    find_insight(copied, worker=worker)
    assert calls == []
    document = json.loads((copied.derived / "insight.json").read_text())
    for spoilt in (
        {**document, "version": INSIGHT_VERSION - 1},
        {**document, "weights": "0" * 64},
        {**document, "arrays_sha256": "0" * 64},
        {},
        [],
    ):
        write_atomically(copied.derived / "insight.json", json.dumps(spoilt).encode())
        assert find_insight(copied, worker=worker).document == document
    assert len(calls) == 5
    (copied.derived / "insight.npz").unlink()
    find_insight(copied, worker=worker)
    assert len(calls) == 6
    # What was left out for want of a library is made up for once it is there.
    lacking = {**document, "map": {**document["map"], "neighbours": {"reason": NOT_INSTALLED, "method": None}}}
    write_atomically(copied.derived / "insight.json", json.dumps(lacking).encode())
    monkeypatch.setattr("fashionlab.evaluation.insight.find.can_embed", lambda: False)
    assert find_insight(copied, worker=worker).document == lacking
    monkeypatch.setattr("fashionlab.evaluation.insight.find.can_embed", lambda: True)
    assert len(calls) == 6
    find_insight(copied, worker=worker)
    assert len(calls) == 7


def test_no_insight_opens_the_test_part(insight, small_run):
    assert [line["by"] for line in Ledger(small_run.path.parent).openings()].count(small_run.name) == 1
    assert not any("insight" in line["by"] for line in Ledger(small_run.path.parent).openings())


def test_pictures_of_a_part_in_the_order_of_its_predictions(copied, sample, sample_path):
    assert (open_pictures(copied, "validation") == sample.images[copied.predictions["validation_rows"]]).all()
    ledger = Ledger(copied.path.parent)
    assert ledger.openings() == []
    images = open_pictures(copied, "test")
    assert [line["by"] for line in ledger.openings()] == [copied.name]
    open_pictures(copied, "test")
    assert len(ledger.openings()) == 1, "the same look, already on record"
    with np.load(sample_path, allow_pickle=False) as archive:
        assert len(images) == len(copied.predictions["test_labels"]) == len(archive["y_test"])
        assert (images == archive["x_test"]).all()
        assert (copied.predictions["test_labels"] == archive["y_test"]).all()
    with pytest.raises(ValueError, match="given part 'train'"):
        open_pictures(copied, "train")


def test_a_run_that_left_the_test_part_closed_keeps_it_closed(sample_path, tmp_path):
    run = Run(
        lab.train("mlp", dataset=str(sample_path), runs=tmp_path, widths=(8,), epochs=1, report=False, test=False).path
    )
    with pytest.raises(UsageError, match="was made with the test part closed"):
        open_pictures(run, "test")
    assert Ledger(tmp_path).openings() == []


def test_a_refit_says_why_it_has_none(sample_path, tmp_path):
    trained = lab.train("mlp", dataset=str(sample_path), runs=tmp_path, widths=(8,), epochs=1, report=False, refit=True)
    found = find_insight(Run(trained.path))
    assert found.document["available"] is False
    assert "trained on the validation pictures too (a refit)" in found.document["reason"]
    assert found.arrays == {}
    with pytest.raises(UsageError, match="is a refit"):
        open_pictures(Run(trained.path), "validation")


def test_data_that_changed_are_an_error(small_run, tmp_path):
    shutil.copytree(small_run.path, tmp_path / "run", ignore=shutil.ignore_patterns("derived"))
    run = Run(tmp_path / "run")
    run.request["data"]["sha256"] = "0" * 64
    with pytest.raises(DataError, match="has changed since"):
        open_pictures(run, "validation")


OWN = '''
import keras
from keras import layers

def build(image_shape, classes):
    """A convolution, batch normalization, and its activation as a layer of its own."""
    pictures = keras.Input(image_shape, dtype="uint8")
    x = layers.Rescaling(1 / 255)(pictures)
    x = layers.Reshape((*image_shape, 1))(x)
    x = layers.Conv2D(6, 5, strides=3, use_bias=False, name="conv")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu", name="relu")(x)
    return keras.Model(pictures, layers.Dense(classes)(layers.Flatten()(x)))
'''


def test_a_users_own_model_is_looked_into_only_for_who_vouches_for_it(sample_path, tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    trained = lab.train(
        f"{tmp_path}/own.py:build", dataset=str(sample_path), runs=tmp_path / "runs", epochs=1, report=False
    )
    run = Run(trained.path)
    refused = find_insight(run)
    assert refused.document["available"] is False
    assert "--trust" in refused.document["reason"]
    assert not (run.derived / "insight.json").exists()
    found = find_insight(run, trust=run.request["model_sha256"])
    (item,) = found.document["layers"]["items"]
    assert (item["name"], item["kind"], item["activation"], item["units"]) == ("conv", "Conv2D", "relu", 6)
    assert item["averaged"] is True
    assert found.document["filters"]["kind"] == "convolution"
    assert found.arrays["filters/weights"].shape == (6, 5, 5)
    assert find_insight(run).document["available"] is False, "what lies in derived/ vouches for nothing"


def test_two_pictures_of_every_class_that_has_them():
    labels = np.array([0, 0, 0, 1, 2, 2])
    probabilities = np.array(
        [
            [0.5, 0.4, 0.1, 0.0], [0.9, 0.1, 0.0, 0.0], [0.1, 0.8, 0.1, 0.0], [0.3, 0.4, 0.3, 0.0],
            [0.2, 0.2, 0.6, 0.0], [0.2, 0.2, 0.6, 0.0],
        ]
    )  # fmt: skip
    rows, kinds = choose(labels, probabilities)
    assert rows.tolist() == [1, 0, 3, 4, 5]
    assert kinds == ["sure", "unsure", "sure", "sure", "unsure"]
