"""Runs of models of one's own, from the command's words to the page: in worker processes, on both backends."""

import importlib.util
import shutil
from contextlib import ExitStack

import msgspec
import numpy as np
import pytest

from fashionlab import lab
from fashionlab.errors import DataInvalid, RunCorrupt, UntrustedModel, UsageError
from fashionlab.lab.data import keep_arrays
from fashionlab.reports.run.sections.made import trainer_line
from fashionlab.store import Run
from fashionlab.training.architectures import architecture_of

pytestmark = pytest.mark.usefixtures("undrawn")

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
    undo = ExitStack()
    first = keep_arrays((sample.images[:300], sample.labels[:300]), tmp_path, undo)
    undo.pop_all()
    assert keep_arrays([sample.images[:300], sample.labels[:300]], tmp_path, undo) == first
    undo.close()
    loaded = lab.load(str(first))
    assert len(loaded.labels) <= 300
    assert loaded.images.dtype == np.uint8
    with pytest.raises(UsageError, match=r"type ndarray as data, expected what load gives, or \(images, labels\)"):
        lab.train("mlp", data=sample.images, runs=tmp_path)
    with pytest.raises(UsageError, match=r"a path or a name goes to dataset: dataset='images.npz'"):
        lab.train("mlp", data="images.npz", runs=tmp_path)
    with pytest.raises(DataInvalid, match=r"^data: training images are float64 from -1 to 0; .* or stretch=True"):
        lab.train("mlp", data=(sample.images[:300] / 255 - 1, sample.labels[:300]), runs=tmp_path)
    with pytest.raises(UsageError, match="dropuot"):
        lab.train("mlp", data=(sample.images[:200], sample.labels[:200]), dropuot=0, runs=tmp_path / "other")
    # What was refused is not kept, and what a run may need is.
    assert list(tmp_path.rglob("*")) == [first.parent, first]
    with pytest.raises(UsageError, match="no numbers or texts"):
        keep_arrays((sample.images[:2], np.array([{}, {}])), tmp_path, undo)


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
    assert "trained on TensorFlow, as the model runs there alone: " in said
    assert trainer_line(Run(run.path).spec) == "tape on tensorflow, the one backend on which the model runs"
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


def test_help_shows_the_options_of_ones_own_model_and_stands_without_them(tmp_path, ask):
    (tmp_path / "net.py").write_text(
        "from typing import Annotated\nfrom msgspec import Meta\n"
        "def build(image_shape, classes, blocks, *, rate: Annotated[float, Meta(ge=0, description='left out.')] = "
        "0.5):\n"
        "    '''A network of mine.'''\n"
    )
    status, out, _ = ask("train", "net.py", "--help")
    text = " ".join(out.split())
    assert status == 0
    assert "Model net.py: A network of mine: --blocks VALUE a value [required] --rate VALUE left out: a number" in text
    assert "--batch-size VALUE" in text
    text = " ".join(ask("train", "net.py:bild", "--help")[1].split())
    assert "Its options cannot be shown: model file net.py has no function 'bild'; it has build; did you mean" in text
    assert "--batch-size VALUE" in text
    assert "did you mean net.py?" in ask("train", "nte.py")[2]
