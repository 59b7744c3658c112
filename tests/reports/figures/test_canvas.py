"""Scales and texts that every figure is made of."""

import pytest

from fashionlab.reports.figures.canvas import Canvas, styled
from fashionlab.reports.figures.scales import Scale, log_ticks, ticks
from fashionlab.reports.figures.text import fitted, text_width, wrapped


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.88, 0.91), (1, 29), (-20, 26), (0, 1e-4), (5, 5)])
def test_ticks_are_round_few_and_inside(low, high):
    found = ticks(low, high)
    assert 1 <= len(found) <= 7
    assert all(low - 1e-12 <= value <= high + 1e-12 for value in found)


@pytest.mark.parametrize(("low", "high"), [(2, 3000), (0.02, 0.09), (9, 11), (1e-4, 1e6), (3, 3.1)])
def test_ticks_of_a_logarithmic_axis_are_round_few_and_inside(low, high):
    found = log_ticks(low, high)
    assert 1 <= len(found) <= 6
    assert found == sorted(found)
    assert all(low <= value <= high for value in found)


def test_a_logarithmic_panel_gives_equal_lengths_to_equal_ratios():
    with styled():
        canvas = Canvas(300, 200)
        axes = canvas.panel(0, 0, 400, 100, Scale(1, 10_000, "s", logarithmic=True), Scale(0, 1, "share"))
        across, down = canvas.places(axes)
    assert [across(10**k) for k in range(5)] == pytest.approx([0, 100, 200, 300, 400])
    assert [down(v) for v in (0, 0.5, 1)] == pytest.approx([100, 50, 0])


def test_a_heading_moves_nothing_below_it_but_by_the_margin():
    with styled():
        canvas = Canvas(300, 200)
        axes = canvas.bare(10, 20, 100, 50)
        before = axes.get_window_extent().frozen()
        canvas.head("A title that is so long that it must be broken into two lines", "and a note")
        canvas.figure.canvas.draw()
        margin = canvas.margin * canvas.figure.dpi / 72
        assert axes.get_window_extent().bounds == pytest.approx(before.translated(margin, margin).bounds)
        corner = canvas.points.transform((10, 20))
        assert corner == pytest.approx((before.x0 + margin, before.y1 + margin))


def test_widths_are_those_that_matplotlib_draws():
    with styled():
        canvas = Canvas(300, 200)
        for text, weight in (("Ankle boot", "normal"), ("Validation loss", "bold"), ("iiii WWWW", "normal")):
            canvas.text(0, 50, text, 12, weight=weight)
            drawn = canvas.figure.texts[-1].get_window_extent().width / canvas.figure.dpi * 72
            assert text_width(text, 12, weight) == pytest.approx(drawn, rel=0.05)


def test_names_are_shortened_in_the_middle_and_to_one_line():
    assert fitted("Ankle boot", 200) == "Ankle boot"
    assert fitted("two\nlines\tof\x00 text", 200) == "two lines of\\x00 text"
    assert fitted("90.1\N{NO-BREAK SPACE}%", 200) == "90.1\N{NO-BREAK SPACE}%"
    long = [f"the same long beginning of many names, number {i}" for i in range(26)]
    short = [fitted(name, 120) for name in long]
    assert len(set(short)) == 26
    assert all(text_width(name) <= 120 for name in short)


def test_lines_are_broken_at_spaces_and_lose_nothing():
    text = "a sentence with some words, 90.1\N{NO-BREAK SPACE}% of them short"
    lines = wrapped(text, 100)
    assert " ".join(lines) == text
    assert all(text_width(line) <= 100 for line in lines)
    assert wrapped("", 100) == []
    assert len(wrapped("x" * 200, 100)) == 1
