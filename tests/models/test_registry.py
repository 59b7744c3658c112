"""The registry, and models of one's own."""

import random
from pathlib import Path

import numpy as np
import pytest

from fashionlab.errors import UsageError
from fashionlab.models import CONVOLUTIONAL, NETWORKS, find_architecture
from fashionlab.models.drawing import uniform_floats, without_compiling

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "small_cnn.py"


@pytest.mark.parametrize("name", NETWORKS)
def test_every_model_maps_images_of_any_size_to_logits(name):
    import keras

    architecture = find_architecture(name)
    assert architecture.description.endswith(".")
    assert all(setting.description for setting in architecture.options.values())
    for side, classes in ((28, 10), (8, 3)):
        model = architecture.build((side, side), classes, {}, seed=0)
        images = np.random.default_rng(0).integers(0, 256, (5, side, side), dtype=np.uint8)
        logits = keras.ops.convert_to_numpy(model(images))
        assert logits.shape == (5, classes)
        assert logits.dtype == np.float32
        # Probabilities, of a softmax or of sigmoids, are never below 0, log-probabilities never above.
        assert logits.min() < 0 < logits.max()


def test_the_reference_network_is_the_notebooks():
    model = find_architecture("mlp").build((28, 28), 10, {}, seed=0)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == [
        "InputLayer", "Rescaling", "Flatten",
        "Dense", "BatchNormalization", "Dropout",
        "Dense", "BatchNormalization", "Dropout",
        "Dense", "Dropout",
        "Dense",
    ]  # fmt: skip
    assert [layer.units for layer in model.layers if "Dense" in type(layer).__name__] == [384, 256, 128, 10]
    assert model.count_params() == 436_746
    assert model.get_layer("hidden_1").activation.__name__ == "gelu"


def test_initial_weights_are_a_function_of_the_seed_and_nobodys_random_state_is_touched():
    architecture = find_architecture("mlp")

    def weights(seed):
        return [np.asarray(w) for w in architecture.build((8, 8), 3, {"widths": (6,)}, seed).weights]

    random.seed(5)
    before = random.getstate()
    first, again, other = weights(1), weights(1), weights(2)
    assert random.getstate() == before
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("shape", [(), (7,), (3, 3, 32, 64), (250, 140)])
def test_weights_drawn_without_compiling_have_the_bits_that_jax_gives_them(shape):
    import jax

    for seed, limit in ((5, 0.0716), (2**31 - 1, 1.5)):
        key = jax.numpy.asarray([seed, 0], "uint32")
        theirs = jax.random.uniform(key, shape, "float32", -limit, limit)
        np.testing.assert_array_equal(uniform_floats(np.asarray(key), shape, -limit, limit), theirs)
        with without_compiling():
            ours = jax.random.uniform(key, shape, "float32", -limit, limit)
            other = jax.random.uniform(jax.random.key(seed), shape)
        assert isinstance(ours, jax.Array)
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(other, jax.random.uniform(jax.random.key(seed), shape))


def test_a_layer_more_or_less_leaves_the_other_layers_initial_weights_as_they_are():
    def weights(**options):
        model = find_architecture("mlp").build((8, 8), 3, {"widths": (6, 5), **options}, 1)
        return {w.path: np.asarray(w) for w in model.weights}

    with_all, without = weights(), weights(dropout=0, norm="none")
    assert without.keys() < with_all.keys()
    assert all((with_all[path] == array).all() for path, array in without.items())
    assert (with_all["hidden_1/kernel"][:5, :5] != with_all["hidden_2/kernel"][:5, :5]).all()


@pytest.mark.usefixtures("execute_model_files")
def test_initial_weights_do_not_depend_on_what_was_built_before(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import keras\nfrom keras import layers, initializers\ndef build(s, c):\n    i = keras.Input(s)\n"
        "    x = layers.Dense(4)(layers.Dense(4)(layers.Flatten()(i)))\n"
        "    x = layers.Dense(4, kernel_initializer=initializers.HeNormal(seed=7))(x)\n"
        "    return keras.Model(i, layers.Dense(c)(x))"
    )
    first, second, other = (find_architecture(str(file)).build((8, 8), 3, {}, seed).weights for seed in (0, 0, 1))
    assert first[0].path != second[0].path, "Keras counts on, and the weights must not notice"
    assert all((np.asarray(a) == np.asarray(b)).all() for a, b in zip(first, second, strict=True))
    same = [(np.asarray(a) == np.asarray(b)).all() for a, b in zip(first, other, strict=True)]
    # Biases start at 0, and the third layer's author chose its seed.
    assert same == [False, True, False, True, True, True, False, True]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_catalogue_knows_which_networks_convolve(name):
    from fashionlab.training.networks import has_convolutions

    model = find_architecture(name).build((28, 28), 10, {}, 0)
    assert has_convolutions(model) == (name in CONVOLUTIONAL)


