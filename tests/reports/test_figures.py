"""The figures say what the data say: artists are checked, not pixels."""

import math
import re
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from fashionlab.errors import StoreError
from fashionlab.reports import drawings as figures
from fashionlab.reports.drawings.confusion import colours
from fashionlab.reports.drawings.style import TRAINING, VALIDATION, label

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


HOSTILE = ["<script>alert(1)</script>", "$\\alpha$", "a & b"]


@pytest.mark.parametrize(
    "draw",
    [
        lambda names: figures.confusion_figure(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 2]]), names, "$\\beta$ <b>"),
        lambda names: figures.sample_grid(np.zeros((6, 8, 8), np.uint8), np.arange(6) % 3, names, per_class=2),
    ],
    ids=["confusion", "samples"],
)
def test_class_names_are_text_and_neither_markup_nor_mathematics(draw, tmp_path):
    figure = draw(HOSTILE)
    assert not any(text.get_parse_math() for text in figure.findobj(matplotlib.text.Text) if text.get_text())
    _, svg = figures.save(figure, tmp_path, "hostile")
    tree = ElementTree.parse(svg)
    assert not [element for element in tree.iter() if element.tag.endswith("script")]
    shown = [element.text for element in tree.iter() if element.tag.endswith("}text")]
    for name in HOSTILE:
        assert label(name) in shown


def test_names_are_shortened_in_the_middle_and_to_one_line():
    assert label("Ankle boot") == "Ankle boot"
    assert label("two\nlines\tof\x00 text") == "two lines of text"
    long = [f"the same long beginning of many names, number {i}" for i in range(26)]
    assert len({label(name) for name in long}) == 26
    assert {len(label(name)) for name in long} == {24}


def test_equal_figures_are_equal_bytes_without_a_date_and_with_real_text(tmp_path):
    first = figures.save(figures.learning_curves(history()), tmp_path / "a" / "new", "curves")
    second = figures.save(figures.learning_curves(history()), tmp_path / "b", "curves")
    assert [path.name for path in first] == ["curves.png", "curves.svg"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    svg = first[1].read_text()
    assert "Validation loss is lowest at epoch 3 (0.400)" in svg
    assert not re.search(r"<dc:date>|matplotlib v|20\d\d-\d\d", svg.lower())


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=re.escape(str(tmp_path / "file"))):
        figures.save(figures.learning_curves(history()), tmp_path / "file", "curves")


def test_the_user_s_own_matplotlib_settings_neither_show_nor_are_lost():
    own = {"font.size": 31.0, "axes.facecolor": "red", "figure.constrained_layout.use": True}
    with matplotlib.rc_context(own):
        figure = figures.learning_curves(history())
        assert figure.axes[0].get_facecolor() == (1, 1, 1, 1)
        assert figure.get_layout_engine() is None
        assert {name: matplotlib.rcParams[name] for name in own} == own


@pytest.mark.parametrize(
    ("val_loss", "shaded", "words"),
    [
        ([0.9, 0.8, 0.7], {"validation": VALIDATION}, "there: 0.400 (validation worse)"),
        ([0.4, 0.3, 0.2], {"training": TRAINING}, "there: 0.100 (training worse)"),
        ([0.4, 0.3, 0.7], {"validation": VALIDATION, "training": TRAINING}, "there: 0.100 (training worse)"),
    ],
)
def test_the_gap_is_shaded_in_the_colour_of_the_worse_curve(val_loss, shaded, words):
    data = {
        "epoch": [1, 2, 3], "loss": [0.5, 0.4, 0.3], "accuracy": [0.7, 0.8, 0.9],
        "val_loss": val_loss, "val_accuracy": [0.6, 0.7, 0.8],
    }  # fmt: skip
    figure = figures.learning_curves(data)
    found = {patch.get_label(): patch.get_facecolor()[0][:3] for patch in figure.axes[0].collections}
    assert found == {
        f"gap: {who} worse": pytest.approx(matplotlib.colors.to_rgb(color)) for who, color in shaded.items()
    }
    assert any(words in text for text in texts(figure))


