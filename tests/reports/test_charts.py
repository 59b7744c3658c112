"""The contract that every chart of the page satisfies."""

import math
from xml.etree import ElementTree

import pytest

from fashionlab.reports.charts import Lines, PointMap, ReferenceDots, ReliabilityDiagram, Series
from fashionlab.reports.charts.axes import ticks

NASTY = '<b>"x"</b>'
BINS = [
    {
        "low": 0.0,
        "high": 0.5,
        "n": 0,
        "confidence": None,
        "accuracy": None,
        "accuracy_low": None,
        "accuracy_high": None,
    },
    {"low": 0.5, "high": 1.0, "n": 40, "confidence": 0.8, "accuracy": 0.7, "accuracy_low": 0.6, "accuracy_high": 0.8},
]
ROWS = [
    {"name": NASTY, "low": 0.89, "high": 0.91, "middle": 0.9, "own": True},
    {"name": "people", "low": 0.82, "high": 0.835, "own": False},
    {"name": "majority class", "low": 0.1, "high": 0.1, "own": False},
]
CHARTS = {
    "lines": Lines(NASTY, [1, 2, 3], [Series(NASTY, [3.0, None, 1.0], "s-0"), Series("b", [2.0, math.nan, 2.0], "s-1")],
                   "epoch", "loss (nats)", mark=(2, NASTY), between="gap"),
    "one point": Lines("one", [1], [Series("a", [0.5], "s-0")], "epoch", "accuracy", y_percent=True),
    "no values": Lines("none", [1, 2], [Series("a", [None, None], "s-0")], "epoch", "loss (nats)"),
    "reliability": ReliabilityDiagram(NASTY, [("as trained", BINS, "s-0"), ("scaled", BINS, "s-1")]),
    "references": ReferenceDots(NASTY, ROWS),
    "references, narrow": ReferenceDots(NASTY, ROWS, narrow=True),
    "one reference": ReferenceDots("one", ROWS[:1]),
    "map": PointMap(NASTY, [[0.0, 1.0], [2.0, 3.0]], [0, 1], [NASTY, "b"], "first component", "second component"),
    "empty map": PointMap("none", [], [], [], "first", "second"),
}  # fmt: skip


@pytest.fixture(params=CHARTS)
def chart(request):
    return CHARTS[request.param]


def test_it_is_a_whole_svg_that_names_its_axes(chart):
    root = ElementTree.fromstring(chart.svg())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    names = [element.text for element in root.iter() if element.get("class") == "name"]
    assert names
    assert all(names)


def test_it_has_a_text_alternative_that_begins_with_its_title(chart):
    root = ElementTree.fromstring(chart.svg())
    assert root.get("role") == "img"
    assert root.get("aria-label") == f"{chart.title}. {chart.describe()}"
    assert len(chart.describe()) > 5


def test_it_escapes_what_users_wrote_and_draws_no_nan(chart):
    text = chart.svg()
    assert "<b>" not in text
    assert "nan" not in text
    assert "None" not in text


def test_everything_lies_inside_the_view_box(chart):
    root = ElementTree.fromstring(chart.svg())
    width, height = (float(v) for v in root.get("viewBox").split()[2:])
    for circle in root.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 <= float(circle.get("cx")) <= width
        assert 0 <= float(circle.get("cy")) <= height


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.88, 0.91), (1, 29), (-20, 26), (0, 1e-4), (5, 5)])
def test_ticks_are_round_few_and_inside(low, high):
    found = ticks(low, high)
    assert 1 <= len(found) <= 7
    assert all(low - 1e-12 <= value <= high + 1e-12 for value in found)
