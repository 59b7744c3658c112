"""The contract that every display object satisfies."""

import copy

import numpy as np
import pytest

from fashionlab.reports import displays

NAMES = ["T-shirt/top", "<script>alert(1)</script>", "$\\alpha$"]
RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (60, 12, 12), dtype=np.uint8)
LABELS = np.arange(60) % 3
HISTORY = {
    "epoch": [1, 2, 3], "seconds": [1.0] * 3, "loss": [0.9, 0.5, 0.3], "accuracy": [0.6, 0.8, 0.9],
    "val_loss": [0.8, 0.6, 0.7], "val_accuracy": [0.65, 0.75, 0.74], "learning_rate": [0.1] * 3,
}  # fmt: skip

DISPLAYS = {
    "samples": lambda: displays.samples_display(PICTURES, LABELS, NAMES, per_class=4),
    "history": lambda: displays.history_display(HISTORY),
    "confusion": lambda: displays.confusion_display("validation", [[9, 1, 0], [2, 8, 0], [0, 0, 10]], NAMES),
    "mistakes": lambda: displays.mistakes_display(
        PICTURES[:8], LABELS[:8], (LABELS[:8] + 1) % 3, np.linspace(0.99, 0.6, 8), NAMES
    ),
    "no mistakes": lambda: displays.mistakes_display(
        PICTURES[:0], LABELS[:0], LABELS[:0], np.empty(0), NAMES
    ),
    "activations": lambda: displays.activations_display(
        [("hidden_1", RANDOM.normal(size=(3, 20))), ("hidden_2", RANDOM.normal(size=(3, 8)))], NAMES, PICTURES[:3]
    ),
}  # fmt: skip


@pytest.fixture(params=DISPLAYS)
def display(request):
    return DISPLAYS[request.param]()


def test_plot_draws_and_returns_the_display(display):
    assert display.figure is None
    assert display.plot() is display
    first = display.figure
    assert first is not None
    assert display.plot().figure is not first


def test_a_display_has_a_name_and_a_text_alternative(display):
    assert display.name
    assert len(display.description) > 20


def test_drawing_changes_no_data(display):
    before = copy.deepcopy(dict(display.data))
    display.plot()
    np.testing.assert_equal(dict(display.data), before)


def test_saving_writes_a_png_and_an_svg_and_the_same_bytes_again(display, tmp_path):
    written = display.save(tmp_path)
    assert {path.name for path in written} == {f"{display.name}.png", f"{display.name}.svg"}
    assert (tmp_path / f"{display.name}.png").read_bytes().startswith(b"\x89PNG")
    first = [path.read_bytes() for path in written]
    assert [path.read_bytes() for path in display.plot().save(tmp_path)] == first
    assert b"<script>" not in (tmp_path / f"{display.name}.svg").read_bytes()


def test_a_notebook_shows_it_by_itself(display):
    bundle = display._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert bundle["text/plain"] == display.description


def test_axes_that_are_shown_have_labels(display):
    for axes in display.plot().figure.axes:
        if axes.axison and axes.get_xticklabels() and axes.get_label() != "<colorbar>":
            assert axes.get_xlabel() or axes.get_ylabel(), f"{display.name}: axes without a label"


def test_class_names_are_taken_literally(display):
    texts = [text.get_text() for axes in display.plot().figure.axes for text in axes.texts + axes.get_yticklabels()]
    texts += [text.get_text() for text in display.figure.texts]
    if display.name in ("samples", "confusion-validation", "activations"):
        assert any("$\\alpha$" in text for text in texts)
