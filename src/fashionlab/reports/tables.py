"""Results as tables for a terminal, from the same structs that `--json` prints."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from fashionlab.data import DataDescription
from fashionlab.options import as_typed
from fashionlab.recipe.difference import Changes, implied
from fashionlab.reports.measures import TITLES, measure, shared_line
from fashionlab.reports.run.sections.made import data_fields, origin_line, refit_line, training_fields
from fashionlab.reports.wording import (
    NONE,
    SPACE,
    counted,
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


LONGEST_WORD = 24
"""Of a column of text: a longer word is folded on a terminal that is too narrow."""


def new_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str | None = None,
    caption: Sequence[str] = (),
    total: Sequence[str] = (),
    text: Sequence[int] = (),
) -> "Table":
    """A table in our style: the first column to the left, the others to the right.

    caption: lines below it; total: a last row, set apart; text: positions of columns of text, which stand to the left
    and may run over several lines. All others are as wide as what is in them, so that no name or number is cut off
    (`cli.common.print_table` takes the room for that). All text is cleaned and taken literally, wherever the table is
    shown: names come from users, and [red] in one is no colour.
    """
    from rich import box
    from rich.cells import cell_len
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
        collapse_padding=True,
        pad_edge=False,
    )
    lines = [[one_line(cell) for cell in line] for line in rows]
    for place, column in enumerate(columns):
        wraps = place in text or place - len(columns) in text
        cells = [*(line[place] for line in lines), *map(one_line, total[place : place + 1])]
        # A heading may run over several lines, too.
        whole = [*one_line(column).split(), *(" ".join(cells).split() if wraps else cells)]
        width = max(map(cell_len, whole), default=0)
        table.add_column(
            literal(column),
            justify="left" if place == 0 or wraps else "right",
            no_wrap=not wraps and cell_len(one_line(column)) <= width,
            overflow="fold",
            min_width=min(LONGEST_WORD, width) if wraps else width,
        )
    for line in lines:
        table.add_row(*map(literal, line))
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
    return new_table(columns, rows, title=title, caption=caption, text=(-1,))


def runs_table(rows: Sequence[RunLine], below: Sequence[str] | None = None) -> "Table":
    """The list of runs, and below it what they have in common and which is the best, or what is said instead."""
    names, common, lines = _short_names(rows), shared_changes(rows), []
    for row in rows:
        epochs = f"{row.best_epoch}/{row.epochs}" if row.epochs else NONE
        state = "damaged" if row.damaged else epochs if row.complete else "unfinished"
        lines.append((
            row.run, _model(row), names.get(row.dataset, NONE), NONE if row.seed is None else str(row.seed), state,
            accuracy(row.validation), accuracy(row.test), _differs(row, common),
        ))  # fmt: skip
    columns = (
        "run",
        "model",
        DATA_SET,
        "seed",
        "best / trained epochs",
        "validation accuracy",
        "test accuracy",
        DIFFERS,
    )
    return _without_common(columns, lines, [*_common_line(common), *_best_line(rows)] if below is None else below)


def groups_table(rows: Sequence[RunGroup]) -> "Table":
    """The runs, those that differ in the seed alone together."""
    names, common = _short_names(rows), shared_changes(rows)
    lines = [
        (_model(row), names[row.dataset], str(len(row.seeds)), *_spread(row.validation), *_spread(row.test),
         row.best_run, _differs(row, common))
        for row in rows
    ]  # fmt: skip
    columns = ("model", DATA_SET, "seeds", "validation", "best", "test", "best", "best run", DIFFERS)
    caption = [
        *_common_line(common),
        "mean \N{PLUS-MINUS SIGN} standard deviation of one seed; the best of several flatters: compare means",
    ]
    if len(rows) > 1 and any(len(row.seeds) == 1 for row in rows):
        caption.append(
            "of one seed there is no deviation: how much of its figure is luck is not known; a study compares "
            "seed by seed"
        )
    return _without_common(columns, lines, caption)


DATA_SET = "data set"

DIFFERS = "differs from the model's default"


def csv_text(records: Sequence[Record]) -> str:
    """Records as CSV with a line of names, whose order is not that of the records; a value as one types it, an empty
    cell where there is none."""
    # Whatever the order of the records, so that a program finds a column where it was.
    layouts = sorted({tuple(record) for record in records}, key=lambda names: (-len(names), names))
    columns = list(dict.fromkeys(name for names in layouts for name in names))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(map(one_line, columns))
    for record in records:
        values = (record.get(name) for name in columns)
        writer.writerow("" if value is None else one_line(as_typed(value)) for value in values)
    return file.getvalue()


def _model(row: RunLine | RunGroup) -> str:
    return "?" if row.model is None else row.model + kind_text(row.origin is not None, row.refit)


def _differs(row: RunLine | RunGroup, common: Changes) -> str:
    return changes_text(row.changes, left_out=common) or (NONE if row.settings else "")


def shared_changes(rows: Sequence[RunLine | RunGroup]) -> Changes:
    """What all of several runs have changed in the same way, with all that comes with it; of damaged runs nothing is
    known."""
    known = [row for row in rows if row.settings]
    if len(known) < 2:
        return {}
    first, *others = known
    return {
        name: change
        for name, change in first.changes.items()
        if all(
            name in row.changes
            and row.changes[name].after == change.after
            and implied(row.changes).get(name) == implied(first.changes).get(name)
            for row in others
        )
    }


def _common_line(common: Changes) -> list[str]:
    return [f"all of them with {changes_text(common)}"] if common else []


def _best_line(rows: Sequence[RunLine]) -> list[str]:
    """Which run is the best on validation, and whether the list can tell; nothing where data sets are mixed."""
    judged = [(row, row.validation) for row in rows if row.validation]
    if len(judged) < 2 or len({row.dataset for row, _ in judged}) > 1:
        return []
    best, figures = max(judged, key=lambda pair: pair[1].accuracy)
    rivals = sum(row is not best and found.accuracy_high >= figures.accuracy_low for row, found in judged)
    line = f"highest validation accuracy: {best.run}, {percent(figures.accuracy, 2)}"
    if not rivals:
        return [f"{line}; the 95 % intervals of the others all lie below its interval"]
    return [
        f"{line}; the 95 % {'interval' if rivals == 1 else 'intervals'} of {counted(rivals, 'other run')} "
        f"{'overlaps' if rivals == 1 else 'overlap'} with its interval, so that the list does not tell which is best; "
        "a study compares seed by seed"
    ]


def _without_common(columns: Sequence[str], lines: Sequence[Sequence[str]], caption: Sequence[str]) -> "Table":
    """A list of runs; a data set that all have stands below it and not in every row."""
    place = columns.index(DATA_SET)
    names = {line[place] for line in lines}
    if len(names) == 1 and len(lines) > 1:
        caption = [f"{DATA_SET}: {names.pop()}", *caption]
        columns, *lines = ([*row[:place], *row[place + 1 :]] for row in (columns, *lines))
    return new_table(columns, lines, caption=caption, text=(-1,))


def _spread(spread: Spread | None) -> tuple[str, str]:
    if spread is None:
        return NONE, NONE
    deviation = "" if spread.deviation is None else f" \N{PLUS-MINUS SIGN} {plain(100 * spread.deviation)}"
    best = NONE if spread.n == 1 else percent(spread.best, 2)
    return f"{plain(100 * spread.mean)}{deviation}{SPACE}%", best


def _short_names(rows: Sequence[RunLine | RunGroup]) -> dict[str | None, str]:
    """Data sets by what tells them apart: of a path its last part, where no other data set has the same."""
    names = {row.dataset for row in rows if row.dataset is not None}
    short = {name: PurePath(name).name or name for name in names}
    taken = Counter(short.values())
    return {name: short[name] if taken[short[name]] == 1 else name for name in names}


def run_table(details: RunDetails) -> "Table":
    """One run's recipe and environment, a row per field."""
    spec, recipe = details.spec, details.spec.recipe
    lines = {
        "model": recipe.model.name,
        **recipe.model.options,
        **data_fields(recipe.data),
        **training_fields(spec),
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
    return new_table(("field", "value"), rows, title=details.run, text=(-1,))


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
