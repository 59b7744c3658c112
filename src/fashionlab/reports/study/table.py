"""A study's verdicts as a table for the terminal."""

from typing import TYPE_CHECKING

from fashionlab.reports.study import verdicts
from fashionlab.reports.study.answer import state
from fashionlab.reports.study.report import StudyReport
from fashionlab.reports.tables import new_table, plain
from fashionlab.reports.wording import NONE, one_line

if TYPE_CHECKING:
    from rich.table import Table


def study_table(report: StudyReport) -> "Table":
    """A line an arm: what it is, the verdict's word, effect with interval, seeds, and the second line in short.

    From about 100 columns on nothing wraps, unless names are long.
    """
    table = new_table("arm", "verdict", "effect in points", "seeds", "", title=plain(one_line(report.title)))
    for column in (table.columns[0], table.columns[1], table.columns[4]):
        column.no_wrap, column.overflow, column.justify, column.min_width = False, "fold", "left", 10
    for arm in report.arms:
        verdict = arm.verdict
        effect = f"{verdicts.effect(verdict)} ({verdicts.interval(verdict)})" if verdict.n else NONE
        name = one_line(arm.name) + (" (added later)" if arm.added_later else "")
        table.add_row(plain(name), verdict.said, effect, str(verdict.n), verdicts.short_second_line(verdict))
    table.caption = plain(f"{state(report)} The margin is ±{report.margin:g} points.")
    table.caption_justify = "left"
    return table
