"""Results as tables for a terminal, from the same structs that `--json` prints."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from fashionlab.data import DataDescription
from fashionlab.reports.measures import TITLES, measure, shared_line
from fashionlab.reports.run.sections.made import data_fields, refit_line
from fashionlab.reports.wording import NONE, duration, percent, times, value_text, with_interval
from fashionlab.store import Metrics, RunDetails, RunLine, SetLine, SetMetrics

if TYPE_CHECKING:
    from rich.table import Table


def new_table(*columns: str, title: str | None = None) -> "Table":
    """An empty table in our style: the first column to the left, the others to the right."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right", no_wrap=True)
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
    table = new_table("set", "n", *TITLES, "hardest classes by recall", title=title)
    table.columns[-1].justify = "left"
    for name, figures in metrics.sets.items():
        rated = sorted((row.recall, row.name) for row in figures.per_class if row.recall is not None)
        words = ", ".join(f"{name} {recall:.2f}" for recall, name in rated[:3])
        table.add_row(name, f"{figures.n:,}", *(each.text for each in measure(figures)), plain(words))
    table.caption, table.caption_justify = shared_line(metrics), "left"
    return table


def runs_table(rows: Sequence[RunLine]) -> "Table":
    """The list of runs."""
    table = new_table("run", "model", "seed", "epochs", "validation accuracy", "test accuracy", "MB")
    for row in rows:
        epochs = f"{row.best_epoch}/{row.epochs}" if row.epochs else NONE
        state = "damaged" if row.damaged else epochs if row.complete else "unfinished"
        model = "?" if row.model is None else row.model + (" (refit)" if row.refit else "")
        table.add_row(
            plain(row.run), plain(model), NONE if row.seed is None else str(row.seed), state,
            accuracy(row.validation), accuracy(row.test), f"{row.size / 1e6:.1f}",
        )  # fmt: skip
    return table


def run_table(details: RunDetails) -> "Table":
    """One run's recipe and environment, a row per field."""
    table = new_table("field", "value", title=details.run)
    table.columns[1].justify = "left"
    spec, recipe = details.spec, details.spec.recipe
    lines = {
        "model": recipe.model.name,
        **recipe.model.options,
        **data_fields(recipe.data),
        **(asdict(recipe.training) if recipe.training else {}),
        **({"trainer": f"{spec.trainer} on {spec.backend}"} if recipe.training else {}),
        "seed": recipe.seed,
        "data SHA-256": spec.data.sha256,
        "test set evaluated": f"{times(details.test_evaluations)} in this folder of runs",
        "state": "complete" if details.complete else "unfinished",
    }
    if recipe.refit:
        lines["refit"] = refit_line(recipe)
    for name, value in lines.items():
        table.add_row(name, plain(value_text(value)))
    return table


def data_table(data: DataDescription) -> "Table":
    """Counts by class and set, where the data came from and pixel statistics."""
    table = new_table("class", "training", "validation", title=plain(f"{data.name}: {data.source}"))
    for row in data.classes:
        table.add_row(plain(row.name), f"{row.training:,}", f"{row.validation:,}")
    sizes, pixels = data.sizes, data.pixels
    table.add_section()
    table.add_row("all", f"{sizes.training:,}", f"{sizes.validation:,}")
    table.caption_justify = "left"
    table.caption = plain("".join(f"{note}\n" for note in data.notes)) + (
        f"{data.side} x {data.side} pixels; training set: mean {pixels.mean:.1f}, standard deviation "
        f"{pixels.standard_deviation:.1f}, {pixels.minimum} to {pixels.maximum}, "
        f"{percent(pixels.zero_share, 0)} zero\n"
        f"split: {split_line(data)}; test set: {sizes.test:,} images, not used\n"
        f"SHA-256 {data.sha256}"
    )
    return table


def split_line(data: DataDescription) -> str:
    """How the training set is divided."""
    if data.validation is None:
        return "the validation set that the data bring, the same for every seed"
    return f"{percent(data.validation, 0)} validation, stratified, seed {data.seed}"


def plain(text: str) -> str:
    """Text that rich shows as it is: names come from users, and [red] in one is no colour."""
    from rich.markup import escape

    return escape(text)
