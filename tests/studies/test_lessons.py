"""Lessons: their files, their checks, and a tiny one from the command line to its page."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

import fashionlab
from fashionlab import lab
from fashionlab.cli.lesson import _ask
from fashionlab.errors import UsageError
from fashionlab.lab.lessons import lesson_path
from fashionlab.recipe.recipe import Recipe
from fashionlab.reports.study.lesson import check_rows, prediction, verdict
from fashionlab.studies.design.lesson import MEASURES, check_lesson_arms, read_lesson_file
from fashionlab.studies.design.plan import StudyContext, arms_of_changes
from fashionlab.studies.lessons.checks import LessonResult, check_all

NAMES = [lesson.name for lesson in lab.list_lessons()]

TINY = """
[lesson]
question = "Does <b>a wide</b> network have more parameters?"
choices = ["No.", "Yes."]
answer = 2
explanation = "Each unit has weights of its own."
closing = "Is more better?"
minutes = 0.1
[[check]]
say = "it has more parameters"
measure = "parameters"
arm = "wide"
than = "baseline"
at_least = 1
[[check]]
say = "it trains no longer"
measure = "epochs"
arm = "wide"
at_most = 1
[[check]]
say = "an image that is moved is hard for it"
measure = "accuracy lost"
under = "shift 9"
arm = "wide"
at_least = -100
[robustness]
noise = [0.2, 0.5]
shift = [9]
images = 30
[study]
title = "Wide?"
seeds = 1
[data]
dataset = "SAMPLE"
[training]
epochs = 2
batch_size = 64
[model]
name = "mlp"
widths = [4]
[[change]]
name = "wide"
widths = [16]
"""


@pytest.mark.parametrize("name", NAMES)
def test_the_arms_of_every_lesson_can_be_made_and_its_checks_are_about_them(name, sample):
    lesson, file = read_lesson_file(lesson_path(name))
    context = StudyContext(sample)
    base = context.make_arm("baseline", Recipe.make(file.model, file.settings))
    arms = [base, *arms_of_changes(base, file.changes, False, context)]
    check_lesson_arms(lesson, SimpleNamespace(arms=arms))
    assert lesson.name == name
    assert lesson.minutes < 5
    assert file.terms["all_seeds"], "what is measured does not depend on when the verdicts are decided"
    head = lesson_path(name).read_text().split("\n\n")[0]
    assert f"fashionlab lesson {name}" in head
    assert f"about {lesson.minutes:g} minute" in head


def test_there_are_seven_in_the_order_in_which_they_build_on_each_other():
    assert NAMES[:3] == ["underfit", "overfit", "early-stopping"]
    assert len(NAMES) == 7


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[lesson]", "[other]", "has no table [lesson]"),
        ("answer = 2", "answer = 3", "the answer is choice 3, and there are 2"),
        ('measure = "epochs"', 'measure = "speed"', "Invalid enum value 'speed'"),
        ("at_most = 1\n", "", "has neither at_least nor at_most"),
        ('under = "shift 9"', 'under = "shift 8"', "is under 'shift 8', expected of: noise 0.2, noise 0.5, shift 9"),
        ('under = "shift 9"\n', "", "needs `under` with accuracy lost"),
        ('than = "baseline"', 'than = "wide"', "compares 'wide' with itself"),
        ("noise = [0.2, 0.5]", "fog = [1]", "unknown field `fog`"),
        ('arm = "wide"\nat_most', 'arm = "narrow"\nat_most', "about 'narrow', the arms are baseline, wide"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_a_sentence(old, new, sentence, tmp_path, monkeypatch, sample_path):
    monkeypatch.setattr("fashionlab.studies.declare.check_models", lambda arms: None)
    path = tmp_path / "tiny.toml"
    path.write_text(TINY.replace("SAMPLE", str(sample_path)).replace(old, new, 1))
    with pytest.raises(UsageError, match=r".") as error:
        fashionlab.lesson(str(path), runs=tmp_path / "runs")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "runs").exists()


def test_a_name_or_a_choice_that_is_not_there(ask):
    status, _, error = ask("lesson", "overfitt")
    assert (status, "did you mean overfit?" in error.lower() or "overfit" in error) == (2, True)
    status, _, error = ask("lesson", "overfit", "--predict", "9")
    assert (status, "given 9, expected 1 to 4" in error) == (2, True)
    status, _, error = ask("study", str(lesson_path("overfit")))
    assert (status, "run it with: fashionlab lesson" in error) == (2, True)


def test_the_list_has_questions_and_times(ask):
    status, out, _ = ask("lesson")
    assert status == 0
    for lesson in lab.list_lessons():
        assert lesson.question in out
        assert lesson.name in out


def test_the_prediction_is_asked_for(monkeypatch, capsys):
    answers = iter(["7", "2"])
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda text: next(answers))
    lesson = lab.find_lesson("overfit")
    assert _ask(lesson) == 2
    said = capsys.readouterr().err
    assert lesson.question in said
    assert f"  4  {lesson.choices[3]}" in said


def test_a_check_is_the_mean_over_the_seeds_that_have_it():
    lesson = lab.find_lesson("overfit")
    rise, gap = (next(c for c in lesson.checks if c.measure == m) for m in ("rise", "loss gap"))
    pair = replace(gap, arm="a", than="b", at_least=None, at_most=-0.5)
    measured = {
        "baseline": {0: {"rise": 10.0, "loss gap": 0.2}, 1: {"rise": 90.0}},
        "a": {0: {"loss gap": 0.25}, 1: {"loss gap": 3.0}},
        "b": {0: {"loss gap": 0.75}},
    }
    found = check_all([rise, gap, pair, replace(pair, than="c")], measured)
    assert [(each.seeds, each.value, each.holds) for each in found] == [
        ((0, 1), 50.0, True), ((0,), 0.2, False), ((0,), -0.5, True), ((), None, None),
    ]  # fmt: skip
    result = LessonResult(lesson, 1, found)
    assert result.holds is None
    assert "Not all runs are finished: 2 of 4 checks hold so far." in verdict(result)
    rows = check_rows(replace(result, checks=found[:3]))
    assert [row.word for row in rows] == ["holds", "does not hold", "holds"]
    assert [row.measured for row in rows] == ["50.0\xa0%", "0.200\xa0nats", "−0.500\xa0nats"]
    assert "2 of 3 checks hold" in verdict(replace(result, checks=found[:3]))
    assert prediction(result).startswith(f"You predicted: {lesson.choices[0]}")
    assert all(MEASURES)


@pytest.fixture(scope="module")
def answer(tmp_path_factory, sample_path):
    """What the command prints of a tiny lesson, carried out without a terminal."""
    folder = tmp_path_factory.mktemp("lesson")
    (folder / "tiny.toml").write_text(TINY.replace("SAMPLE", str(sample_path)))
    command = [sys.executable, "-m", "fashionlab", "lesson", "tiny.toml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.fixture
def done(answer):
    return lab.open_study(runs=answer[0] / "runs")


def test_the_command_ends_with_checks_question_and_page(answer, done):
    folder, out = answer
    for words in ("it has more parameters", "9,540", "at least 1", "does not hold", "2 of 3 checks hold"):
        assert words in out
    *_, closing, page = out.splitlines()
    assert closing == "To think about: Is more better?"
    assert folder / page == done.page
    assert done.path.name.startswith("lesson-tiny-")


def test_a_lesson_is_a_study_that_checks_itself(done):
    result = done.lesson
    assert [check.holds for check in result.checks] == [True, False, True]
    assert result.checks[0].value == (16 - 4) * (784 + 1 + 10)
    assert [len(run.changed) for run in result.robustness.runs] == [3, 3]
    assert done.summary.test is None
    assert "To think about: Is more better?" in done.lines()
    assert "does not hold: it trains no longer (measured 2, expected at most 1)" in done.lines()
    page = done.page.read_text()
    assert page.count("does not hold") == 1
    assert "<b>a wide</b>" not in page
    assert "Accuracy on changed images" in page


def test_it_goes_on_as_studies_do_and_what_is_missing_is_measured(done, ask):
    (done.path / "robustness.json").unlink()
    assert done.lesson.holds is None
    status, out, _ = ask("study", "resume", str(done.path))
    assert (status, "To think about" in out) == (0, True)
    assert done.lesson.checks[2].holds


def test_damaged_words_are_named_and_cost_only_themselves(done, ask):
    whole = (done.path / "lesson.json").read_text()
    document = json.loads(whole)
    document["lesson"]["checks"][0]["arm"] = "nobody"
    (done.path / "lesson.json").write_text(json.dumps(document))
    try:
        status, _, error = ask("study", "show", str(done.path))
        assert (status, "lesson.json is damaged (a check of the lesson is about 'nobody'" in error) == (1, True)
    finally:
        (done.path / "lesson.json").write_text(whole)
