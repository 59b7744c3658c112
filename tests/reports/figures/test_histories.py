"""Curves of several runs in one picture: the mean is that of who is still training, and it says so."""

import math

import numpy as np
import pytest
from figure_samples import learned

from fashionlab.reports.figures.study.histories import FEW, Learned, average, histories


def artists(display, gid):
    found = [artist for axes in display.figure.axes for artist in axes.get_children()]
    return [artist for artist in found if (artist.get_gid() or "").startswith(gid)]


def texts(display):
    return [text.get_text() for text in display.figure.texts]


def test_the_mean_is_that_of_the_runs_that_have_a_value():
    found = average([[1.0, 2.0, 3.0], [3.0, None], [5.0, 6.0]], 4)
    assert found.mean.tolist()[:3] == [3.0, 4.0, 3.0]
    assert math.isnan(found.mean[3])
    assert found.n.tolist() == [3, 2, 1, 0]
    assert found.deviation[0] == pytest.approx(np.std([1, 3, 5], ddof=1))
    assert np.isnan(found.deviation[2:]).all()
    assert found.whole == 0
    assert average([[1.0, 2.0], [2.0, 1.0]], 2).whole is None
    assert average([[None], []], 1).whole is None


def test_many_runs_have_a_band_few_have_lines_and_one_has_neither():
    display = histories([learned("five", *[6] * (FEW + 1)), learned("two", 6, 6), learned("one", 6)])
    assert {artist.get_gid() for artist in artists(display, "band-loss")} == {"band-loss-0"}
    assert {artist.get_gid() for artist in artists(display, "run-loss")} == {"run-loss-1-0", "run-loss-1-1"}
    assert not artists(display, "curve-count")
    assert {"five (5 runs)", "two (2 runs)"} <= set(texts(display))
    assert "Thin lines are single runs" in display.note
    assert "band one standard deviation" in display.note
    assert "stopped early" not in display.note


def test_where_some_have_stopped_the_line_is_dotted_and_a_panel_counts_them():
    display = histories([learned("mlp", 6, 4), learned("cnn", 6, 6)])
    solid, dotted = artists(display, "curve-val_loss-0")
    assert solid.get_xdata().tolist() == [1, 2, 3, 4]
    assert dotted.get_xdata().tolist() == [4, 5, 6]
    assert dotted.is_dashed()
    assert len(artists(display, "curve-val_loss-1")) == 1
    (count,) = artists(display, "curve-count-0")
    assert count.get_ydata().tolist() == [2, 2, 2, 2, 1, 1]
    assert "Runs that stopped early count as long as they trained" in display.note
    assert "(1 of 2 runs)" in display.canvas.hovers["aims-val_loss"][5]


def test_what_no_run_has_is_left_out():
    display = histories([Learned("a", [{"loss": [2.0, None, 1.0]}])], unit="round")
    assert "training loss (nats)" in texts(display)
    assert not {"validation loss (nats)", "training accuracy"} & set(texts(display))
    assert display.description == "a: training loss goes from 2.000 to 1.000 (lowest 1.000, highest 2.000)."
    with pytest.raises(ValueError, match="no run that has a history"):
        histories([Learned("a", [{"loss": []}]), Learned("b", [])])


def test_names_beyond_the_colours_differ_in_their_dashes():
    display = histories([learned(f"arm {number}", 3) for number in range(8)])
    first, seventh = (artists(display, f"curve-loss-{number}")[0] for number in (0, 6))
    assert first.get_color() == seventh.get_color()
    assert seventh.is_dashed()
    assert not first.is_dashed()