@pytest.mark.parametrize(("name", "count"), [("mlp", 436_746), ("cnn", 242_602), ("resnet", 697_514)])
def test_parameters_are_as_many_as_the_docstring_says(name, count):
    architecture = find_architecture(name)
    assert architecture.build((28, 28), 10, {}, 0).count_params() == count
    assert f"{count:,} parameters" in architecture.builder.__doc__


def test_a_cnn_says_which_options_do_not_fit():
    build = find_architecture("cnn").build
    with pytest.raises(UsageError, match="given 2 numbers for 3 stages, expected one number or 3"):
        build((28, 28), 10, {"depth": (1, 2)}, 0)
    with pytest.raises(UsageError, match="3 stages halve the sides 3 times, which images of 7x7"):
        build((7, 7), 10, {}, 0)


def test_options_change_the_network():
    build = find_architecture("mlp").build
    plain = build((8, 8), 3, {"widths": (6, 5), "norm": "none", "dropout": 0}, 0)
    assert [type(layer).__name__ for layer in plain.layers] == [
        "InputLayer", "Rescaling", "Flatten", "Dense", "Dense", "Dense",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="given 3 rates for 2 hidden layers, expected one rate or 2"):
        build((8, 8), 3, {"widths": (6, 5), "dropout": (0.1, 0.2, 0.3)}, 0)


@pytest.mark.usefixtures("execute_model_files")
def test_the_example_of_an_own_model_builds_with_its_options():
    architecture = find_architecture(f"{EXAMPLE}:build")
    assert list(architecture.options) == ["filters", "dropout"]
    assert architecture.fill({"filters": "4"}) == {"filters": (4,), "dropout": 0.3}
    model = architecture.build((8, 8), 3, {"filters": "4,8"}, 0)
    assert model.output_shape == (None, 3)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("def build(image_shape, classes):\n    return 7", "returned int, expected a keras.Model"),
        ("def other(): ...", r"has no function 'build'; it has other: name one of them, such as mine.py:other"),
        ("def biuld(s, c): ...\ndef _helper(): ...", r"it has biuld; did you mean mine.py:biuld\?"),
        ("", r"has no function 'build'; expected def build\(image_shape, classes\), which returns a keras.Model"),
        (
            "def build(): ...",
            r"build of model file mine.py takes no arguments by place, and is given two, .*; write def",
        ),
        ("def build(image_shape, classes):\n    7", "returned nothing: its function needs a return"),
        ("def build(s, c, width): ...", "model '.*mine.py' needs width, a value"),
        ("import nowhere_at_all", r"failed when it was read \(mine.py, line 1\): ModuleNotFoundError"),
        (
            "def build(s, c):\n    raise ValueError('\\x1b[1mall\\n\\nwrong\\x1b[0m')",
            r"cannot be built \(mine.py, line 2\): ValueError: all wrong$",
        ),
        (
            "import keras\ndef build(s, c):\n    i = keras.Input(s)\n"
            "    return keras.Model(i, keras.layers.Dense(c, activation='sigmoid')(keras.layers.Flatten()(i)))",
            "a sigmoid.*remove the last activation",
        ),
        ("import sys; sys.exit('bye')", r"failed when it was read \(mine.py, line 1\): SystemExit"),
        ("def build(s, c, *, width: Nowhere = 3): ...", r"failed when it was read \(mine.py, line 1\): NameError"),
        (
            "from __future__ import annotations\ndef build(s, c, *, width: Nowhere = 3): ...",
            "cannot read the annotations of build",
        ),
        (
            "import keras\ndef build(s, c):\n    i = keras.Input((5, 5))\n"
            "    return keras.Model(i, keras.layers.Dense(c)(keras.layers.Flatten()(i)))",
            r"does not take images uint8 \[n, 8, 8\]",
        ),
        (
            "import keras\ndef build(s, c):\n    i = keras.Input(s)\n"
            "    return keras.Model(i, keras.layers.Dense(c + 1)(keras.layers.Flatten()(i)))",
            r"gives outputs of shape \(None, 4\), expected \(None, 3\)",
        ),
    ],
)
@pytest.mark.usefixtures("execute_model_files")
def test_a_model_that_breaks_the_contract_is_told_how(tmp_path, body, message):
    file = tmp_path / "mine.py"
    file.write_text(body)
    with pytest.raises(UsageError, match=message):
        find_architecture(str(file)).build((8, 8), 3, {}, 0)


@pytest.mark.usefixtures("execute_model_files")
def test_an_own_model_may_use_dataclasses_and_string_annotations(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Options:\n    width: int = 3\n"
        "def build(s, c, *, width: int = 3, filters=(16, 32), rate: float = 0): ...\n"
    )
    architecture = find_architecture(str(file))
    assert architecture.fill({"width": "5", "filters": "8,16"}) == {"width": 5, "filters": (8, 16), "rate": 0.0}


def test_finding_an_own_model_does_not_execute_it(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("raise SystemExit('executed')")
    assert len(find_architecture(f"{file}:build").source_sha256) == 64
