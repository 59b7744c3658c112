"""Models of one's own: what people bring, taken as it is and found out by what it does."""

import random
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

from fashionlab.errors import UsageError
from fashionlab.models.own.build import build_found, examine
from fashionlab.models.own.source import Form, Head, OwnSource
from fashionlab.models.own.task import Task
from fashionlab.models.registry import find_architecture, function_architecture, own_architecture

SHAPE, CLASSES = (8, 8), 3
IMAGES = np.random.default_rng(3).integers(0, 256, (5, *SHAPE), dtype=np.uint8)


def answer(model, images=IMAGES):
    return ops.convert_to_numpy(model(images, training=False))


def build(make, seed=0):
    """What was found of a model, the sentences, and the model as it is trained."""
    task = Task(make, SHAPE, CLASSES, "mine.py")
    found, notes = examine(task)
    return found, notes, build_found(task, seed, found, to_train=True)


class Plain(keras.Model):
    """A subclass whose call takes the images alone."""

    def __init__(self, *parts):
        super().__init__()
        self.parts = parts

    def call(self, x):
        for part in self.parts:
            x = part(x)
        return x


class FloatsAlone(layers.Layer):
    """As TensorFlow's division, which takes no whole numbers by a float."""

    def call(self, x):
        assert "int" not in str(x.dtype)
        return x / 255.0


def dense(*shape, last=None):
    return lambda: keras.Sequential(
        [keras.Input(shape), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(CLASSES, activation=last)]
    )


def convolution(*first):
    return lambda: keras.Sequential(
        [*first, layers.Rescaling(1 / 255), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(CLASSES)]
    )


FORMS = {
    "as they are": (dense(8, 8), Form()),
    "a channel": (dense(8, 8, 1), Form((8, 8, 1))),
    "a channel, any size": (
        lambda: keras.Sequential(
            [keras.Input((None, None, 1)), layers.Conv2D(2, 3), layers.GlobalMaxPooling2D(), layers.Dense(CLASSES)]
        ),
        Form((8, 8, 1)),
    ),
    "three channels": (dense(8, 8, 3), Form((8, 8, 1), copies=3)),
    "flat": (dense(64), Form((64,))),
    "a channel that the first layer wants": (convolution(), Form((8, 8, 1))),
    "floats that the first layer wants": (
        lambda: Plain(FloatsAlone(), layers.Flatten(), layers.Dense(CLASSES)),
        Form(as_float=True),
    ),
    "a subclass": (lambda: Plain(layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(CLASSES)), Form()),
    "a name": (
        lambda: keras.Model(
            {"image": (i := keras.Input(SHAPE, name="image"))}, {"class": layers.Dense(CLASSES)(layers.Flatten()(i))}
        ),
        Form(),
    ),
}


@pytest.mark.parametrize("case", FORMS)
def test_images_are_given_in_the_form_that_the_model_takes(case):
    make, form = FORMS[case]
    found, notes, model = build(make)
    assert found.form == form
    assert any("is given the images" in note for note in notes) == (form != Form())
    assert model.inputs[0].shape == (None, *SHAPE)
    logits = answer(model)
    assert logits.shape == (5, CLASSES)
    # The same numbers as when it is given them by hand.
    alone = make()
    shaped = IMAGES.astype(np.float32)
    if form.shape:
        shaped = np.repeat(shaped.reshape(-1, *form.shape), form.copies, axis=-1)
    alone(shaped)
    for mine, its in zip(alone.weights, model.weights, strict=True):
        mine.assign(its)
    found = alone(shaped)
    np.testing.assert_allclose(next(iter(found.values())) if isinstance(found, dict) else found, logits, atol=2e-4)


def test_a_channel_model_can_be_looked_into_layer_by_layer():
    from fashionlab.evaluation.insight.activations import find_taps, measure

    _, _, model = build(convolution(keras.Input((8, 8, 1))))
    (tap,) = find_taps(model)
    (outputs,) = measure(model, [tap], IMAGES, np.zeros(5, int), CLASSES, np.arange(2), np.arange(2))
    assert outputs.chosen.shape == (2, 2)


class Inner(layers.Layer):
    """A softmax that no layer's name and no activation tells of."""

    def call(self, x):
        e = ops.exp(x - ops.max(x, axis=-1, keepdims=True))
        return e / ops.sum(e, axis=-1, keepdims=True)


HEADS = {
    "linear": (dense(8, 8), "logits"),
    "log_softmax": (dense(8, 8, last="log_softmax"), "logits"),
    "activation": (dense(8, 8, last="softmax"), "activation"),
    "a function": (dense(8, 8, last=lambda x: ops.softmax(x)), "activation"),
    "a layer": (lambda: keras.Sequential([*dense(8, 8)().layers, layers.Softmax()]), "shortened"),
    "an operation": (
        lambda: keras.Model(i := keras.Input(SHAPE), ops.softmax(layers.Dense(CLASSES)(layers.Flatten()(i)))),
        "shortened",
    ),
    "in a subclass": (lambda: Plain(layers.Flatten(), layers.Dense(CLASSES, activation="softmax")), "activation"),
    "of its own making": (lambda: Plain(layers.Flatten(), layers.Dense(CLASSES), Inner()), "probabilities"),
    "zeros": (
        lambda: keras.Sequential(
            [keras.Input(SHAPE), layers.Flatten(), layers.Dense(CLASSES, kernel_initializer="zeros")]
        ),
        "logits",
    ),
}


