"""A search in words: what was claimed, what was confirmed, and how to go on; for terminal and page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fashionlab.options import command
from fashionlab.reports.study.verdicts import second_line, sentence
from fashionlab.reports.tables import new_table
from fashionlab.reports.wording import NONE, counted, duration, percent, plain, value_text
from fashionlab.search.summary import Confirmed, SearchSummary, Trial, best_of
from fashionlab.text import one_line

if TYPE_CHECKING:
    from rich.table import Table

MOST_ROWS = 10
"""Trials that a terminal shows, the best first."""


def short(value: float | int | str) -> str:
    """A trial's value in three figures."""
    return f"{value:.3g}" if isinstance(value, float) else value_text(value)


def ended(trial: Trial) -> str:
    """How a trial ended."""
    match trial.state:
        case "finished":
            return "finished" if trial.same_as is None else f"finished, the run of trial {trial.same_as}"
        case "pruned":
            return f"stopped after {counted(trial.epochs or 0, 'epoch')}"
        case "failed":
            return f"failed: {trial.reason}"
    return "not finished"


def trial_line(trial: Trial) -> str:
    """A trial in one line: how it ended, and its values."""
    scores = f"{percent(trial.accuracy, 2)}, loss {plain(trial.loss, 4)}"
    how = scores if trial.state == "finished" and trial.same_as is None else ended(trial)
    values = ", ".join(f"{name.replace('_', ' ')} {short(value)}" for name, value in trial.values.items())
    default = " (the default)" if trial.default else ""
    return f"trial {trial.number:>3}  {how}  {values}{default}"


def ranked(summary: SearchSummary) -> list[Trial]:
    """The trials: finished ones from the best on, then the others by number."""
    left, found = [*summary.trials], list[Trial]()
    while best := best_of(left, summary.objective):
        found.append(best)
        left.remove(best)
    return [*found, *left]


def counts(summary: SearchSummary) -> str:
    """ "20 trials: 14 finished, 5 stopped early, 1 failed"."""
    words = {"finished": "finished", "pruned": "stopped early", "failed": "failed", "under way": "not finished"}
    states = [trial.state for trial in summary.trials]
    parts = [f"{states.count(state)} {word}" for state, word in words.items() if state in states]
    return f"{counted(len(states), 'trial')}: {', '.join(parts)}" if parts else "no trial yet"


def claim(summary: SearchSummary) -> str:
    """What the search alone would say."""
    best = next((trial for trial in summary.trials if trial.number == summary.best), None)
    if best is None:
        return "No trial is finished, so there is no best one yet."
    said = (
        f"The best is trial {best.number}: {percent(best.accuracy, 2)} on the {summary.judge_rows:,} images that judge"
    )
    if best.default:
        return f"{said}. That is the default: nothing that was tried is better, and there is nothing to confirm."
    default = next((trial for trial in summary.trials if trial.default and trial.accuracy is not None), None)
    if default is None or best.accuracy is None:
        return f"{said}. The default was not among the trials."
    more = 100 * (best.accuracy - (default.accuracy or 0.0))
    return f"{said}, {_points(more)} {'above' if more >= 0 else 'below'} the default under the same seed."


def verdict_sentence(confirmed: Confirmed) -> str:
    """What fresh seeds say about the best."""
    return f"{sentence(confirmed.verdict, f'The recipe of trial {confirmed.trial}')} {second_line(confirmed.verdict)}"


def flattery(summary: SearchSummary) -> str:
    """By how much the best trial flattered itself; nothing before the confirmation."""
    confirmed = summary.confirmed
    if confirmed is None or confirmed.flattery is None:
        return ""
    fresh = counted(len(confirmed.seeds), "fresh seed")
    text = (
        f"The best trial's accuracy is {_gap(confirmed.flattery)} than its recipe's mean on {fresh} "
        f"({plain(confirmed.best.mean)} %)."
    )
    if confirmed.default_flattery is None:
        return f"{text} Part of that may be the seed's own effect; the default was not among the trials to tell it by."
    selected = confirmed.flattery - confirmed.default_flattery
    text += f" The default's, which nothing selected, is {_gap(confirmed.default_flattery)}: the seed's own effect."
    if selected <= 0:
        return f"{text} So the best of the trials has not flattered itself here."
    trials = counted(sum(trial.state == "finished" for trial in summary.trials), "finished trial")
    return f"{text} So the best of {trials} flatters itself by {_points(selected)}, which are not there on other seeds."


def search_table(summary: SearchSummary) -> "Table":
    """The best trials."""
    rows = [
        (
            f"{trial.number}{' (default)' if trial.default else ''}",
            percent(trial.accuracy, 2),
            plain(trial.loss, 4),
            *values,
            how,
        )
        for trial, how, values in rows_of(summary)[:MOST_ROWS]
    ]
    names = [field.name.replace("_", " ") for field in summary.fields]
    left_out = len(summary.trials) - len(rows)
    more = [f"and {counted(left_out, 'more trial')}, on the page"] if left_out > 0 else []
    caption = [f"{counts(summary)}, in {duration(summary.seconds)}", *more]
    return new_table(("trial", "accuracy", "loss", *names, ""), rows, title=summary.title, caption=caption)


def search_lines(summary: SearchSummary, recipe_file: Path | None) -> list[str]:
    """The claim, the verdict, the flattery, and how to go on."""
    lines = [claim(summary)]
    if summary.confirmed:
        lines += [verdict_sentence(summary.confirmed), flattery(summary)]
    lines += [f"to go on with the best: {command('train', recipe_file)}"] if recipe_file else []
    lines.append(f"for more trials: {command('resume_search', summary.name, trials=len(summary.trials) + 20)}")
    return [one_line(line) for line in lines if line]


def rows_of(summary: SearchSummary) -> Sequence[tuple[Trial, str, Sequence[str]]]:
    """Each trial, the best first, how it ended, and its values in the order of the fields."""
    return [
        (
            trial,
            ended(trial),
            [short(trial.values[field.name]) if field.name in trial.values else NONE for field in summary.fields],
        )
        for trial in ranked(summary)
    ]


def _gap(points: float) -> str:
    return f"{_points(points)} {'higher' if points >= 0 else 'lower'}"


def _points(points: float) -> str:
    return f"{abs(points):.2f} points"
