"""Runs side by side in a few lines, for a terminal."""

from fashionlab.reports.runs.pairs import PairMissing
from fashionlab.reports.runs.summary import SideBySide
from fashionlab.reports.wording import NONE, setting_text, value_text
from fashionlab.text import one_line


def side_by_side_lines(report: SideBySide) -> list[str]:
    """The verdict, what differs, each pair in a sentence, and what these sentences do not say."""
    lines = list(report.verdict[:1])
    lines += [f"{run.letter}: {run.line.run} ({run.title})" for run in report.runs]
    for row in report.differs:
        values = " | ".join(NONE if value is None else value_text(value) for value in row.values)
        lines.append(f"{setting_text(row.name)}: {values}")
    lines.append(report.judged)
    lines += [
        f"{pair.a} and {pair.b} are not compared: {pair.reason}" if isinstance(pair, PairMissing) else pair.sentence
        for pair in report.pairs
    ]
    lines += report.caveats
    if report.study:
        lines.append(f"ask it with: {report.study}")
    return [one_line(line) for line in lines]