@pytest.mark.parametrize("case", HEADS)
def test_what_a_model_gives_is_found_by_behaviour(case):
    make, gives = HEADS[case]
    found, notes, model = build(make)
    assert found.head.gives == gives
    assert any("softmax" in note or "probabilities" in note for note in notes) == (gives != "logits")
    if gives != "logits":
        alone = make()
        alone(IMAGES)
        for mine, its in zip(alone.weights, model.weights, strict=True):
            mine.assign(its)
        np.testing.assert_allclose(ops.softmax(answer(model)), alone(IMAGES), atol=1e-6)


def values(model):
    return [ops.convert_to_numpy(w.value) for w in model.weights]


def brought(frozen=False):
    def make():
        model = keras.Sequential(
            [keras.Input(SHAPE), layers.Flatten(), layers.Dense(4, name="body"), layers.Dense(CLASSES, name="head")]
        )
        body = model.get_layer("body")
        body.set_weights([np.arange(256.0).reshape(64, 4), np.arange(4.0)])
        body.trainable = not frozen
        return model

    return make


@pytest.mark.parametrize("frozen", [False, True])
def test_weights_that_were_brought_stay_and_the_others_follow_the_seed(frozen):
    found, notes, first = build(brought(frozen))
    assert any("2 of the model's 4 weight arrays (260 numbers) come with it" in note for note in notes)
    _, _, other = build(brought(frozen), seed=7)
    same = [bool((a == b).all()) for a, b in zip(values(first), values(other), strict=True)]
    assert same == [True, True, False, True], "of the head the kernel alone"
    assert (first.get_layer("body").kernel == np.arange(256.0).reshape(64, 4)).all()
    with pytest.raises(UsageError, match="brings along are not those that were examined"):
        build_found(Task(dense(8, 8), SHAPE, CLASSES, "mine.py"), 0, replace_drawn(found), to_train=True)


def replace_drawn(found):
    from msgspec.structs import replace

    return replace(found, drawn=(0,))


def test_a_build_that_fixes_its_seed_is_found_and_said():
    def make():
        # As keras.utils.set_random_seed does, which would import TensorFlow here.
        random.seed(42)
        return dense(8, 8)()

    found, notes, model = build(make)
    assert found.drawn == ()
    assert "all seeds start from the same weights" in notes
    np.testing.assert_array_equal(values(model)[0], values(make())[0])


def test_what_is_not_used_is_said():
    class Own(Plain):
        def train_step(self, data):
            raise NotImplementedError

    def make():
        model = Own(layers.Flatten(), layers.Dense(CLASSES))
        model.compile("sgd", "mse")
        return model

    _, notes, _ = build(make)
    text = "\n".join(notes)
    assert "compiled with are not used" in text
    assert "the model's train_step" in text
    assert "Rescaling(1 / 255)" in text, "numbers up to 255 reach the dense layer"
    assert build(dense(8, 8))[1] == ()
    assert keras.config.dtype_policy().name == "float32"


NET = """
import json
from pathlib import Path
import keras
import numpy as np
from keras import layers
from blocks import block
from parts.deeper import WIDTH

def build(image_shape, classes):
    from parts import late
    width = json.loads(Path("sizes.json").read_text())["width"]
    library = Path(".venv/lib/site-packages/data.txt")
    library.exists() and library.read_text()
    model = keras.Sequential([keras.Input(image_shape), layers.Flatten(), block(width), layers.Dense(classes)])
    model(np.zeros((1, *image_shape)))
    model.layers[1].set_weights([np.load(Path(__file__).parent / "w.npy"), np.zeros(WIDTH)])
    return model
"""


