"""The words and figures of the page agree with those of the verdicts."""

import io

import numpy as np
import pytest
from rich.console import Console
from study_samples import ARMS, CASES, NASTY, make_summary

from fashionlab.reports.study import study_table, words
from fashionlab.reports.study.answer import true_effect
from fashionlab.reports.study.table import against_margin
from fashionlab.studies.stats import wording
from fashionlab.studies.stats.levels import Levels
from fashionlab.studies.stats.verdict import judge


def test_confidence_is_what_the_verdicts_sentences_say():
    for declared in (1, 2, 3, 4, 5, 7, 13, 40):
        for arm in range(declared + 12):
            level = Levels(declared).of(arm)
            assert words.confidence(level).replace(words.SPACE, " ") == wording.confidence(level)


@pytest.mark.parametrize(
    ("level", "said"),
    [
        (0.04, "4 in 100"), (0.01, "1 in 100"), (0.008, "8 in 1,000"), (0.04 / 3, "14 in 1,000"), (0.05, "5 in 100"),
        (0.0005, "1 in 1,000"),
    ],
)  # fmt: skip
def test_odds_never_promise_too_much(level, said):
    assert words.odds(level) == said
    part, whole = said.replace(",", "").split(" in ")
    assert int(part) / int(whole) >= level * (1 - 1e-9)


def test_cards_and_sentences_show_the_same_interval():
    draw = np.random.default_rng(0)
    seen = set()
    for _ in range(300):
        differences = draw.normal(draw.choice([0, 0.1, 0.2, 0.5]), 0.2, int(draw.integers(4, 60)))
        verdict = judge(differences, level=0.04, resolution=0.01, subject="it")
        if verdict.low is None:
            continue
        seen.add(verdict.word)
        shown = true_effect(verdict.to_json()).replace(words.MINUS, "-").removesuffix(" points")
        figures = shown.split(" between ")[1]
        assert f"between {figures} percentage points" in verdict.sentence
    assert seen >= {"helps", "no practical difference", "undecided"}


@pytest.mark.parametrize(
    ("changes", "title", "values"),
    [
        ({"dropout": [0.3, 0.0]}, "Removing dropout", "dropout 0.3 → 0"),
        ({"dropout": [[0.3, 0.3], [0.0]]}, "Removing dropout", "dropout 0.3-0.3 → 0"),
        ({"batch_norm": [True, False]}, "Removing batch norm", "batch norm on → off"),
        ({"label_smoothing": [0.0, 0.1]}, "Adding label smoothing", "label smoothing 0 → 0.1"),
        ({"limit": [None, 500]}, "Adding limit", "limit none → 500"),
        ({"widths": [[256, 128], [512]]}, "Changing widths", "widths 256-128 → 512"),
        ({"dropout": [0.3, 0], "epochs": [12, 24]}, "Removing dropout and changing epochs",
         "dropout 0.3 → 0, epochs 12 → 24"),
        ({"model": ["mlp", "cnn"], "widths": [[1], None]}, "cnn instead of mlp", "model mlp → cnn, widths 1 → none"),
        ({}, "twin=1", ""),
        ({k: [1, 2] for k in "abcdef"}, "twin=1", "a 1 → 2, b 1 → 2, c 1 → 2, d 1 → 2 and 2 more"),
    ],
)  # fmt: skip
def test_a_change_reads_as_people_say_it(changes, title, values):
    assert words.what_changed(changes, "twin=1") == title
    assert words.from_to(changes) == values


def test_a_name_that_somebody_gave_says_more_than_the_fields():
    assert words.what_changed({"early_stopping": [True, False]}, "without early stopping") == "Removing early stopping"
    assert words.what_changed({"early_stopping": [True, False]}, "patient") == "patient"


def test_numbers_keep_their_sign_and_lose_their_hyphen():
    assert [words.signed(v) for v in (0.5, -0.5, 0.001, -1e-17, None)] == ["+0.50", "−0.50", "0.00", "0.00", "–"]
    assert [words.brief(v) for v in (0.01234, -3, 1234.5, 0, -0.00001)] == ["+0.0123", "−3", "+1,234", "0", "−1.0e-05"]
    assert words.effect({"effect": 0.004}) == "+0.004"
    assert words.effect({"effect": 1e-17}) == "0.00"


@pytest.mark.parametrize("name", CASES)
def test_the_table_for_the_terminal_has_a_line_an_arm(name):
    summary, _ = CASES[name]()
    console = Console(width=220, record=True, file=io.StringIO())
    console.print(study_table(summary))
    lines = console.export_text().splitlines()
    for arm in summary["arms"]:
        figures = words.interval(arm["verdict"]) if arm["verdict"]["n"] else "–"
        assert any(arm["name"][:30] in line and figures in line for line in lines)


def test_the_table_at_100_columns_does_not_wrap_a_line():
    console = Console(width=100, record=True, file=io.StringIO())
    summary = make_summary()
    console.print(study_table(summary))
    text = console.export_text()
    table = text[: text.index("It ended")]
    assert len([line for line in table.splitlines() if line.strip()]) == 1 + 2 + len(ARMS)
    for arm in summary["arms"]:
        assert against_margin(arm["verdict"]) in text


def test_nothing_in_a_name_drives_the_terminal():
    summary = make_summary([(f"[red]{NASTY[0]}\x1b[31m\n", {}, 0.0)], seeds=3)
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(study_table(summary))
    text = console.export_text()
    assert f"[red]{NASTY[0]} [31m" in text
    assert "\x1b" not in text
