"""A lesson in words: its prediction, its checks, what they come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fashionlab.reports.study import verdicts
from fashionlab.reports.tables import new_table
from fashionlab.reports.wording import NONE, SPACE, counted, plain, signed
from fashionlab.studies.checks import CheckResult, LessonResult
from fashionlab.studies.design.lesson import MEASURES, Check, Lesson
from fashionlab.studies.stats.verdict import Word
from fashionlab.text import one_line

if TYPE_CHECKING:
    from rich.table import Table

FEW_SEEDS = (
    "A lesson trains few seeds, so that it is done in minutes. Its checks are about what is large enough to be seen "
    "with so few; what the study below calls undecided would need more."
)


@dataclass(frozen=True)
class CheckRow:
    """A check for people. what: is measured, of which arm; measured: the mean; each: the value of every seed; expected:
    the bounds; word: "holds", "does not hold" or "not measured"; style, shape: of the page,
    those of a verdict that is as good."""

    say: str
    what: str
    measured: str
    each: str
    expected: str
    word: str
    style: str
    shape: str


def check_rows(result: LessonResult) -> list[CheckRow]:
    """The checks, in the order of the lesson."""
    return [_row(check) for check in result.checks]


def verdict(result: LessonResult) -> str:
    """What the checks come to, in a sentence or two."""
    total, held = len(result.checks), sum(check.holds is True for check in result.checks)
    if result.holds is None:
        return f"Not all runs are finished: {held} of {counted(total, 'check')} hold so far."
    if result.holds:
        return f"Of {counted(total, 'check')} all hold: these runs show what the lesson is about."
    failed = [check.check.say for check in result.checks if not check.holds]
    return (
        f"{held} of {counted(total, 'check')} hold. These runs do not show everything that was expected "
        f"({'; '.join(failed)}): look for the reason in the curves before you trust the explanation."
    )


def prediction(result: LessonResult) -> str:
    """What was predicted, and what is expected."""
    lesson, expected = result.lesson, f"Expected: {_choice(result.lesson, result.lesson.answer)}"
    if result.predicted is None:
        return expected
    if result.predicted == lesson.answer:
        return f"You predicted, as expected: {_choice(lesson, lesson.answer)}"
    return f"You predicted: {_choice(lesson, result.predicted)} {expected}"


@dataclass(frozen=True)
class Frame:
    """What a lesson adds to its study's page. verdict: what the
    checks come to."""

    lesson: Lesson
    predicted: int | None
    checks: list[CheckRow]
    verdict: str
    few_seeds: str = FEW_SEEDS


def lesson_frame(result: LessonResult) -> Frame:
    """The lesson as its page shows it."""
    return Frame(result.lesson, result.predicted, check_rows(result), verdict(result))


def lesson_table(result: LessonResult) -> "Table":
    """The checks for a terminal."""
    rows = [(row.say, row.measured, row.expected, row.word) for row in check_rows(result)]
    return new_table(("check", "measured", "expected", ""), rows, title=result.lesson.question, text=(0, 2, 3))


def lesson_lines(result: LessonResult) -> list[str]:
    """The words beside the table of the checks."""
    lesson = result.lesson
    lines = [prediction(result), lesson.explanation, verdict(result), f"To think about: {lesson.closing}"]
    return [one_line(line) for line in lines]


def question_lines(lesson: Lesson) -> list[str]:
    """The question with its choices, before the prediction."""
    return [lesson.question, *(f"  {number}  {text}" for number, text in enumerate(lesson.choices, start=1))]


def lessons_table(lessons: Sequence[Lesson]) -> "Table":
    """The list of lessons."""
    rows = [(lesson.name, lesson.question, f"{lesson.minutes:g} min") for lesson in lessons]
    caption = ["Times are on 2 cores with nothing else running. Run one with: fashionlab lesson NAME"]
    return new_table(("lesson", "question", "time"), rows, caption=caption, text=(1,))


def _choice(lesson: Lesson, number: int) -> str:
    return lesson.choices[number - 1]


def _row(result: CheckResult) -> CheckRow:
    check = result.check
    word = {True: "holds", False: "does not hold", None: "not measured"}[result.holds]
    alike: dict[bool | None, Word] = {True: "helps", False: "hurts", None: "undecided"}
    style, shape = verdicts.STYLES[alike[result.holds]], verdicts.SHAPES[alike[result.holds]]
    measured = NONE if result.value is None else _value(check, result.value)
    each = ", ".join(f"seed {s}: {_value(check, v)}" for s, v in zip(result.seeds, result.values, strict=True))
    return CheckRow(check.say, what_is_measured(check), measured, each, _expected(check), word, style, shape)


def what_is_measured(check: Check) -> str:
    """ "training loss in the last epoch: narrow minus baseline"."""
    arms = check.arm if check.than is None else f"{check.arm} minus {check.than}"
    return f"{MEASURES[check.measure][0]}: {arms}"


def _expected(check: Check) -> str:
    low, high = check.at_least, check.at_most
    if low is not None and high is not None:
        return f"{_value(check, low)} to {_value(check, high)}"
    if low is not None:
        return f"at least {_value(check, low)}"
    return "" if high is None else f"at most {_value(check, high)}"


def _value(check: Check, value: float) -> str:
    """In the unit of the check: "0.412 nats", "−1.3 points"."""
    unit, digits = MEASURES[check.measure][1], {"nats": 3, "": 0}.get(MEASURES[check.measure][1], 1)
    if not unit and value % 1:
        digits = 1
    if check.than is not None and unit == "%":
        unit = "points"
    text = plain(value, digits) if check.than is None or not unit else signed(value, digits)
    return f"{text}{SPACE}{unit}" if unit else text
