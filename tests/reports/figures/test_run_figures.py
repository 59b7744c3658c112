"""The figures of a run say what the data say: artists are checked, not pixels."""

import math

import matplotlib
import numpy as np
import pytest
from figure_samples import CLASSES, bins, confusion, curves
from matplotlib.colors import to_hex

from fashionlab.reports.figures.palette import CLASSES as CLASS_COLOURS
from fashionlab.reports.figures.palette import CORRECT, TRAINING, VALIDATION, WRONG
from fashionlab.reports.figures.run.calibration import FEW, reliability
from fashionlab.reports.figures.run.confusion import confusion_matrix, strength
from fashionlab.reports.figures.run.confusion_difference import confusion_difference
from fashionlab.reports.figures.run.curves import learning_curves, update_norms
from fashionlab.reports.figures.run.images import mistakes, sample_grid
from fashionlab.reports.figures.run.inside import activations, point_map
from fashionlab.reports.figures.run.references import Reference, references

RANDOM = np.random.default_rng(0)


def artists(display):
    axes = display.figure.axes
    return [*display.figure.get_children(), *(a for each in axes for a in each.get_children())]


def artist(display, gid):
    return next(a for a in artists(display) if a.get_gid() == gid)


def gids(display):
    return {a.get_gid() for a in artists(display) if a.get_gid()}


def texts(display):
    return [text.get_text() for text in display.figure.texts]


def test_learning_curves_show_both_losses_and_both_accuracies_and_mark_the_best_epoch():
    epochs, loss, accuracy, val_loss, val_accuracy = curves()
    display = learning_curves(epochs, loss, accuracy, val_loss, val_accuracy)
    shown = [("loss-0", loss), ("loss-1", val_loss), ("accuracy-0", accuracy), ("accuracy-1", val_accuracy)]
    for gid, values in shown:
        assert list(artist(display, f"curve-{gid}").get_ydata()) == values
        assert list(artist(display, f"curve-{gid}").get_xdata()) == epochs
    best = int(np.argmin(val_loss))
    for measure in ("loss", "accuracy"):
        assert artist(display, f"best-{measure}").get_xdata() == [epochs[best]]
    assert display.title == f"Validation loss is lowest at epoch {epochs[best]} ({val_loss[best]:.3f})"
    assert f"best epoch: {epochs[best]}" in texts(display)
    assert display.canvas.hovers["aims-loss"][0] == f"epoch 1: training {loss[0]:.3f}, validation {val_loss[0]:.3f}"


def test_learning_curves_without_validation_have_one_curve_each():
    display = learning_curves(*curves(validation=False))
    assert {gid for gid in gids(display) if gid.startswith(("curve", "best", "gap"))} == {
        "curve-loss-0", "curve-accuracy-0"
    }  # fmt: skip
    assert "No images were held out for validation" in display.note


@pytest.mark.parametrize("bad", [0, 1, 3])
def test_learning_curves_of_ragged_or_no_columns_are_refused(bad):
    columns = list(curves())
    columns[bad] = columns[bad][:1]
    with pytest.raises(ValueError, match="columns of lengths"):
        learning_curves(*columns)
    with pytest.raises(ValueError, match="at least 1"):
        learning_curves([], [], [], [], [])


@pytest.mark.parametrize(
    ("val_loss", "shaded"),
    [
        ([0.9, 0.8, 0.7], {"validation": VALIDATION}),
        ([0.4, 0.3, 0.2], {"training": TRAINING}),
        ([0.4, 0.3, 0.7], {"validation": VALIDATION, "training": TRAINING}),
    ],
)
def test_the_gap_is_shaded_in_the_colour_of_the_worse_curve(val_loss, shaded):
    display = learning_curves([1, 2, 3], [0.5, 0.4, 0.3], [0.7, 0.8, 0.9], val_loss, [0.6, 0.7, 0.8])
    found = {gid.removeprefix("gap-loss-") for gid in gids(display) if gid.startswith("gap-loss-")}
    assert found == set(shaded)
    for name, colour in shaded.items():
        assert artist(display, f"gap-loss-{name}").get_facecolor()[0][:3] == pytest.approx(
            matplotlib.colors.to_rgb(colour)
        )


def test_with_more_layers_than_there_is_room_for_the_rest_is_counted():
    said = texts(update_norms([1, 2], {f"layer {k}": [k, k + 1] for k in range(30)}))
    named = [text for text in said if text.startswith("layer")]
    assert f"and {30 - len(named)} more" in said


@pytest.mark.parametrize("classes", [2, 10, 26])
def test_a_confusion_matrix_shows_its_counts_and_leaves_zeros_blank(classes):
    counts = np.diag(np.arange(50, 50 + classes))
    counts[0, 1] = 7
    names = [f"class {i}" for i in range(classes)]
    display = confusion_matrix(counts, names, "test")
    said = texts(display)
    assert "most frequent mistake: class 0 predicted as class 1 (7 of 57)" in display.title
    assert said.count("7") == 1
    assert "0" not in said
    for name in names:
        assert said.count(name) == 2
    assert {f"cell-{t}-{p}" for t in range(classes) for p in range(classes)} <= gids(display)


