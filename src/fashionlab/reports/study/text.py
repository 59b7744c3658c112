"""A study for a terminal: the table of its verdicts, a few lines beside it, and the list of studies."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fashionlab.options import Blank, command
from fashionlab.reports.study import verdicts
from fashionlab.reports.study.answer import state
from fashionlab.reports.study.guarantee import alike, not_tested, starts
from fashionlab.reports.study.report import StudyReport
from fashionlab.reports.tables import new_table
from fashionlab.reports.wording import NONE, countdown, counted, times
from fashionlab.studies.overview import StudyLine
from fashionlab.studies.stats.describe import Description
from fashionlab.text import one_line

if TYPE_CHECKING:
    from rich.table import Table


def study_table(report: StudyReport) -> "Table":
    """A line an arm: what it is, the verdict's word, effect with interval, seeds, and the second line in short.

    From about 100 columns on nothing wraps, unless names are long.
    """
    rows = []
    for arm in report.arms:
        verdict = arm.verdict
        effect = f"{verdicts.effect(verdict)} ({verdicts.interval(verdict)})" if verdict.n else NONE
        name = arm.name + (" (added later)" if arm.added_later else "")
        rows.append((name, verdict.said, effect, str(verdict.n), verdicts.short_second_line(verdict)))
    return new_table(
        ("arm", "verdict", "effect in points", "seeds", ""),
        rows,
        title=report.title,
        caption=[f"{state(report)} The margin is ±{report.margin:g} points."],
        text=(0, 1, 4),
    )


def summary_lines(report: StudyReport) -> list[str]:
    """Each verdict as a sentence, the test set, failures, and how to go on."""
    lines = [f"{arm.verdict.sentence} {arm.verdict.second}" for arm in report.arms]
    if report.test:
        accuracies = ", ".join(f"{arm.name} {_spread(arm.accuracy)}" for arm in report.test.arms)
        shared = f", {report.test.shared:,} of them in the training set too" if report.test.shared else ""
        images = f"{report.test.n:,} images{shared}"
        lines.append(
            f"The same runs on the test set ({images}, evaluated {times(report.test.evaluations)} here; other images, "
            f"not other trainings): {accuracies}"
        )
    lines += [*starts(report), *not_tested(report), *alike(report)]
    for each in report.everyone:
        lines += [
            f"failed: {each.name}, seed {run.seed}, {counted(run.attempts, 'attempt')}: {run.reason}"
            for run in each.failures
        ]
    done = f"{counted(report.runs.done, 'run')} in {countdown(report.seconds)} on {counted(report.workers, 'worker')}"
    if report.imported is not None:
        done = f"{counted(report.runs.done, 'result')} imported from {report.data.name}"
        return [one_line(line) for line in [*lines, done]]
    more = f"; for more: {command('resume_study', report.name, seeds=Blank('N'))}" if report.wants_seeds else ""
    return [one_line(line) for line in [*lines, done + more]]


def studies_table(lines: Sequence[StudyLine]) -> "Table":
    """The list of studies."""
    rows = []
    for line in lines:
        words = ", ".join(f"{name}: {word}" for name, word in line.verdicts.items())
        done = f"{line.runs.done}/{line.runs.planned}" if line.runs else NONE
        title, stands = (line.title or "", line.state or "") if line.damaged is None else (line.damaged, "damaged")
        rows.append((line.path, title, stands, done, words))
    return new_table(("study", "question", "state", "runs", "verdicts"), rows, text=(1, 4))


def _spread(figures: Description) -> str:
    if figures.mean is None:
        return NONE
    deviation = "" if figures.deviation is None else f" ± {figures.deviation:.2f}"
    return f"{figures.mean:.2f}{deviation} %"
