"""A study in a few lines for a terminal, beside the table of its verdicts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fashionlab.reports.study.report import StudyReport
from fashionlab.reports.tables import new_table, plain
from fashionlab.reports.wording import NONE, countdown, counted, one_line, times
from fashionlab.studies.overview import StudyLine
from fashionlab.studies.stats.describe import Description

if TYPE_CHECKING:
    from rich.table import Table


def summary_lines(report: StudyReport) -> list[str]:
    """Each verdict as a sentence, the test set, failures, and how to go on."""
    lines = [f"{arm.verdict.sentence} {arm.verdict.second}" for arm in report.arms]
    if report.test:
        accuracies = ", ".join(f"{arm.name} {_spread(arm.accuracy)}" for arm in report.test.arms)
        lines.append(
            f"On the test set ({report.test.n:,} images, for confirmation, evaluated {times(report.test.evaluations)} "
            f"here): {accuracies}"
        )
    for each in report.everyone:
        lines += [
            f"failed: {each.name}, seed {run.seed}, {counted(run.attempts, 'attempt')}: {run.reason}"
            for run in each.failures
        ]
    done = f"{counted(report.runs.done, 'run')} in {countdown(report.seconds)} on {counted(report.workers, 'worker')}"
    undecided = any(arm.verdict.word == "undecided" for arm in report.arms)
    more = f"; for more: fashionlab study resume {report.name} --seeds N" if undecided else ""
    return [one_line(line) for line in [*lines, done + more]]


def studies_table(lines: Sequence[StudyLine]) -> "Table":
    """The list of studies."""
    table = new_table("study", "question", "state", "runs", "verdicts")
    table.columns[1].justify = table.columns[4].justify = "left"
    for line in lines:
        verdicts = ", ".join(f"{name}: {word}" for name, word in line.verdicts.items())
        done = f"{line.runs.done}/{line.runs.planned}" if line.runs else NONE
        title, state = (line.title or "", line.state or "") if line.damaged is None else (line.damaged, "damaged")
        table.add_row(plain(one_line(line.study)), plain(one_line(title)), state, done, plain(one_line(verdicts)))
    return table


def _spread(figures: Description) -> str:
    if figures.mean is None:
        return NONE
    deviation = "" if figures.deviation is None else f" ± {figures.deviation:.2f}"
    return f"{figures.mean:.2f}{deviation} %"