@pytest.mark.parametrize(
    ("counts", "names"), [([[1, 2]], "ab"), ([[1, -1], [0, 1]], "ab"), ([[1, 0], [0, 1]], "abc"), ([], "")]
)
def test_a_confusion_matrix_that_does_not_fit_is_refused(counts, names):
    with pytest.raises(ValueError, match="given"):
        confusion_matrix(counts, list(names), "test")


@pytest.mark.parametrize("longest", [1, 60])
@pytest.mark.parametrize("classes", [2, 10, 26])
def test_texts_of_a_confusion_matrix_do_not_overlap(classes, longest):
    names = [f"{i} {'W' * longest} {i}"[-longest:] + "i" * (i % 2) for i in range(classes)]
    display = confusion_matrix(RANDOM.integers(0, 1200, (classes, classes)), names, "test").plot()
    display.figure.canvas.draw()
    upright = [t for t in display.figure.texts if not t.get_rotation()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in upright]
    for i, (one, box) in enumerate(boxes):
        for other, area in boxes[i + 1 :]:
            assert not box.overlaps(area), f"{one} overlaps {other}"


def test_with_very_many_classes_colour_alone_speaks():
    said = texts(confusion_matrix(np.eye(60, dtype=int), [f"class {i}" for i in range(60)], "test"))
    assert "true class (number, from 0)" in said
    assert not any(text.startswith("class 1") for text in said)


def test_some_classes_of_a_confusion_matrix_keep_their_numbers_and_their_rates():
    counts = confusion()
    display = confusion_matrix(counts, CLASSES, "test", [2, 6])
    assert {gid for gid in gids(display) if gid.startswith("cell")} == {"cell-2-2", "cell-2-6", "cell-6-2", "cell-6-6"}
    share = 100 * counts[6, 6] / counts[6].sum()
    assert f"{share:.1f}" in display.canvas.hovers["cell-6-6"]
    assert f"{counts.sum():,} images" in display.title


def test_colours_make_ten_percent_stand_out_and_one_percent_visible():
    assert strength(0.01, False) > 0.1
    assert strength(0.1, False) > strength(0.01, False) + 0.3
    assert strength(0.4, False) == strength(0.9, False) == 1


def test_bins_of_few_predictions_are_hollow():
    display = reliability([("as trained", bins())])
    few = [b for b in bins() if b.n < FEW]
    assert few
    assert list(artist(display, "dots-0-few").get_xdata()) == [b.confidence for b in few]
    assert len(artist(display, "dots-0-many").get_xdata()) == sum(b.n >= FEW for b in bins())
    assert "perfect calibration" in display.note


def test_what_lies_far_below_is_said_at_the_edge():
    said = texts(references(0.9, 0.89, 0.91, [Reference("chance", 0.1, 0.1), Reference("near", 0.88, 0.88)]))
    assert any(text.startswith("10.0") and text.endswith("left of this scale") for text in said)
    assert sum("left of this scale" in text for text in said) == 1


def test_points_of_a_map_keep_their_order_and_have_their_class_s_colour():
    points, labels = RANDOM.normal(size=(25, 2)), (np.arange(25) * 7 % 12).tolist()
    display = point_map("pca", "t", points, labels, [str(k) for k in range(12)], ("a", "b"))
    drawn = artist(display, "points")
    assert np.asarray(drawn.get_offsets()) == pytest.approx(points)
    expected = [matplotlib.colors.to_rgb(CLASS_COLOURS[label % 10]) for label in labels]
    assert drawn.get_facecolors()[:, :3] == pytest.approx(np.array(expected))


def test_units_are_sorted_by_the_class_that_they_respond_to_most():
    means = np.array([[0.0, 1.0, 0.2], [2.0, 0.0, 0.1], [0.0, 0.0, 0.9]])
    display = activations([("hidden", means)], ["a", "b", "c"])
    image, _ = display.figure.axes[0].images
    image = image if image.get_array().shape[0] == 3 else _
    brightest = np.asarray(image.get_array()).sum(axis=-1).argmax(axis=0)
    assert brightest.tolist() == [0, 1, 2]


def test_certainty_is_never_rounded_up():
    display = mistakes(
        np.zeros((2, 8, 8), np.uint8), np.array([0, 1]), np.array([1, 0]), np.array([0.99999, 0.4321]), ["a", "$b$"]
    )
    said = [text.replace("\N{NO-BREAK SPACE}", " ") for text in texts(display)]
    assert "confidence > 99.9 %" in said
    assert "confidence 43.2 %" in said
    assert "predicted: $b$" in said


