"""A search's page: its summary as one HTML file that needs nothing else, and writing it beside the summary."""

from collections.abc import Sequence
from pathlib import Path

from fashionlab.files import make_folder, write_atomically
from fashionlab.reports.figures import Display, style_sheet
from fashionlab.reports.figures.search import Axis, Score, history, importance, slice_of
from fashionlab.reports.run.render import finished, page_environment, shown
from fashionlab.reports.run.scripts import page_text
from fashionlab.reports.search.text import claim, counts, flattery, rows_of, trial_line, verdict_sentence
from fashionlab.reports.study.verdicts import SHAPES, STYLES
from fashionlab.reports.wording import duration, plain, signed
from fashionlab.search.summary import SearchSummary, Trial

PAGE = "report/index.html"
"""The page's name in the search's folder."""

STATES = {
    "running": "The trials are under way.",
    "trials": "All trials that were planned are made.",
    "minutes": "The trials ended because their time was up.",
    "stopped": "The search was stopped; fashionlab search resume goes on with it.",
}


def render_search(summary: SearchSummary) -> bytes:
    """The page, UTF-8. Everything is escaped: names and choices are users' text."""
    from markupsafe import Markup

    confirmed = summary.confirmed
    environment = page_environment()
    environment.filters |= {"signed": signed, "plain": plain}
    text = environment.get_template("search.html").render(
        s=summary,
        state=STATES[summary.state],
        counts=counts(summary),
        claim=claim(summary),
        verdict=verdict_sentence(confirmed) if confirmed else "",
        style_of=STYLES,
        shape_of=SHAPES,
        flattery=flattery(summary),
        rows=rows_of(summary),
        seconds=duration(summary.seconds),
        figures=shown({display.name: display for display in page_figures(summary)}),
        style=Markup(style_sheet() + page_text("style.css") + page_text("study.css")),
    )
    return finished(text)


def page_figures(summary: SearchSummary) -> list[Display]:
    """The page's figures, in order: history, importance where it can be told, a slice for each field."""
    finished = [trial for trial in summary.trials if trial.state == "finished"]
    if not finished:
        return []
    higher = summary.objective == "accuracy"
    label = "accuracy (%)" if higher else "loss (nats)"

    def scores(trials: Sequence[Trial]) -> list[Score]:
        return [
            Score(t.number, _value(t, higher), " ".join(trial_line(t).split()), t.number == summary.best, t.default)
            for t in trials
        ]

    found = [history(scores(finished), len(summary.trials), label, higher)]
    if summary.importance:
        found.append(importance({name.replace("_", " "): share for name, share in summary.importance.items()}))
    for field in summary.fields:
        having = [trial for trial in finished if field.name in trial.values]
        if having:
            low, high = (None, None) if field.choices else (field.low, field.high)
            axis = Axis(field.name, field.name.replace("_", " "), low, high, field.log, field.choices)
            found.append(slice_of(axis, [trial.values[field.name] for trial in having], scores(having), label))
    return found


def produce_search_page(folder: Path, summary: SearchSummary) -> Path:
    """Write the page of the search in `folder`, whole or not at all, and return its path. Raises StoreError."""
    page = render_search(summary)
    make_folder((folder / PAGE).parent)
    write_atomically(folder / PAGE, page)
    return folder / PAGE


def _value(trial: Trial, higher: bool) -> float:
    return 100 * (trial.accuracy or 0.0) if higher else trial.loss or 0.0
