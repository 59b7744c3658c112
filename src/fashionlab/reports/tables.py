"""Results as tables for a terminal, from the same structs that `--json` prints."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from fashionlab.data import DataDescription
from fashionlab.options import as_typed
from fashionlab.reports.measures import TITLES, measure, shared_line
from fashionlab.reports.run.sections.made import data_fields, origin_line, refit_line, trainer_line
from fashionlab.reports.wording import (
    NONE,
    SPACE,
    duration,
    kind_text,
    parameters_text,
    percent,
    plain,
    times,
    value_text,
    with_interval,
)
from fashionlab.store import Metrics, RunDetails, RunLine, SetLine, SetMetrics
from fashionlab.store.records import Record, RunGroup, Spread, changes_text
from fashionlab.text import one_line

if TYPE_CHECKING:
    from rich.table import Table


def new_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str | None = None,
    caption: Sequence[str] = (),
    total: Sequence[str] = (),
) -> "Table":
    """A table in our style: the first column to the left, the others to the right.

    caption: lines below it; total: a last row, set apart. All text is cleaned and taken literally, wherever the table
    is shown: names come from users, and [red] in one is no colour.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    def literal(text: str, style: str = "") -> Text:
        return Text(one_line(text), style)

    table = Table(
        box=box.SIMPLE_HEAD,
        title=literal(title, "table.title") if title else None,
        caption=Text("\n").join(literal(line, "table.caption") for line in caption) if caption else None,
        title_justify="left",
        caption_justify="left",
    )
    for place, column in enumerate(columns):
        table.add_column(literal(column), justify="left" if place == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*map(literal, row))
    if total:
        table.add_section()
        table.add_row(*map(literal, total))
    return table


def accuracy(figures: SetMetrics | SetLine | None) -> str:
    """An accuracy with its 95 % interval: "90.31 % (89.7 to 90.9)"; a dash where there is none."""
    return NONE if figures is None else with_interval(figures.accuracy, figures.accuracy_low, figures.accuracy_high)


def result_table(metrics: Metrics) -> "Table":
    """What `train` ends with: the measures of each set, and the classes that are hardest."""
    title = f"{duration(metrics.seconds.training)} of training"
    if metrics.epochs:
        why = "stopped early, " if metrics.stopped == "patience" else ""
        title = f"best {metrics.unit} {metrics.best_epoch} of {metrics.epochs}, {why}{title}"
    rows = []
    for name, figures in metrics.sets.items():
        rated = sorted((row.recall, row.name) for row in figures.per_class if row.recall is not None)
        words = ", ".join(f"{name} {recall:.2f}" for recall, name in rated[:3])
        rows.append((name, f"{figures.n:,}", *(each.text for each in measure(figures)), words))
    shared = shared_line(metrics)
    caption = [shared] if shared else []
    columns = ("set", "n", *TITLES, "hardest classes by recall")
    return _last_to_the_left(new_table(columns, rows, title=title, caption=caption))


def runs_table(rows: Sequence[RunLine]) -> "Table":
    """The list of runs."""
    names, lines = _short_names(rows), []
    for row in rows:
        epochs = f"{row.best_epoch}/{row.epochs}" if row.epochs else NONE
        state = "damaged" if row.damaged else epochs if row.complete else "unfinished"
        lines.append((
            row.run, _model(row), names.get(row.dataset, NONE), NONE if row.seed is None else str(row.seed), state,
            accuracy(row.validation), accuracy(row.test), _differs(row),
        ))  # fmt: skip
    columns = ("run", "model", "data set", "seed", "epochs", "validation accuracy", "test accuracy", DIFFERS)
    return _last_to_the_left(new_table(columns, lines))


def groups_table(rows: Sequence[RunGroup]) -> "Table":
    """The runs, those that differ in the seed alone together."""
    names = _short_names(rows)
    lines = [
        (_model(row), names[row.dataset], str(len(row.seeds)), *_spread(row.validation), *_spread(row.test),
         row.best_run, _differs(row))
        for row in rows
    ]  # fmt: skip
    columns = ("model", "data set", "seeds", "validation", "best", "test", "best", "best run", DIFFERS)
    caption = "mean \N{PLUS-MINUS SIGN} standard deviation of one seed; the best of several flatters: compare means"
    return _last_to_the_left(new_table(columns, lines, caption=[caption]))


