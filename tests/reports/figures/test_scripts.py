"""Class names in any script: a font that has them, or a readable stand-in, said once, and never a box."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from fashionlab.reports.figures import display, scripts
from fashionlab.reports.figures.run.images import sample_grid

NAMES = ("包 袋", "рубашка", "قميص", "👕 top", "bag")


@pytest.fixture(autouse=True)
def nothing_remembered():
    caches = (scripts._font_for, scripts._system_fonts, scripts._opened, display._say_once)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def no_fonts(monkeypatch):
    """A computer whose only font is the one that comes with matplotlib."""
    monkeypatch.setattr(scripts, "_system_fonts", lambda: ())


def grid():
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8)).astype(np.uint8)
    return sample_grid(images, np.repeat(np.arange(5), 2), NAMES)


def texts(canvas):
    return [text.get_text() for text in canvas.figure.texts]


def test_names_that_no_font_has_get_a_stand_in_and_one_sentence(no_fonts, tmp_path, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            shown = grid()
            shown.save(tmp_path)
    said = capfd.readouterr().err
    assert said.startswith(
        "no font here has the characters of some names, so figures say class 0 for 包 袋, class 3 for 👕 top; install"
    )
    assert said.count("\n") == 1
    drawn = texts(shown._pixels_of())
    assert [name for name in drawn if name in ("class 0", "class 3", *NAMES)] == [
        "class 0",
        *NAMES[1:3],
        "class 3",
        "bag",
    ]
    # Browsers have fonts of their own.
    assert all(name in (tmp_path / "samples.svg").read_text(encoding="utf-8") for name in NAMES)


def test_names_are_drawn_in_a_font_that_has_them(monkeypatch):
    fraktur = "\U0001d504"  # which the own font lacks, and one that comes with matplotlib has
    monkeypatch.setattr(scripts, "_charmap_has", lambda path, c: path == "other" if c == fraktur else path is None)
    monkeypatch.setattr(scripts, "_system_fonts", lambda: (("None of it", "nothing"), ("Other Sans", "other")))
    assert scripts.families(f"a{fraktur}") == ["DejaVu Sans", "Other Sans"]
    assert scripts.lacking(f"a{fraktur}") == ""


def test_fonts_that_show_boxes_or_bitmaps_are_not_taken(monkeypatch):
    fonts = [
        SimpleNamespace(name=name, fname=name, style="normal", weight=400)
        for name in ("Noto Serif CJK", "Last Resort High-Efficiency", "Noto Color Emoji", "Noto Sans CJK SC")
    ]
    monkeypatch.setattr("matplotlib.font_manager.fontManager", SimpleNamespace(ttflist=fonts))
    assert [name for name, _ in scripts._system_fonts()] == ["Noto Sans CJK SC", "Noto Serif CJK"]


def test_what_is_not_a_class_name_is_put_in_words(no_fonts):
    with scripts.stand_ins(["बैग"]):
        assert scripts.readable("बैग") == "class 0"
        assert scripts.readable("👕 x") == "t-shirt  x"
        assert scripts.readable("셔") == "syeo"
        assert scripts.readable("包") == "U+5305 "
    assert scripts.readable("包") == "包"
