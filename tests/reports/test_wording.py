"""How numbers, settings and plurals are written."""

import subprocess
import sys

import pytest

from fashionlab.reports import wording
from fashionlab.studies.stats.alpha_spending import AlphaSpending


@pytest.mark.parametrize(
    ("alpha", "sure", "wrong"),
    [
        (0.04, "96 %", "4 in 100"), (0.01, "99 %", "1 in 100"), (0.008, "99.2 %", "8 in 1,000"),
        (0.04 / 3, "98.6 %", "14 in 1,000"), (0.05, "95 %", "5 in 100"), (0.0005, "99.9 %", "1 in 1,000"),
    ],
)  # fmt: skip
def test_confidence_and_odds_say_the_same(alpha, sure, wrong):
    assert wording.confidence(alpha).replace(wording.SPACE, " ") == sure
    assert wording.odds(alpha) == wrong


def test_neither_ever_promises_too_much():
    for declared in (1, 2, 3, 4, 5, 7, 13, 40):
        for arm in range(declared + 12):
            alpha = AlphaSpending(declared).of(arm)
            part, whole = wording.odds(alpha).replace(",", "").split(" in ")
            assert int(part) / int(whole) >= alpha * (1 - 1e-9)
            assert float(wording.confidence(alpha).split(wording.SPACE)[0]) <= 100 * (1 - alpha) + 1e-3


def test_numbers_keep_their_sign_and_lose_their_hyphen():
    assert [wording.signed(v) for v in (0.5, -0.5, 0.001, -1e-17, None)] == ["+0.50", "−0.50", "0.00", "0.00", "–"]
    found = [wording.brief(v) for v in (0.01234, -3, 1234.5, 0, -0.00001, None)]
    assert found == ["+0.0123", "−3", "+1,234", "0", "−1.0e-05", "–"]
    assert [wording.plain(v) for v in (0.5, -1234.5, None)] == ["0.50", "−1,234.50", "–"]
    assert [wording.percent(v) for v in (0.899, None)] == ["89.9\N{NO-BREAK SPACE}%", "–"]


def test_as_many_digits_as_show_on_which_side_of_a_mark_a_value_lies():
    assert wording.digits_beside([0.41, 0.75], [0, 0.2, -0.2]) == 2
    assert wording.digits_beside([0.2004], [0, 0.2]) == 4
    assert wording.digits_beside([-0.0004], [0]) == 4
    assert wording.digits_beside([0.2], [0.2]) == 2
    assert wording.digits_beside([1e-12], [0]) == 6


def test_fractions_with_their_interval_and_probabilities():
    assert wording.with_interval(0.9031, 0.897, 0.9086).replace(wording.SPACE, " ") == "90.31 % (89.7 to 90.9)"
    shown = [wording.certainty(p).replace(wording.SPACE, " ") for p in (0.4321, 0.999, 0.99901, 1.0)]
    assert shown == ["43.2 %", "99.9 %", "> 99.9 %", "> 99.9 %"]


def test_counts_times_and_sizes():
    assert [wording.counted(n, "seed") for n in (0, 1, 1200)] == ["no seed", "1 seed", "1,200 seeds"]
    assert wording.counted(2, "study", "studies") == "2 studies"
    assert [wording.times(n) for n in (0, 1, 3)] == ["never", "once", "3 times"]
    assert [wording.duration(s) for s in (9.34, 720, 9000, None)] == ["9.3 s", "12.0 min", "2.5 h", "–"]
    assert [wording.countdown(s) for s in (42.4, 185, 3720)] == ["42 s", "3 min 05 s", "1 h 02 min"]
    shown = [wording.milliseconds(v).replace(wording.SPACE, " ") for v in (0.421, 38.2, 1234, None)]
    assert shown == ["0.42 ms", "38 ms", "1.2 s", "–"]
    assert [wording.size(n).replace(wording.SPACE, " ") for n in (412_000, 3_440_000, None)] == [
        "412 kB",
        "3.4 MB",
        "–",
    ]
    assert [wording.p_value(p) for p in (0.0321, 0.00001, 1.0, None)] == ["0.032", "< 0.0001", "1.00", "–"]


def test_settings_and_their_values():
    assert wording.setting_text("batch_norm") == "batch norm"
    values = ((256, 128), [], True, False, None, 0.3, 0.0, 12, "gelu")
    assert [wording.value_text(v) for v in values] == ["256-128", "none", "on", "off", "none", "0.3", "0", "12", "gelu"]


def test_it_imports_nothing_heavy():
    heavy = "matplotlib rich jinja2 scipy keras"
    code = f"import sys, fashionlab.reports.wording; print([m for m in {heavy.split()} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_frozen_weights_are_counted_apart():
    assert wording.parameters_text(50890, 650) == "50,890 parameters (650 trainable)"
    assert wording.parameters_text(7, 7) == wording.parameters_text(7, None) == "7 parameters"
