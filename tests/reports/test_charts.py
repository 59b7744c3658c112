"""The contract that every chart of the page satisfies."""

import math
from xml.etree import ElementTree

import pytest

from fashionlab.reports.charts import Lines, PointMap, ReferenceDots, ReliabilityDiagram, Series
from fashionlab.reports.charts.axes import Axis, log_ticks, ticks
from fashionlab.reports.study.forest import Forest, Strip, effect_axis
from fashionlab.reports.study.pairs import Pairs
from fashionlab.reports.study.shrinking import Shrinking
from fashionlab.reports.study.trade_off import TradeOff

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
VERDICT = {"word": "hurts", "said": "hurts", "effect": -0.5, "low": -0.9, "high": -0.1, "n": 5, "margin": 0.2}
OPEN = VERDICT | {"word": "undecided", "said": "undecided", "low": None, "high": None}
EMPTY = OPEN | {"effect": None, "n": 0}
KNOWN = {"seed": [0, 3, 4], "mean": [0.1, 0.2, 0.2], "low": [None, None, -3.0], "high": [None, None, 3.4]}
NONE_KNOWN = {"seed": [], "mean": [], "low": [], "high": []}
PAIRS = [
    {"seed": 3, "baseline": 0.9, "arm": 0.91, "difference": 1.0},
    {"seed": 4, "baseline": 0.9, "arm": 0.9, "difference": 0.0},
]
ONCE = {"mean": 4.0, "low": None, "high": None}
MODELS = [
    {
        "name": NASTY,
        "seconds": {"mean": 9.0, "low": -1.0, "high": 19.0},
        "accuracy": {"mean": 90.0, "low": 89.0, "high": 91.0},
    },
    {"name": "b", "seconds": ONCE, "accuracy": ONCE},
    {"name": "c", "seconds": {"mean": None, "low": None, "high": None}, "accuracy": ONCE},
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
    "forest": Forest(NASTY, [(NASTY, VERDICT), ("b", OPEN), ("c", EMPTY), ("d" * 80, VERDICT)], 0.2),
    "forest, narrow": Forest(NASTY, [(NASTY, VERDICT), ("b", OPEN), ("c", EMPTY)], 0.2, narrow=True),
    "no forest": Forest("none", [], 0.2),
    "strip": Strip(NASTY, VERDICT, effect_axis([VERDICT, OPEN], 0.2)),
    "strip without a bound": Strip("open", OPEN, effect_axis([VERDICT, OPEN], 0.2)),
    "shrinking": Shrinking(NASTY, KNOWN, 0.2, (3, NASTY)),
    "not bounded": Shrinking("two", {key: values[:2] for key, values in KNOWN.items()}, 0.2),
    "no seed": Shrinking("none", NONE_KNOWN, 0.2),
    "pairs": Pairs(NASTY, PAIRS, NASTY, NASTY),
    "many pairs": Pairs("many", PAIRS * 40, "a", "b"),
    "no pair": Pairs("none", [], "a", "b"),
    "trade-off": TradeOff(NASTY, MODELS),
    "trade-off, narrow": TradeOff(NASTY, MODELS, narrow=True),
    "no trade-off": TradeOff("none", []),
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


@pytest.mark.parametrize(("low", "high"), [(2, 3000), (0.02, 0.09), (9, 11), (1e-4, 1e6), (3, 3.1)])
def test_ticks_of_a_logarithmic_axis_are_round_few_and_inside(low, high):
    found = log_ticks(low, high)
    assert 1 <= len(found) <= 6
    assert found == sorted(found)
    assert all(low <= value <= high for value in found)


def test_a_logarithmic_axis_gives_equal_lengths_to_equal_ratios():
    axis = Axis(1, 10_000, "s", logarithmic=True)
    assert [axis.share(10**k) for k in range(5)] == pytest.approx([0, 0.25, 0.5, 0.75, 1])
