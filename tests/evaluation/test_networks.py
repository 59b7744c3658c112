"""Activations, gradients, filters and maps of networks whose answers are known, or found another way."""

import keras
import numpy as np
import pytest
from keras import layers

from fashionlab.evaluation.insight.activations import FLAT, find_taps, measure
from fashionlab.evaluation.insight.document import Units
from fashionlab.evaluation.insight.filters import first_filters
from fashionlab.evaluation.insight.gradients import on_floats, saliency
from fashionlab.evaluation.insight.maps import NOT_INSTALLED, can_embed, neighbour_embedding, principal_components
from fashionlab.evaluation.insight.occlusion import occlusion, patch_of
from fashionlab.evaluation.section import Missing
from fashionlab.models import find_architecture

SIDE, CLASSES = 8, 3


def some_images(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, SIDE, SIDE), dtype=np.uint8)


def network(*middle) -> keras.Model:
    given = x = keras.Input((SIDE, SIDE), dtype="uint8")
    x = layers.Rescaling(1 / 255)(x)
    for layer in middle:
        x = layer(x)
    return keras.Model(given, layers.Dense(CLASSES, name="logits")(x))


def dense(activation: str = "tanh", **options) -> keras.Model:
    return network(layers.Flatten(), layers.Dense(5, activation=activation, name="hidden", **options))