def test_the_key_of_the_curves_stands_clear_of_them():
    figure = figures.learning_curves(history())
    figure.canvas.draw()
    for axes in figure.axes:
        assert axes.get_legend().get_window_extent().y0 >= axes.get_window_extent().y1


@pytest.mark.parametrize("longest", [1, 60])
@pytest.mark.parametrize("classes", [2, 10, 26])
def test_texts_of_a_confusion_matrix_neither_overlap_nor_leave_the_page(classes, longest):
    names = [f"{i} {'W' * longest} {i}"[-longest:] + "i" * (i % 2) for i in range(classes)]
    figure = figures.confusion_figure(
        RANDOM.integers(0, 1200, (classes, classes)), names, "Confusion matrix, test part"
    )
    figure.canvas.draw()
    page = figure.bbox
    axes = figure.axes[0]
    everything = [*figure.texts, *axes.texts, *axes.get_yticklabels(), *axes.get_xticklabels()]
    boxes = [text.get_window_extent() for text in everything]
    for text, box in zip(everything, boxes, strict=True):
        inside = page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1
        assert inside, f"{text.get_text()} leaves the page"
    upright = [box for text, box in zip(everything, boxes, strict=True) if not text.get_rotation()]
    for i, box in enumerate(upright):
        assert not any(box.overlaps(other) for other in upright[i + 1 :])


def test_with_very_many_classes_colour_alone_speaks():
    figure = figures.confusion_figure(np.eye(60, dtype=int), [f"class {i}" for i in range(60)], "title")
    assert not figure.axes[0].texts
    assert figure.axes[0].get_ylabel() == "true class (number, from 0)"


def test_colours_make_ten_percent_stand_out_and_leave_zeros_quiet():
    pixels = colours(np.array([[0.9, 0.1, 0.0], [0.0, 0.99, 0.01], [0.0, 0.0, 1.0]]))
    lightness = pixels.mean(axis=-1)
    blue, orange = pixels[0, 0], pixels[0, 1]
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]
    # In steps of 256: 10 % is far from 1 %, which is still not the grey of nothing.
    assert 256 * (lightness[1, 2] - lightness[0, 1]) > 30
    assert 256 * np.abs(pixels[1, 2] - pixels[0, 2]).max() > 10
    assert (pixels[0, 2] == pixels[1, 0]).all()
    assert np.ptp(256 * pixels[0, 2]) < 5


def test_the_choice_of_samples_follows_the_seed_and_repeats_nothing():
    images = np.arange(64, dtype=np.uint8)[:, None, None] + np.zeros((64, 4, 4), np.uint8)
    labels = np.arange(64) % 2

    def shown(seed):
        figure = figures.sample_grid(images, labels, ["even", "odd"], per_class=8, seed=seed)
        mosaic = np.asarray(figure.axes[0].images[0].get_array())
        return mosaic[2::5, 2::5, 0]  # one pixel of each picture: 4 pixels and a gap of 1

    assert (shown(0) == shown(0)).all()
    assert (shown(0) != shown(1)).any()
    assert shown(0).shape == (2, 8)
    for row, rest in zip(shown(0), (0, 1), strict=True):
        assert len(set(row.tolist())) == 8
        assert (row % 2 == rest).all()


def test_large_pictures_are_averaged_to_what_is_shown():
    stripes = np.zeros((2, 168, 168), np.uint8)
    stripes[:, ::2] = 200
    mosaic = np.asarray(figures.sample_grid(stripes, np.array([0, 1]), "ab", 1).axes[0].images[0].get_array())
    assert mosaic.shape[1] == 84
    assert set(mosaic[..., 0][mosaic[..., 3] > 0].tolist()) == {100}
