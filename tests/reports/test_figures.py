"""The figures say what the data say: artists are checked, not pixels."""

import math

import numpy as np
import pytest

from fashionlab.reports import figures

RANDOM = np.random.default_rng(0)


def history(epochs=6, validation=True):
    steps = np.arange(1, epochs + 1)
    val = 0.4 + 0.02 * (steps - 3.0) ** 2 if validation else np.full(epochs, math.nan)
    return {
        "epoch": list(steps), "loss": list(1 / steps), "accuracy": list(1 - 0.4 / steps),
        "val_loss": list(val), "val_accuracy": list(0.9 - val / 10),
    }  # fmt: skip


def texts(figure):
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
        found += [tick.get_text() for tick in axes.get_yticklabels() + axes.get_xticklabels()]
        if axes.get_legend():
            found += [text.get_text() for text in axes.get_legend().get_texts()]
    return found


def curve(axes, name):
    return next(line for line in axes.lines if line.get_gid() == name)


def test_learning_curves_show_both_losses_and_both_accuracies_and_mark_the_best_epoch():
    data = history()
    figure = figures.learning_curves(data)
    loss, accuracy = figure.axes
    assert list(curve(loss, "training").get_ydata()) == data["loss"]
    assert list(curve(loss, "validation").get_ydata()) == data["val_loss"]
    assert curve(accuracy, "training").get_ydata() == pytest.approx(100 * np.array(data["accuracy"]))
    assert curve(accuracy, "validation").get_ydata() == pytest.approx(100 * np.array(data["val_accuracy"]))
    for axes in (loss, accuracy):
        assert list(curve(axes, "best").get_xdata()) == [3]
        assert axes.collections, "the generalization gap is shaded"
    assert "Validation loss is lowest at epoch 3 (0.400)" in texts(figure)
    assert loss.get_ylabel() == "loss (nats)"
    assert accuracy.get_ylabel() == "accuracy (%)"


@pytest.mark.parametrize("epochs", [1, 2])
def test_learning_curves_of_hardly_any_epochs(epochs, tmp_path):
    figures.save(figures.learning_curves(history(epochs)), tmp_path, "curves")


def test_learning_curves_without_validation_have_one_curve_each():
    figure = figures.learning_curves(history(validation=False))
    for axes in figure.axes:
        assert {line.get_gid() for line in axes.lines} == {"training"}
    assert any("without validation" in text for text in texts(figure))


@pytest.mark.parametrize("bad", [{"loss": [1.0]}, {name: [] for name in history()}])
def test_learning_curves_of_ragged_or_no_columns_are_refused(bad):
    with pytest.raises(ValueError, match="columns of lengths"):
        figures.learning_curves({**history(), **bad})


@pytest.mark.parametrize("classes", [2, 10, 26])
def test_a_confusion_matrix_shows_its_counts_and_leaves_zeros_blank(classes):
    counts = np.diag(np.arange(50, 50 + classes))
    counts[0, 1] = 7
    names = [f"class {i}" for i in range(classes)]
    figure = figures.confusion_figure(counts, names, "Confusion matrix, test part")
    said = texts(figure)
    assert "Confusion matrix, test part" in said
    assert any("class 0 taken for class 1 (7 of 57)" in text for text in said)
    for name in names:
        assert name in said
    if classes <= 10:
        assert "7" in said
        assert "0" not in said


@pytest.mark.parametrize(
    ("counts", "names"), [([[1, 2]], "ab"), ([[1, -1], [0, 1]], "ab"), ([[1, 0], [0, 1]], "abc"), ([], "")]
)
def test_a_confusion_matrix_that_does_not_fit_is_refused(counts, names):
    with pytest.raises(ValueError, match="given"):
        figures.confusion_figure(counts, list(names), "title")


def test_a_sample_grid_has_a_row_a_class_with_its_name_beside_it():
    images = RANDOM.integers(0, 256, (50, 8, 8), dtype=np.uint8)
    labels = np.arange(50) % 5
    figure = figures.sample_grid(images, labels, list("abcde"), per_class=4)
    axes = figure.axes[0]
    low, high = sorted(axes.get_ylim())
    heights = {text.get_text(): text.get_position()[1] for text in axes.texts if text.get_text() in "abcde"}
    rows = {name: (height - low) / (high - low) for name, height in heights.items()}
    assert rows == pytest.approx({name: (i + 0.5) / 5 for i, name in enumerate("abcde")}, abs=0.02)


def test_a_sample_grid_shows_pictures_of_its_row_s_class():
    labels = np.arange(40) % 4
    images = np.repeat((60 * labels + 20).astype(np.uint8)[:, None, None], 8 * 8, axis=1).reshape(40, 8, 8)
    figure = figures.sample_grid(images, labels, list("abcd"), per_class=3)
    mosaic = figure.axes[0].images[0].get_array()
    for row, band in enumerate(np.array_split(np.asarray(mosaic), 4)):
        shown = band[..., 0][band[..., 3] > 0]
        assert np.median(shown) == 60 * row + 20


@pytest.mark.parametrize("per_class", [0, -1])
def test_a_sample_grid_of_nothing_is_refused(per_class):
    with pytest.raises(ValueError, match="expected at least 1"):
        figures.sample_grid(np.zeros((2, 4, 4), np.uint8), np.array([0, 1]), "ab", per_class)


def test_a_class_without_pictures_leaves_its_row_empty(tmp_path):
    images, labels = np.zeros((3, 4, 4), np.uint8), np.array([0, 0, 2])
    figures.save(figures.sample_grid(images, labels, ["a", "none", "c"]), tmp_path, "grid")


def test_certainty_is_never_rounded_up():
    figure = figures.mistakes_figure(
        np.zeros((2, 8, 8), np.uint8), np.array([0, 1]), np.array([1, 0]), np.array([0.99999, 0.4321]), ["a", "$b$"]
    )
    said = texts(figure)
    assert "over 99.9 % sure" in said
    assert "43.2 % sure" in said
    assert not any(text.startswith("100") for text in said)
    assert "taken for $b$" in said
