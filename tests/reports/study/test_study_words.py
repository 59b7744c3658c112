"""Verdicts and changes in words."""

import io
import json

import numpy as np
import pytest
from msgspec.structs import replace
from rich.console import Console
from study_samples import ARMS, CASES, NASTY, make_comparison, make_jump, make_plan, make_summary

from fashionlab.recipe.difference import Changed
from fashionlab.reports.study import report_of, study_table, verdicts
from fashionlab.reports.study.guarantee import SHARED_JUDGES, covers
from fashionlab.reports.study.report import from_to, what_changed
from fashionlab.reports.study.text import studies_table, summary_lines
from fashionlab.reports.wording import SPACE
from fashionlab.store import to_json
from fashionlab.studies.overview import StudyLine
from fashionlab.studies.stats.verdict import judge
from fashionlab.text import one_line

STEP = 100 / 6000

JUST_DECIDED = (
    " An effect seen when the verdict falls is on average too far from 0, as a large one decides sooner; the interval "
    "allows for that."
)

EXAMPLE = [0.5, 0.31, 0.8, 0.62, 0.45, 0.55, 0.7, 0.38]


def judged(differences, **settings):
    return judge(differences, **{"alpha": 0.04, "resolution": STEP, **settings})


@pytest.mark.parametrize(
    ("differences", "settings", "sentence", "second"),
    [
        (
            [],
            {},
            "It: undecided. No pair of runs is finished yet.",
            "How many more seeds it needs can be estimated from 3 seeds on.",
        ),
        (
            [0.5],
            {},
            "It: undecided. So far accuracy is about 0.50 percentage points higher than the baseline's on one seed: "
            "one cannot show how much of it is chance.",
            "How many more seeds it needs can be estimated from 3 seeds on.",
        ),
        (
            [0.5, -0.25],
            {},
            "It: undecided. So far accuracy is about 0.12 percentage points higher than the baseline's, averaged over "
            "2 seeds: too few to show how much of it is chance.",
            "How many more seeds it needs can be estimated from 3 seeds on.",
        ),
        (
            [0.1, 0.2, -0.3],
            {},
            "It: undecided. So far accuracy is the same as the baseline's, averaged over 3 seeds: "
            "too few to show how much of it is chance.",
            "If it goes on like this, very roughly 21 more seeds could decide it.",
        ),
        (
            [0.5, -0.25, 0.1, 0.3, 0.0],
            {},
            "It: undecided. So far accuracy is about 0.13 percentage points higher than the baseline's, averaged over "
            "5 seeds; at 96 % confidence the true effect is between −0.61 and +0.87 points.",
            "If it goes on like this, very roughly 59 more seeds could decide it.",
        ),
        (
            EXAMPLE,
            {},
            "It helps: accuracy is about 0.54 percentage points higher than the baseline's, averaged over 8 seeds; "
            "at 96 % confidence the true gain is between 0.28 and 0.79 points.",
            "The gain exceeds the margin of 0.2 points: it matters in practice." + JUST_DECIDED,
        ),
        (
            [-x for x in EXAMPLE],
            {"margin": 0.5},
            "It hurts: accuracy is about 0.54 percentage points lower than the baseline's, averaged over 8 seeds; "
            "at 96 % confidence the true loss is between 0.28 and 0.79 points.",
            "Whether the loss exceeds the margin of 0.5 points is not settled." + JUST_DECIDED,
        ),
        (
            EXAMPLE,
            {"margin": 5},
            "It helps: accuracy is about 0.54 percentage points higher than the baseline's, averaged over 8 seeds; "
            "at 96 % confidence the true gain is between 0.28 and 0.79 points.",
            "There is a gain, but one smaller than the margin of 5 points." + JUST_DECIDED,
        ),
        (
            [0.15, -0.15] * 25,
            {},
            "It makes no practical difference: at 96 % confidence the true effect is between −0.08 and +0.08 points, "
            "inside the margin of ±0.2.",
            "If there is an effect at all, it is, at this confidence, smaller than the margin of 0.2 points.",
        ),
    ],
)
def test_a_verdict_in_sentences(differences, settings, sentence, second):
    verdict = judged(differences, **settings)
    assert verdicts.sentence(verdict, "It").replace(SPACE, " ") == sentence
    assert verdicts.second_line(verdict) == second


