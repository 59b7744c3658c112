"""A report in a few lines, for a terminal."""

from fashionlab.evaluation import Missing
from fashionlab.reports.run.sections.answer import AnswerSection
from fashionlab.reports.run.summary import RunReport
from fashionlab.reports.wording import duration, percent, plain
from fashionlab.text import one_line


def report_lines(report: RunReport) -> list[str]:
    """What the page says first. Each is one line, whatever is in users' names."""
    answer = report.answer
    best = f", {answer.unit} {answer.best_epoch} of {answer.epochs} kept" if answer.epochs else ""
    lines = [f"{report.title}: {_accuracy(answer)}, {duration(answer.seconds.training)} of training{best}"]
    lines += filter(None, [answer.subset])
    if not isinstance(report.learning, Missing):
        lines += report.learning.sentences
    if not isinstance(report.errors, Missing):
        lines.append(report.errors.sentence)
    if not isinstance(report.confidence, Missing):
        lines += report.confidence.sentences
    lines += [f"not shown: {name}: {why}" for name, why in report.missing.items()]
    return [one_line(line) for line in lines]


def _accuracy(answer: AnswerSection) -> str:
    """The accuracy with its interval, and of what it is one."""
    judged = answer.judged
    if isinstance(judged, Missing):
        return judged.reason
    low, high = (plain(100 * bound, 1) for bound in (judged.accuracy_low, judged.accuracy_high))
    of = f"of {judged.n:,} {judged.name} images classified correctly"
    return f"{percent(judged.accuracy, 2)} (95 % interval {low} to {high}) {of}"