def mosaic(display):
    return np.asarray(display.figure.axes[0].images[0].get_array())


def test_a_sample_grid_has_a_row_a_class_with_its_name_beside_it():
    labels = np.arange(40) % 4
    images = np.repeat((60 * labels + 20).astype(np.uint8)[:, None, None], 28 * 28, axis=1).reshape(40, 28, 28)
    display = sample_grid(images, labels, list("abcd"), per_class=3)
    for row, band in enumerate(np.array_split(mosaic(display), 4)):
        assert np.unique(band[..., 0][band[..., 3] == 255]).tolist() == [60 * row + 20]
    _, _, bottom, top = display.figure.axes[0].images[0].get_extent()
    for row, name in enumerate("abcd"):
        text = next(t for t in display.figure.texts if t.get_text() == name)
        middle = top + (row + 0.5) / 4 * (bottom - top)
        assert abs(text.get_position()[1] - middle) < 0.05 * (bottom - top)


@pytest.mark.parametrize("per_class", [0, -1])
def test_a_sample_grid_of_nothing_is_refused(per_class):
    with pytest.raises(ValueError, match="expected at least 1"):
        sample_grid(np.zeros((2, 4, 4), np.uint8), np.array([0, 1]), ["a", "b"], per_class)


def test_a_class_without_images_leaves_its_row_empty():
    images, labels = np.zeros((3, 28, 28), np.uint8), np.array([0, 0, 2])
    bands = np.array_split(mosaic(sample_grid(images, labels, ["a", "none", "c"])), 3)
    assert [bool((band[..., 3] == 255).any()) for band in bands] == [True, False, True]


def test_the_choice_of_samples_follows_the_seed_and_repeats_nothing():
    images = np.arange(64, dtype=np.uint8)[:, None, None] + np.zeros((64, 28, 28), np.uint8)
    labels = np.arange(64) % 2

    def shown(seed):
        return mosaic(sample_grid(images, labels, ["even", "odd"], per_class=8, seed=seed))[14::30, 14::30, 0]

    assert (shown(0) == shown(0)).all()
    assert (shown(0) != shown(1)).any()
    assert shown(0).shape == (2, 8)
    for row, rest in zip(shown(0), (0, 1), strict=True):
        assert len(set(row.tolist())) == 8
        assert (row % 2 == rest).all()


def test_large_images_are_averaged_to_what_is_shown():
    stripes = np.zeros((2, 168, 168), np.uint8)
    stripes[:, ::2] = 200
    shown = mosaic(sample_grid(stripes, np.array([0, 1]), ["a", "b"], 1))
    assert shown.shape[1] == 1 + 84 + 6, "a frame's pixel on the left, and the gap"
    assert set(shown[..., 0][shown[..., 3] == 255].tolist()) == {100}


def test_missing_values_are_left_out_and_not_drawn_as_zero():
    display = learning_curves([1, 2], [0.5, None], [0.5, None], [math.nan, 0.4], [None, 0.7])
    assert display.canvas is None
    assert "nan" not in display.description
    assert display.plot().canvas.hovers["aims-loss"] == ["epoch 1: training 0.500", "epoch 2: validation 0.400"]


def test_the_difference_of_two_matrices_is_blue_where_the_second_is_better():
    display = confusion_difference(
        [[9, 1], [2, 8]], [[7, 3], [0, 10]], ["a", "b"], ("A", "B"), "confusion-difference-b"
    )
    canvas = display.plot().canvas
    cells = {artist.get_gid(): artist for artist in canvas.figure.get_children() if artist.get_gid()}
    better, worse = (to_hex(cells[f"cell-{cell}"].get_facecolor()) for cell in ("1-0", "0-1"))
    assert (better, worse) == (CORRECT, WRONG)
    assert [cells[f"count-{cell}"].get_text() for cell in ("0-0", "0-1", "1-0", "1-1")] == ["−2", "+2", "−2", "+2"]
    assert canvas.hovers["cell-0-0"] == "true a, predicted a: A 9, B 7"
    assert {"−20.0", "+20.0"} <= {text.get_text() for text in canvas.figure.texts}
    assert display.title == "B has as many images right as A"
    with pytest.raises(ValueError, match="same row sums"):
        confusion_difference([[9, 1], [2, 8]], [[7, 2], [0, 10]], ["a", "b"], ("A", "B"))


def test_of_many_classes_the_difference_shows_those_that_differ_most():
    before = np.eye(30, dtype=int) * 10
    after = before.copy()
    after[7, 7], after[7, 9] = 4, 6
    display = confusion_difference(before, after, [f"class {k}" for k in range(30)], ("A", "B"))
    assert "Of 30 classes the 20 that differ most are shown." in display.note
    assert {"class 7", "class 9"} <= {text.get_text() for text in display.figure.texts}
    assert display.title == "B has 6 fewer images right than A"
