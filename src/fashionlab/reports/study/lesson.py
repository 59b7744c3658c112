"""A lesson in words: its prediction, its checks, what they come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from fashionlab.evaluation.disturbances import UNITS
from fashionlab.reports.figures import Display
from fashionlab.reports.figures.study.robustness import Worsened, robustness
from fashionlab.reports.study import verdicts
from fashionlab.reports.study.report import StudyReport, from_to
from fashionlab.reports.tables import new_table
from fashionlab.reports.wording import NONE, SPACE, counted, percent, plain, signed
from fashionlab.studies.design.lesson import MEASURES, Check, Lesson
from fashionlab.studies.lessons.checks import CheckResult, LessonResult
from fashionlab.studies.lessons.robustness import RobustnessTable
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
    checks come to; arms: name, and what it is."""

    lesson: Lesson
    predicted: int | None
    checks: list[CheckRow]
    verdict: str
    robustness: "RobustTable | None"
    arms: list[tuple[str, str]]
    few_seeds: str = FEW_SEEDS


def lesson_frame(result: LessonResult, report: StudyReport) -> Frame:
    """The lesson as its page shows it."""
    table = robust_table(result.robustness) if result.robustness else None
    arms = [(report.baseline.name, f"{report.baseline.model}, which the others are compared with")]
    arms += [(arm.name, from_to(arm.changes, None)) for arm in report.arms]
    return Frame(result.lesson, result.predicted, check_rows(result), verdict(result), table, arms)


@dataclass(frozen=True)
class RobustTable:
    """Accuracies on changed images. arms: the columns; rows: condition, unit and an accuracy for each arm, means over
    the seeds; n: images of a seed."""

    arms: list[str]
    rows: list[tuple[str, str, list[str]]]
    n: int


def robust_table(table: RobustnessTable) -> RobustTable | None:
    """The table of a lesson's page; None where nothing is measured yet."""
    ways = worsened(table)
    if not ways:
        return None
    arms = list(ways[0].accuracies)
    rows = [("none", "the images as they are", [percent(ways[0].accuracies[arm][0]) for arm in arms])]
    for way in ways:
        rows += [
            (f"{way.name} {strength:g}", way.unit, [percent(way.accuracies[arm][place]) for arm in arms])
            for place, strength in enumerate(way.strengths)
            if place
        ]
    return RobustTable(arms, rows, max(run.n for run in table.runs))


def worsened(table: RobustnessTable) -> list[Worsened]:
    """By kind of change, the mean accuracy of each arm at each strength, 0 first; nothing where no run is measured."""
    runs = {arm: [run for run in table.runs if run.arm == arm] for arm in dict.fromkeys(run.arm for run in table.runs)}
    if not runs:
        return []
    found, place = [], 0
    for kind, strengths in table.asked.kinds.items():
        accuracies = {
            arm: [
                fmean(run.accuracy for run in own),
                *(fmean(run.changed[place + i] for run in own) for i in range(len(strengths))),
            ]
            for arm, own in runs.items()
        }
        found.append(Worsened(kind, UNITS[kind], (0.0, *strengths), accuracies))
        place += len(strengths)
    return found


def lesson_figures(result: LessonResult | None) -> dict[str, Display]:
    """What the lesson adds to the figures of its study, by name."""
    ways = worsened(result.robustness) if result and result.robustness else []
    return {display.name: display for display in ([robustness(ways)] if ways else [])}


def lesson_table(result: LessonResult) -> "Table":
    """The checks for a terminal."""
    rows = [(row.say, row.measured, row.expected, row.word) for row in check_rows(result)]
    return new_table(("check", "measured", "expected", ""), rows, title=result.lesson.question, text=(0, 2, 3))


def lesson_lines(result: LessonResult) -> list[str]:
    """The words beside the table of the checks."""
    lesson = result.lesson
    lines = [prediction(result), lesson.explanation, verdict(result), f"To think about: {lesson.closing}"]
    return [one_line(line) for line in lines]


def check_lines(result: LessonResult) -> list[str]:
    """The checks, where there is no room for their table."""
    rows = check_rows(result)
    return [one_line(f"{row.word}: {row.say} (measured {row.measured}, expected {row.expected})") for row in rows]


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
    under = f" ({check.under})" if check.under else ""
    return f"{MEASURES[check.measure][0]}{under}: {arms}"


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