def convolution() -> keras.Model:
    return network(
        layers.Reshape((SIDE, SIDE, 1)), layers.Conv2D(4, 3, name="conv"), layers.BatchNormalization(),
        layers.ReLU(name="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(0.5),
        layers.Dense(6, activation="gelu", name="dense"),
    )  # fmt: skip


def smooth_convolution() -> keras.Model:
    """Without the kinks of relu and max pooling, at which a difference is no gradient."""
    return network(
        layers.Reshape((SIDE, SIDE, 1)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Activation("gelu"),
        layers.AveragePooling2D(2), layers.Flatten(), layers.Dropout(0.5),
    )  # fmt: skip


def sequential() -> keras.Model:
    model = keras.Sequential()
    for layer in (
        keras.Input((SIDE, SIDE), dtype="uint8"), layers.Rescaling(1 / 255), layers.Flatten(),
        layers.Dense(5, activation="silu", name="hidden"), layers.Dense(CLASSES),
    ):  # fmt: skip
        model.add(layer)
    return model


def with_operations() -> keras.Model:
    given = keras.Input((SIDE, SIDE), dtype="uint8")
    x = keras.ops.reshape(keras.ops.cast(given, "float32") / 255, (-1, SIDE * SIDE))
    x = layers.Dense(5, activation="tanh", name="hidden")(x)
    return keras.Model(given, layers.Dense(CLASSES)(x))


def run_over(model, images, labels=None, chosen=(0,), kept=(0,)):
    labels = np.zeros(len(images), int) if labels is None else labels
    return measure(model, find_taps(model), images, labels, CLASSES, np.array(chosen), np.array(kept))


def test_taps_are_behind_the_activation_and_without_the_logits():
    taps = find_taps(convolution())
    assert [(tap.name, tap.kind, tap.activation, tap.units, tap.averaged) for tap in taps] == [
        ("conv", "Conv2D", "relu", 4, True),
        ("dense", "Dense", "gelu", 6, False),
    ]
    assert [tap.name for tap in find_taps(sequential())] == ["hidden"]
    assert [tap.name for tap in find_taps(with_operations())] == ["hidden"]
    assert find_taps(network(layers.Flatten())) == []


def test_every_activation_of_the_catalogue_is_named():
    for activation in ("gelu", "relu", "silu", "tanh", "selu", "elu", "leaky_relu"):
        options = {"widths": (4,), "activation": activation}
        (tap,) = find_taps(find_architecture("mlp").build((SIDE, SIDE), CLASSES, options, 0))
        assert tap.activation == activation
        assert (activation in FLAT) == (activation != "leaky_relu")


@pytest.mark.parametrize("make", [dense, convolution, sequential, with_operations])
def test_measures_agree_with_all_outputs_at_once(make):
    model, images = make(), some_images(300)
    labels = np.arange(300) % CLASSES
    chosen, kept = np.array([299, 3, 255, 256]), np.array([0, 10, 280])
    for tap, found in zip(find_taps(model), run_over(model, images, labels, chosen, kept), strict=True):
        outputs = np.asarray(keras.Model(model.inputs, tap.output).predict(images, verbose=0))
        means = outputs.reshape(300, -1, tap.units).mean(axis=1)
        assert found.chosen == pytest.approx(means[chosen], abs=1e-5)
        assert found.class_means == pytest.approx(
            np.stack([means[labels == label].mean(axis=0) for label in range(CLASSES)]), abs=1e-5
        )
        assert found.largest == pytest.approx(np.abs(outputs).reshape(-1, tap.units).max(axis=0), abs=1e-5)
        if len(found.kept):
            assert found.kept == pytest.approx(means[kept], abs=1e-5)
        if tap.averaged:
            top = np.argsort(-np.abs(outputs[chosen]).mean(axis=(0, 1, 2)))
            assert found.mapped == tuple(top)
            assert found.maps == pytest.approx(outputs[chosen][..., top].transpose(0, 3, 1, 2), rel=2e-3, abs=1e-3)
        else:
            assert found.mapped == ()
        flat = FLAT[tap.activation](outputs.reshape(-1, tap.units)).mean(axis=0)
        assert found.flat == pytest.approx(flat, abs=0.01)


@pytest.mark.parametrize(
    ("activation", "bias", "dead", "saturated"),
    [
        ("relu", [-100, 0.5, -100, 9, 9], 2, 0),
        ("gelu", [-100, 0.5, -100, 9, 9], 2, 0),
        ("tanh", [0, 0.5, -9, 9, 0], 2, 2),
        ("sigmoid", [-20, 0, 20, 0, 0], 1, 1),
        ("selu", [-20, 0, 0.5, 0.5, 1], 1, 1),
        ("leaky_relu", [-20, 1, 1, 1, 1], 0, None),
        ("linear", [0, 1, 1, 1, 1], 1, None),
    ],
)
def test_dead_and_saturated_units_are_counted(activation, bias, dead, saturated):
    """With weights of 0 a unit's output is the activation of its bias, whatever the image."""
    model = dense(activation)
    kernel, _ = model.get_layer("hidden").get_weights()
    model.get_layer("hidden").set_weights([np.zeros_like(kernel), np.array(bias)])
    (found,) = run_over(model, some_images(10))
    assert found.dead == Units(dead, dead / 5)
    assert found.saturated == (None if saturated is None else Units(saturated, saturated / 5))


def test_a_unit_that_is_flat_for_nearly_all_images_is_saturated():
    model = dense("relu")
    kernel = np.zeros((SIDE * SIDE, 5))
    kernel[0] = 1
    model.get_layer("hidden").set_weights([kernel, np.full(5, -0.5)])
    images = np.zeros((100, SIDE, SIDE), np.uint8)
    images[:5, 0, 0] = 255
    (found,) = run_over(model, images)
    assert (found.dead.count, found.saturated.count) == (0, 5)
    assert found.flat_share == pytest.approx(0.95)
    images[5, 0, 0] = 255
    assert run_over(model, images)[0].saturated.count == 0


@pytest.mark.parametrize("make", [dense, smooth_convolution, sequential, with_operations])
def test_saliency_agrees_with_finite_differences_of_the_model_itself(make):
    """The model takes whole grey levels, so one level up and one down is a direct computation with it."""
    model, classes = make(), np.array([0, 2, 1])
    images = some_images(3).clip(1, 254)
    values = saliency(model, images, classes)
    assert values.dtype == np.float32
    assert values.shape == images.shape
    places = [(row, column) for row in range(SIDE) for column in range(SIDE)]
    for image, label, own in zip(images, classes, values, strict=True):
        up, down = (np.repeat(image[None], len(places), axis=0) for _ in range(2))
        for number, place in enumerate(places):
            up[(number, *place)] += 1
            down[(number, *place)] -= 1
        slopes = (np.asarray(model(up)) - np.asarray(model(down)))[:, label].reshape(SIDE, SIDE) / 2
        scale = np.abs(slopes * image).max()
        close = np.abs(own - slopes * image) <= 0.02 * scale
        assert close.all()


@pytest.mark.parametrize("side", [8, 28])
def test_occlusion_of_a_linear_model_is_what_each_square_contributes(side):
    given = keras.Input((side, side), dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(given))
    model = keras.Model(given, layers.Dense(CLASSES)(x))
    weights = np.asarray(model.layers[-1].kernel).reshape(side, side, CLASSES) / 255
    draw = np.random.default_rng(0)
    images, cover = draw.integers(0, 256, (3, side, side), np.uint8), draw.integers(0, 256, (side, side), np.uint8)
    classes = np.array([2, 0, 1])
    found = occlusion(model, images, classes, cover)
    patch, step = patch_of(side)
    assert (patch, step) == {8: (2, 1), 28: (6, 2)}[side]
    for image, label, values in zip(images, classes, found, strict=True):
        share = (image.astype(float) - cover) * weights[..., label]
        total, count = np.zeros((side, side)), np.zeros((side, side))
        for top in range(0, side - patch + 1, step):
            for left in range(0, side - patch + 1, step):
                here = slice(top, top + patch), slice(left, left + patch)
                total[here] += share[here].sum()
                count[here] += 1
        assert values == pytest.approx(total / count, abs=1e-4)
    assert occlusion(model, images[:0], classes[:0], cover).shape == (0, side, side)


def test_saliency_is_per_image_in_any_number_of_them():
    model, images = dense(), some_images(70)
    classes = np.arange(70) % CLASSES
    values = saliency(model, images, classes)
    assert saliency(model, images[66:67], classes[66:67])[0] == pytest.approx(values[66], abs=1e-6)
    assert saliency(model, images[:0], classes[:0]).shape == (0, SIDE, SIDE)
    assert (saliency(model, np.zeros_like(images[:1]), classes[:1]) == 0).all()


def test_the_model_on_floats_is_the_same_model():
    model = convolution()
    floats = on_floats(model)
    images = some_images(4)
    assert np.asarray(floats(images.astype(np.float32))) == pytest.approx(np.asarray(model(images)), abs=1e-6)
    assert all(a is b for a, b in zip(floats.trainable_variables, model.trainable_variables, strict=True))
    assert len(find_taps(model)) == 2, "and the model can be looked into still"


def test_a_network_without_a_gradient_says_so():
    given = keras.Input((SIDE, SIDE), dtype="uint8")
    x = keras.ops.cast(keras.ops.cast(given, "int32"), "float32")
    model = keras.Model(given, layers.Dense(CLASSES)(layers.Flatten()(x)))
    with pytest.raises(ValueError, match="it has no gradient there"):
        saliency(model, some_images(1), np.array([0]))


def test_filters_are_the_weights_of_each_pixel_by_their_norm():
    model = dense()
    kernel, bias = model.get_layer("hidden").get_weights()
    kernel[:, 3] *= 10
    model.get_layer("hidden").set_weights([kernel, bias])
    section, weights = first_filters(model, (SIDE, SIDE))
    assert section.units[0] == 3
    assert list(section.norms) == sorted(section.norms, reverse=True)
    assert section.norms[0] == pytest.approx(np.linalg.norm(kernel[:, 3]))
    assert (weights[0] == kernel[:, 3].reshape(SIDE, SIDE)).all()
    section, weights = first_filters(convolution(), (SIDE, SIDE))
    assert (section.kind, section.total, weights.shape) == ("convolution", 4, (4, 3, 3))
    many = network(layers.Flatten(), layers.Dense(70))
    section, weights = first_filters(many, (SIDE, SIDE))
    assert (section.total, len(section.units), len(weights)) == (70, 64, 64)


def test_filters_that_lie_on_no_grid_say_so():
    section, weights = first_filters(network(layers.Dense(3, name="by_row"), layers.Flatten()), (SIDE, SIDE))
    assert weights is None
    assert section == Missing("the weights of the first layer (by_row) do not lie on a grid of pixels")
    pooled = network(layers.Permute((2, 1)), layers.Flatten(), layers.Dense(3, name="turned"))
    assert first_filters(pooled, (SIDE, SIDE))[1] is None


@pytest.mark.parametrize("shape", [(50, 7), (5, 40), (1, 3), (4, 1)])
def test_principal_components_agree_with_scikit_learn_and_keep_their_sign(shape):
    from sklearn.decomposition import PCA

    features = np.random.default_rng(1).normal(size=shape) * np.linspace(1, 3, shape[1])
    points, shares = principal_components(features)
    assert points.shape == (shape[0], 2)
    if min(shape) > 2:
        outside = PCA(2).fit(features)
        signs = np.sign(outside.components_[np.arange(2), np.abs(outside.components_).argmax(axis=1)])
        assert points == pytest.approx(outside.transform(features) * signs, abs=1e-5)
        assert shares == pytest.approx(outside.explained_variance_ratio_)
    assert np.isfinite(points).all()
    assert 0 <= sum(shares) <= 1 + 1e-9


def test_the_neighbour_embedding_or_why_there_is_none():
    groups = np.repeat(np.eye(3) * 20, 60, axis=0) + np.random.default_rng(0).normal(size=(180, 3))
    section, points = neighbour_embedding(groups)
    if not can_embed():
        assert points is None
        assert section == Missing(NOT_INSTALLED)
        return
    assert "perplexity 30" in section.method
    from sklearn.neighbors import KNeighborsClassifier

    labels = np.repeat(np.arange(3), 60)
    assert KNeighborsClassifier(5).fit(points, labels).score(points, labels) == 1
    assert (neighbour_embedding(groups)[1] == points).all()
    assert "says nothing" in neighbour_embedding(groups[:50])[0].reason