DIFFERS = "differs from the model's default"


def csv_text(records: Sequence[Record]) -> str:
    """Records as CSV with a line of names; a value as one types it, an empty cell where there is none."""
    columns = list(dict.fromkeys(name for record in records for name in record))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(map(one_line, columns))
    for record in records:
        values = (record.get(name) for name in columns)
        writer.writerow("" if value is None else one_line(as_typed(value)) for value in values)
    return file.getvalue()


def _model(row: RunLine | RunGroup) -> str:
    return "?" if row.model is None else row.model + kind_text(row.origin is not None, row.refit)


def _differs(row: RunLine | RunGroup) -> str:
    return changes_text(row.changes) or (NONE if row.settings else "")


def _spread(spread: Spread | None) -> tuple[str, str]:
    if spread is None:
        return NONE, NONE
    deviation = "" if spread.deviation is None else f" \N{PLUS-MINUS SIGN} {plain(100 * spread.deviation)}"
    return f"{plain(100 * spread.mean)}{deviation}{SPACE}%", percent(spread.best, 2)


def _short_names(rows: Sequence[RunLine | RunGroup]) -> dict[str | None, str]:
    """Data sets by what tells them apart: of a path its last part, where no other data set has the same."""
    names = {row.dataset for row in rows if row.dataset is not None}
    short = {name: PurePath(name).name or name for name in names}
    taken = Counter(short.values())
    return {name: short[name] if taken[short[name]] == 1 else name for name in names}


def _last_to_the_left(table: "Table") -> "Table":
    table.columns[-1].justify = "left"
    return table


def run_table(details: RunDetails) -> "Table":
    """One run's recipe and environment, a row per field."""
    spec, recipe = details.spec, details.spec.recipe
    lines = {
        "model": recipe.model.name,
        **recipe.model.options,
        **data_fields(recipe.data),
        **(recipe.training.settings if recipe.training else {}),
        **({"trainer": trainer_line(spec)} if recipe.training else {}),
        "seed": recipe.seed,
        "data SHA-256": spec.data.sha256,
        "test set evaluated": f"{times(details.test_evaluations)} in this folder of runs",
        "state": "complete" if details.complete else "unfinished",
    }
    found = details.environment
    if found is not None and found.parameters is not None:
        lines["size"] = parameters_text(found.parameters, found.trainable)
    if spec.origins:
        lines["origin"] = origin_line(spec)
    if recipe.refit:
        lines["refit"] = refit_line(recipe)
    rows = [(name, value_text(value)) for name, value in lines.items()]
    return _last_to_the_left(new_table(("field", "value"), rows, title=details.run))


def data_table(data: DataDescription) -> "Table":
    """Counts by class and set, where the data came from and pixel statistics."""
    sizes, pixels = data.sizes, data.pixels
    return new_table(
        ("class", "training", "validation"),
        [(row.name, f"{row.training:,}", f"{row.validation:,}") for row in data.classes],
        total=("all", f"{sizes.training:,}", f"{sizes.validation:,}"),
        title=f"{data.name}: {data.source}",
        caption=(
            *data.notes,
            f"{data.side} x {data.side} pixels; training set: mean {pixels.mean:.1f}, standard deviation "
            f"{pixels.standard_deviation:.1f}, {pixels.minimum} to {pixels.maximum}, "
            f"{percent(pixels.zero_share, 0)} zero",
            f"split: {split_line(data)}; test set: {sizes.test:,} images, not used",
            f"SHA-256 {data.sha256}",
        ),
    )


def split_line(data: DataDescription) -> str:
    """How the training set is divided."""
    if data.validation is None:
        return "the validation set that the data bring, the same for every seed"
    return f"{percent(data.validation, 0)} validation, stratified, seed {data.seed}"
