"""`fashionlab lesson`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fashionlab.cli.common import JSON, RUNS, open_if_asked, print_json, print_line, print_table
from fashionlab.cli.study import WHERE, execution_of
from fashionlab.text import tell

if TYPE_CHECKING:
    from fashionlab.studies.design.lesson import Lesson


def _ask(lesson: "Lesson") -> int:
    """The prediction, asked for on the terminal."""
    from fashionlab.reports.study.lesson import question_lines

    for line in question_lines(lesson):
        tell(line)
    choices = click.IntRange(1, len(lesson.choices))
    return click.prompt("Your prediction, before anything runs", type=choices, err=True)


@click.command(params=[click.Argument(["name"], required=False, metavar="[LESSON]"), *WHERE, RUNS, JSON])
@click.option("--predict", default=None, type=int, metavar="N", help="Your prediction: the number of a choice.")
@click.option("--no-ask", is_flag=True, help="Ask for no prediction; the page still does.")
@click.option("--seeds", default=None, type=int, metavar="N", help="How many seeds.  [the lesson's]")
@click.option("--first-seed", default=None, type=int, metavar="N", help="The first of them.  [the lesson's]")
def lesson(name: str | None, predict: int | None, no_ask: bool, runs: Path, as_json: bool, **options: Any) -> None:
    """Learn how networks learn: predict, train, and check what was predicted.

    Without a LESSON, lists them. LESSON is a name from that list, or a file of your own, made like those in
    recipes/lessons. On a terminal it first asks for a prediction. Then it trains a small study, measures what its
    curves should show, and makes a page that asks the same question before it shows the results. An interrupted lesson
    goes on with fashionlab study resume.

    \b
    fashionlab lesson
    fashionlab lesson overfit
    fashionlab lesson overfit --predict 2
    """
    from fashionlab import lab
    from fashionlab.reports.study.lesson import lesson_lines, lesson_table, lessons_table

    execution = execution_of(options)
    if name is None:
        lessons = lab.list_lessons()
        if as_json:
            print_json(lessons)
        else:
            print_table(lessons_table(lessons))
        open_if_asked(None)
        return
    if predict is not None:
        lab.find_lesson(name).require_choice(predict)
    asks = predict is None and not no_ask and not as_json and sys.stdin.isatty() and sys.stderr.isatty()
    result = lab.begin_lesson(name, _ask if asks else lambda _: predict, runs=runs, execution=execution, **options)
    done = result.lesson
    assert done is not None, "it was begun as a lesson"
    if as_json:
        print_json({"study": str(result.path), "page": str(result.page) if result.page else None, "lesson": done})
    else:
        print_table(lesson_table(done))
        for line in lesson_lines(done):
            print_line(line)
        print_line(result.page or result.path)
    open_if_asked(result.page)