@pytest.mark.parametrize(
    ("verdict", "second", "short"),
    [
        (judged([0.1, 0.2]), "can be estimated from 3 seeds on", "too few seeds to tell"),
        (judged([9, -9] * 4, alpha=0.01), "even 1,000 more seeds", "1,000 more seeds, or above"),
        (judged([0.5, 0.6, 0.4]), "very roughly one more seed could decide it", "about 1 more seed"),
        (judged([0.15, -0.15] * 25), "smaller than the margin of 0.2 points.", "smaller than the margin"),
        (
            judged([0.0] * 8),
            "exactly equal in all 8 seeds, so it acts in fewer than 39 % of all seeds, at 96 % confidence. Where it "
            "acts, up to 3 points are reckoned with. If it goes on like this, very roughly 52 more seeds",
            "equal in 8 of 8 seeds",
        ),
        (
            judged([0.0] * 5 + [-3.0] * 2),
            "equal in 5 of 7 seeds, so it acts in fewer",
            "equal in 5 of 7 seeds, with a caution",
        ),
        (judged([0.05, -0.05] * 8), "differ by at most half the margin in all 16 seeds", "about 45 more seeds"),
        (
            judged(([0.0] * 9 + [-1.0]) * 20),
            "The verdict is withheld: 20 seeds lie more than 5 median deviations from the others, and",
            "hangs on 20 seeds, with a caution",
        ),
        (
            judged([0.3, -3.0, 0.35, 0.4, 0.25, 0.33]),
            " One seed lies more than 5 median deviations from the others: the verdict waits until it holds with and "
            "without it.",
            "about 498 more seeds",
        ),
        (
            judged([0.3, 0.35, 0.4, 0.25, 0.33] * 3 + [0.8]),
            " One seed lies more than 5 median deviations from the others: the verdict holds with and without it.",
            "exceeds the margin",
        ),
        (
            judged([0.3, 0.35, 0.4, 0.25, 0.33, -3.0]),
            "Caution: since this was said, one seed lies more than 5",
            "margin not settled, with a caution",
        ),
        (judged([0.06] * 90), "There is a gain, but one smaller than the margin of 0.2", "smaller than the margin"),
        (judged(EXAMPLE), "exceeds the margin of 0.2 points", "exceeds the margin"),
        (judged(EXAMPLE, margin=0.5), "is not settled", "margin not settled"),
        (judged([0.5] * 6 + [-3] * 18), " Caution: later seeds moved the mean", "exceeds the margin, with a caution"),
    ],
)
def test_the_second_line_in_full_and_in_short(verdict, second, short):
    assert second in verdicts.second_line(verdict).replace(SPACE, " ")
    assert verdicts.short_second_line(verdict) == short


def test_a_bound_is_never_rounded_onto_a_mark():
    known = judged(EXAMPLE)
    shifted = judged(np.array(EXAMPLE) - known.low + 0.001)
    assert shifted.word == "helps"
    assert "is between 0.001 and 0.5" in verdicts.sentence(shifted, "It")
    assert verdicts.interval(shifted).startswith("+0.001 to +0.5")


def test_an_effect_keeps_its_sign_and_is_never_rounded_to_nothing():
    verdict = judged(EXAMPLE)
    assert verdicts.effect(verdict) == "+0.54"
    assert verdicts.effect(replace(verdict, effect=0.004)) == "+0.004"
    assert verdicts.effect(replace(verdict, effect=1e-17)) == "0.00"
    assert verdicts.effect(replace(verdict, effect=None)) == "–"


@pytest.mark.parametrize(
    ("changes", "title", "values"),
    [
        ({"dropout": Changed(0.3, 0.0)}, "Removing dropout", "dropout 0.3 → 0"),
        ({"dropout": Changed((0.3, 0.3), (0.0,))}, "Removing dropout", "dropout 0.3-0.3 → 0"),
        ({"batch_norm": Changed(True, False)}, "Removing batch norm", "batch norm on → off"),
        ({"label_smoothing": Changed(0.0, 0.1)}, "Adding label smoothing", "label smoothing 0 → 0.1"),
        ({"limit": Changed(None, 500)}, "Adding limit", "limit none → 500"),
        ({"widths": Changed((256, 128), (512,))}, "Changing widths", "widths 256-128 → 512"),
        ({"dropout": Changed(0.3, 0), "epochs": Changed(12, 24)}, "Removing dropout and changing epochs",
         "dropout 0.3 → 0, epochs 12 → 24"),
        ({"model": Changed("mlp", "cnn"), "widths": Changed((1,), None)}, "cnn instead of mlp",
         "model mlp → cnn, widths 1 → none"),
        ({}, "twin=1", ""),
        ({k: Changed(1, 2) for k in "abcdef"}, "twin=1", "a 1 → 2, b 1 → 2, c 1 → 2, d 1 → 2 and 2 more"),
    ],
)  # fmt: skip
def test_a_change_reads_as_people_say_it(changes, title, values):
    assert what_changed(changes, "twin=1") == title
    assert from_to(changes) == values


def test_a_name_that_somebody_gave_says_more_than_the_fields():
    changes = {"early_stopping": Changed(True, False)}
    assert what_changed(changes, "without early stopping") == "Removing early stopping"
    assert what_changed(changes, "patient") == "patient"


def titles(*arms):
    return [arm.title for arm in report_of(make_summary(arms, seeds=3)).arms]


def test_the_same_change_to_two_values_is_told_apart():
    arms = [(f"dropout={v}", {"dropout": Changed(0.3, v)}, 0.0) for v in (0.1, 0.5)]
    assert titles(*arms) == ["Changing dropout (0.3 → 0.1)", "Changing dropout (0.3 → 0.5)"]


def test_arms_with_the_same_change_go_by_their_names():
    arms = [(name, {"dropout": Changed(0.3, 0)}, 0.0) for name in ("dropout=0", "dropout=0.0", "gentler")]
    assert titles(*arms) == ["Removing dropout (dropout=0)", "Removing dropout (dropout=0.0)", "gentler"]