@pytest.mark.usefixtures("execute_model_files")
def test_what_a_model_file_needs_from_its_folder_goes_with_it(tmp_path):
    from fashionlab.training.tasks import ExamineArguments, examine_own

    home = tmp_path / "home"
    (home / "parts").mkdir(parents=True)
    (home / "net.py").write_text(NET)
    (home / "blocks.py").write_text("from keras import layers\ndef block(width): return layers.Dense(width)\n")
    (home / "parts" / "__init__.py").write_text("")
    (home / "parts" / "deeper.py").write_text("WIDTH = 2\n")
    (home / "parts" / "late.py").write_text("")
    (home / "sizes.json").write_text('{"width": 2}')
    # What is installed beside the file is not the model's.
    (home / ".venv" / "lib" / "site-packages").mkdir(parents=True)
    (home / ".venv" / "lib" / "site-packages" / "data.txt").write_text("")
    (home / "unused.py").write_text("raise SystemExit('executed')")
    np.save(home / "w.npy", np.full((64, 2), 0.5) + np.eye(64, 2))
    name, here = f"{home / 'net.py'}:build", Path.cwd()
    facts = examine_own(ExamineArguments(name, find_architecture(name).source, None, True, {}, 8, CLASSES), None)
    wanted = {"blocks.py", "parts/__init__.py", "parts/deeper.py", "parts/late.py", "sizes.json", "w.npy"}
    assert set(facts.source.files) == wanted
    assert any(note.startswith("kept with the run") for note in facts.notes)
    assert facts.source.sha256 != OwnSource(facts.source.main).sha256
    assert Path.cwd() == here
    # Elsewhere, and with the folder gone.
    home.rename(tmp_path / "gone")
    model = own_architecture(name, facts.source, facts.found).build(SHAPE, CLASSES, {}, 0)
    assert ops.convert_to_numpy(model.layers[1].kernel)[0].tolist() == [1.5, 0.5]
    # What was not kept is not there.
    less = OwnSource(facts.source.main, {k: v for k, v in facts.source.files.items() if k != "sizes.json"})
    with pytest.raises(UsageError, match=r"No such file.*folder of the model file"):
        own_architecture(name, less, facts.found).build(SHAPE, CLASSES, {}, 0)


@pytest.mark.usefixtures("execute_model_files")
def test_what_a_file_draws_while_it_is_read_is_the_same_each_time(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(
        "import keras\nimport numpy as np\nfrom keras import layers\nKERNEL = np.random.normal(size=(64, 3))\n"
        "def build(image_shape, classes):\n    head = layers.Dense(classes)\n"
        "    model = keras.Sequential([keras.Input(image_shape), layers.Flatten(), head])\n"
        "    head.set_weights([KERNEL, np.zeros(3)])\n    return model\n"
    )
    found, notes = find_architecture(str(file)).examine(SHAPE, CLASSES, {})
    assert "all seeds start from the same weights" in notes
    source = find_architecture(str(file)).source
    own_architecture(str(file), source, found).build(SHAPE, CLASSES, {}, 5)


@pytest.mark.usefixtures("execute_model_files")
def test_a_class_in_the_place_of_a_function_is_told_what_to_write(tmp_path):
    file = tmp_path / "net.py"
    file.write_text("import keras\nclass Net(keras.Model):\n    pass\n")
    with pytest.raises(UsageError, match=r"Net of model file net.py is a class, .*classes\): return Net\(...\)"):
        find_architecture(f"{file}:Net").examine(SHAPE, CLASSES, {})


@pytest.mark.parametrize("name", ["../x.py", "/etc/x", "a/../../b", ""])
def test_no_file_of_a_model_lies_outside_its_folder(name):
    with pytest.raises(ValueError, match="no name of a file"):
        OwnSource(b"", {name: b""})


def test_a_head_that_is_not_the_models_is_refused():
    from fashionlab.models.own.outputs import with_logits

    with pytest.raises(UsageError, match="not the one that was examined"):
        with_logits(dense(8, 8)(), Head("activation", 99))


def test_a_function_is_kept_as_its_text_with_what_it_uses(monkeypatch):
    import linecache

    cells = {
        "<cell 1>": "import keras\nfrom keras import layers as kl\nfrom keras.layers import Dense\nWIDTH = 2\n",
        "<cell 2>": (
            "class Scale(kl.Layer):\n    def call(self, x):\n        return x / SCALE\n"
            "def head(classes):\n    return Dense(classes)\nSCALE = 255.0\n"
        ),
        "<cell 3>": (
            "def build(image_shape, classes, *, width=WIDTH):\n    import numpy as np\n    assert np.ones(1)[0] == 1\n"
            "    x = [Scale(), kl.Flatten(), kl.Dense(width), head(classes)]\n"
            "    return keras.Sequential([keras.Input(image_shape), *x])\n"
        ),
        "<cell 4>": "import numpy\nTABLE = numpy.zeros(3)\ndef reads(image_shape, classes):\n    return TABLE\n",
    }
    names = {"__name__": "a_notebook", "x": np.zeros(3)}
    for name, text in cells.items():
        monkeypatch.setitem(linecache.cache, name, (len(text), None, text.splitlines(keepends=True), name))
        exec(compile(text, name, "exec"), names)
    architecture = function_architecture(names["build"])
    text = architecture.source.main.decode()
    assert architecture.name == "build.py:build"
    assert text.index("SCALE = 255.0") < text.index("class Scale") < text.index("def build")
    alone = {}
    exec(text, alone)
    assert build(lambda: alone["build"](SHAPE, CLASSES))[2].count_params() == 64 * 2 + 2 + 2 * CLASSES + CLASSES
    with pytest.raises(UsageError, match=r"uses TABLE \(ndarray\) from around it, which cannot be kept as text"):
        function_architecture(names["reads"])
    for other in (5, lambda image_shape, classes: None, dense(8, 8)(), np.zeros):
        with pytest.raises(UsageError, match="as a model, expected a function that builds a Keras model"):
            function_architecture(other)
