"""The figures of a study say what the verdicts say."""

import pytest
from figure_samples import EFFECTS, costs, effect, pair_values, trajectory
from matplotlib.lines import Line2D

from fashionlab.reports.figures.study.cost import Cost, Mean, accuracy_against_time
from fashionlab.reports.figures.study.effects import forest, reach_of, strip
from fashionlab.reports.figures.study.seeds import estimate_after_each_seed, pairs


def drawn(display):
    axes = display.figure.axes
    return [*display.figure.get_children(), *(a for each in axes for a in each.get_children())]


def artists(display, kind):
    return [a for a in drawn(display) if (a.get_gid() or "").startswith(kind)]


def texts(display):
    return [text.get_text() for text in display.figure.texts]


def test_marks_of_verdicts_are_told_apart_without_colour():
    marks = artists(forest(EFFECTS, 0.2), "mark-")
    assert len(marks) == 5, "an arm without a pair has no mark"
    shapes = {str(mark.get_marker()) for mark in marks}
    assert len(shapes) == 4
    hollow = [mark for mark in marks if mark.get_markerfacecolor() != mark.get_color()]
    assert len(hollow) == 2, "what is undecided is hollow"


def test_a_forest_says_every_arm_and_the_margin():
    display = forest(EFFECTS, 0.2)
    for each in EFFECTS:
        assert each.in_words() in display.description
        assert each.name in texts(display)
    assert "±0.2 points count as too small to matter" in display.description


def test_an_interval_without_ends_goes_on_beyond_the_scale():
    def arrows(low, high):
        display = strip(effect("a", "undecided", 0.1, low, high), reach_of(EFFECTS[:3], 0.2))
        lines = [a for a in drawn(display) if hasattr(a, "get_xdata") and len(a.get_xdata()) == 3]
        return sum(len(set(line.get_xdata())) > 1 for line in lines)

    assert arrows(None, None) == 2
    assert arrows(-0.1, None) == 1
    assert arrows(-0.1, 0.3) == 0
    assert arrows(-50.0, 0.3) == 1


def test_wide_intervals_of_undecided_arms_do_not_squeeze_the_others():
    tight = reach_of(EFFECTS[:3], 0.2)
    with_wide = reach_of([*EFFECTS[:3], effect("wide", "undecided", 0.1, -40.0, 40.0)], 0.2)
    assert (with_wide.low, with_wide.high) == (tight.low, tight.high)
    decided = reach_of([*EFFECTS[:3], effect("far", "helps", 30.0, 20.0, 40.0)], 0.2)
    assert decided.high > 40


def test_pairs_show_both_accuracies_of_every_seed():
    seeds, base, arm = pair_values()
    display = pairs(seeds, base, arm, ("mlp", "cnn")).plot()
    said = display.canvas.hovers["aims-pairs"]
    assert len(said) == len(seeds)
    assert f"seed 0: mlp {100 * base[0]:.2f}" in said[0]
    ahead = sum(b > a for a, b in zip(base, arm, strict=True))
    assert f"In {ahead} of 10 pairs cnn is ahead" in display.description


def test_without_an_interval_a_trajectory_says_so():
    display = estimate_after_each_seed(*trajectory(2), 0.2)
    assert "not enough seeds for an interval" in display.description
    assert "not enough seeds for an interval" in " ".join(texts(display))
    assert not artists(display, "band")
    assert display.canvas.hovers["aims-seeds"][1].endswith("not enough seeds for an interval")


def test_early_intervals_may_leave_the_panel_and_are_cut_off_there():
    display = estimate_after_each_seed(*trajectory(40), 0.2, (20, "helps"))
    (band,) = artists(display, "band")
    low, high = display.figure.axes[0].get_ylim()
    assert max(v for path in band.get_paths() for v in path.vertices[:, 1]) > high
    assert low < -0.2
    assert band.get_clip_on()
    assert "“helps” from here on" in texts(display)
    assert "the verdict “helps” was given after 20 seeds" in display.description


def test_names_beside_close_points_do_not_overlap():
    close = [Cost(f"model {k}", Mean(10 + 0.01 * k, None, None), Mean(90 + 0.01 * k, None, None)) for k in range(4)]
    display = accuracy_against_time(close).plot()
    display.figure.canvas.draw()
    names = [t for t in display.figure.texts if t.get_text().startswith("model")]
    boxes = [name.get_window_extent() for name in names]
    assert len(boxes) == 4
    assert not any(box.overlaps(other) for i, box in enumerate(boxes) for other in boxes[i + 1 :])


def test_names_of_crowded_points_cross_no_bar_and_are_tied_to_their_dots():
    spread = [(3.9, 82.0, 0), (6.6, 80, 8), (13.4, 82, 10), (4.5, 72, 9), (4.6, 72.5, 7), (4.4, 81.5, 3), (5, 81.2, 2)]
    models = [
        Cost(f"model {k}", Mean(s, s - 0.4, s + 0.4), Mean(a, a - d if d else None, a + d if d else None))
        for k, (s, a, d) in enumerate(spread)
    ]
    display = accuracy_against_time(models).plot()
    display.figure.canvas.draw()
    names = [t for t in display.figure.texts if t.get_text().startswith("model")]
    boxes = [name.get_window_extent() for name in names]
    assert not any(box.overlaps(other) for i, box in enumerate(boxes) for other in boxes[i + 1 :])
    lines = [artist for artist in drawn(display) if isinstance(artist, Line2D)]
    bars = [line for line in lines if line.get_linewidth() == 1.8]
    assert len(bars) == 2 * len(models) - 1
    for bar in bars:
        (x0, y0), (x1, y1) = bar.get_transform().transform(bar.get_xydata())
        for box in boxes:
            crossed = box.x0 < max(x0, x1) and min(x0, x1) < box.x1 and box.y0 < max(y0, y1) and min(y0, y1) < box.y1
            assert not crossed
    ties = [line for line in lines if line.get_linewidth() == 0.9 and line.get_zorder() == 2]
    assert 0 < len(ties) < len(models)


def test_a_name_stands_beside_its_point_where_the_time_has_no_bar():
    # On a logarithmic axis there is no place for an interval that reaches below 0.
    display = accuracy_against_time([Cost("mlp", Mean(9.6, -6.0, 25.0), Mean(56.0, 46.0, 66.0))]).plot()
    (point,) = artists(display, "model-")
    name = next(t for t in display.figure.texts if t.get_text() == "mlp")
    assert abs(name.get_position()[0] - point.get_xdata()[0]) < 20


def test_a_model_without_a_finished_run_is_left_out():
    shown = accuracy_against_time([*costs(), Cost("late", Mean(0.0, None, None), Mean(0.0, None, None))])
    assert "late" not in shown.description
    assert len(artists(shown, "model-")) == len(costs())


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_a_study_that_has_just_begun_can_be_drawn(n):
    estimate_after_each_seed(*trajectory(n), 0.2).plot()
    pairs(*pair_values(n), ("a", "b")).plot()
