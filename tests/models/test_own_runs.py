"""Runs of models of one's own, from the command's words to the page: in worker processes, on both backends."""

import importlib.util
import shutil

import msgspec
import numpy as np
import pytest

from fashionlab import lab
from fashionlab.errors import RunCorrupt, UntrustedModel, UsageError
from fashionlab.lab.data import keep_arrays
from fashionlab.store import Run
from fashionlab.training.architectures import architecture_of

QUIET = lab.ExecutionOptions(report=False)
SETTINGS = {"epochs": 1, "batch_size": 64, "test": False}

TUTORIAL = """
import keras
import tensorflow as tf
from sizes import WIDTH

class Tutorial(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.conv = keras.layers.Conv2D(WIDTH, 3, activation=tf.nn.relu)
        self.out = keras.layers.Dense(classes)

    def call(self, x):
        x = self.conv(tf.cast(x, tf.float32)[..., tf.newaxis] / 255.0)
        return tf.nn.softmax(self.out(tf.reduce_max(x, axis=[1, 2])))

def build(image_shape, classes):
    return Tutorial(classes)
"""


def test_arrays_in_memory_are_data(tmp_path, sample):
    first = keep_arrays((sample.images[:300], sample.labels[:300]), tmp_path)
    assert keep_arrays([sample.images[:300], sample.labels[:300]], tmp_path) == first
    loaded = lab.load(str(first))
    assert len(loaded.labels) <= 300
    assert loaded.images.dtype == np.uint8
    with pytest.raises(UsageError, match=r"type ndarray as data, expected what load gives, or \(images, labels\)"):
        lab.train("mlp", data=sample.images, runs=tmp_path)
    with pytest.raises(UsageError, match="no numbers or texts"):
        keep_arrays((sample.images[:2], np.array([{}, {}])), tmp_path)


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow")
def test_a_model_of_tensorflows_functions_trains_there_and_is_opened_elsewhere(
    tmp_path, sample_path, capfd, as_another_user
):
    home = tmp_path / "home"
    home.mkdir()
    (home / "net.py").write_text(TUTORIAL)
    (home / "sizes.py").write_text("WIDTH = 2\n")
    data = {"dataset": str(sample_path), "runs": tmp_path / "runs", "execution": QUIET}
    run = lab.train(str(home / "net.py"), **data, **SETTINGS)
    said = capfd.readouterr().err
    assert "the loss works on their logarithms" in said
    assert "kept with the run, beside the model file: sizes.py" in said
    spec = msgspec.json.decode((run.path / "recipe.json").read_bytes())
    assert (spec["backend"], spec["trainer"]) == ("tensorflow", "tape")
    moved = tmp_path / "elsewhere" / run.path.name
    shutil.copytree(run.path, moved)
    shutil.rmtree(home)
    as_another_user()
    sha256 = spec["model_sha256"]
    with pytest.raises(UntrustedModel, match=rf"model.py and .*model beside it.*trust='{sha256[:12]}'"):
        architecture_of(Run(moved))
    images = lab.load(str(sample_path)).images[:3]
    probabilities = lab.open_run(moved, trust=sha256[:12]).predict(images)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    # Another helper is another model, for which nobody has vouched; so is one file more.
    for name, content in {"sizes.py": "WIDTH = 2  # and more\n", "keras.py": ""}.items():
        other = tmp_path / "others" / name / run.path.name
        shutil.copytree(moved, other)
        (other / "model" / name).write_text(content)
        with pytest.raises(RunCorrupt, match="is not what the run was trained with"):
            architecture_of(Run(other), sha256)