@pytest.mark.parametrize("name", CASES)
def test_the_report_is_the_summary_and_its_words(name):
    summary = CASES[name]()
    report = json.loads(to_json(report_of(summary)))
    for arm in report["arms"]:
        assert arm.pop("title")
        assert all(arm["verdict"].pop(word) for word in ("said", "sentence", "second"))
    assert report["baseline"].pop("title")
    assert report == json.loads(to_json(summary))


def test_models_are_better_or_worse_and_their_sentences_name_both():
    report = report_of(make_comparison()[0])
    assert [arm.verdict.said for arm in report.arms][:2] == ["worse", "worse"]
    assert report.arms[0].verdict.sentence.startswith("logistic: −6.")
    assert " points against mlp, the mean of 5 seeds. " in report.arms[0].verdict.sentence


@pytest.mark.parametrize("name", CASES)
def test_the_table_for_the_terminal_has_a_line_an_arm(name):
    report = report_of(CASES[name]())
    console = Console(width=220, record=True, file=io.StringIO())
    console.print(study_table(report))
    lines = console.export_text().splitlines()
    for arm in report.arms:
        figures = verdicts.interval(arm.verdict) if arm.verdict.n else "–"
        assert any(one_line(arm.name)[:30] in line and figures in line for line in lines)


def test_the_table_at_100_columns_does_not_wrap_a_line():
    console = Console(width=100, record=True, file=io.StringIO())
    report = report_of(make_summary())
    console.print(study_table(report))
    text = console.export_text()
    table = text[: text.index("Finished: all")]
    assert len([line for line in table.splitlines() if line.strip()]) == 1 + 2 + len(ARMS)
    for arm in report.arms:
        assert verdicts.short_second_line(arm.verdict) in text


def test_nothing_in_a_name_drives_the_terminal():
    name = f"[red]{NASTY[0]}\x1b[31m\n"
    report = report_of(make_summary([(name, {}, 0.0)], seeds=3))
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(study_table(report))
    console.print(studies_table([StudyLine(study=name, path=name, size=1, title=name, verdicts={name: "helps"})]))
    text = console.export_text()
    assert f"[red]{NASTY[0]}\\x1b[31m" in text
    assert "\x1b" not in text
    assert not any("\x1b" in line or "\n" in line for line in summary_lines(report))


def test_a_damaged_study_is_a_line_of_the_list():
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(studies_table([StudyLine(study="old", path="old", size=1, damaged="it has format version 1")]))
    assert "it has format version 1" in console.export_text()


def test_the_lines_for_the_terminal_say_what_was_found_and_how_to_go_on():
    report = report_of(make_summary())
    lines = summary_lines(report)
    for arm, line in zip(report.arms, lines, strict=False):
        assert line.replace(SPACE, " ") == f"{arm.verdict.sentence} {arm.verdict.second}".replace(SPACE, " ")
    assert (
        "The same runs on the test set (2,000 images, evaluated once here; other images, not other trainings): mlp 8"
        in lines[-2]
    )
    assert (
        lines[-1] == "60 runs in 12 min 22 s on 2 workers; for more: fashionlab.resume_study('mlp-ablation', seeds=N)"
    )
    assert "Caution" in summary_lines(report_of(make_jump()))[0]


def test_the_guarantee_says_what_it_owes_to_the_declared_seeds():
    assert "No number of seeds counts as declared beforehand" in " ".join(covers(report_of(make_summary())))
    arms = make_plan().arms
    report = report_of(make_summary(declare={arms[1].name: 10, arms[2].name: 30}))
    said = " ".join(covers(report))
    assert "was declared before the first one, 10 or 30: an interval is wide at the beginning" in said
    assert "a fifth is kept for going on beyond that number" in said
    assert [arm.verdict.declared_seeds for arm in report.arms][:3] == [10, 30, None]


def test_data_with_a_validation_set_or_shared_test_images_are_told_about():
    summary = make_summary()
    report = report_of(
        replace(summary, data=replace(summary.data, given_validation=30), test=replace(summary.test, shared=7))
    )
    assert SHARED_JUDGES in covers(report)
    assert "other random splits" not in " ".join(covers(report))
    assert SHARED_JUDGES not in covers(report_of(summary))
    assert any(", 7 of them in the training set too, evaluated" in line for line in summary_lines(report))


def test_an_undecided_verdict_says_what_it_excludes():
    verdict = judged([0.5, -0.25, 0.1, 0.3, 0.0])
    assert (round(verdict.low, 2), round(verdict.high, 2)) == (-0.61, 0.87)
    assert (
        verdicts.short_answer(verdict) == "Not decided, but an effect, if any, is smaller than 0.9 points, either way."
    )


def test_a_verdict_with_failed_runs_says_so():
    line = verdicts.second_line(judged(EXAMPLE), left_out=2)
    assert (
        "2 seeds are left out, where a run failed or is lacking: the verdict is about the seeds that have both" in line
    )
