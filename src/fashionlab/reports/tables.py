"""Summaries as tables for a terminal, from the same plain data that `--json` prints."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table


def percent(part: Mapping[str, Any] | None) -> str:
    """An accuracy with its 95 % interval: "90.31 % (89.7 to 90.9)"; a dash where there is none."""
    if not part:
        return "–"
    return f"{part['accuracy']:.2%} ({100 * part['accuracy_low']:.1f} to {100 * part['accuracy_high']:.1f})".replace(
        "%", " %"
    )


def new_table(*columns: str, title: str | None = None) -> "Table":
    """An empty table in our style: the first column to the left, the others to the right."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    return table


def result_table(metrics: Mapping[str, Any]) -> "Table":
    """What `train` ends with: accuracy with interval and loss of each part, classes that are hardest."""
    best, epochs = metrics["best_epoch"], metrics["epochs"]
    why = {"patience": "stopped early", "epochs": "all epochs"}.get(metrics["stopped"], "")
    chosen = f"best {metrics.get('pace', 'epoch')} {best} of {epochs} ({why}), " if epochs else ""
    title = f"{chosen}{metrics['seconds']['training']:.1f} s of training"
    table = new_table("part", "n", "accuracy (95 % interval)", "loss", "hardest classes by recall", title=title)
    table.columns[-1].justify = "left"
    for name in ("validation", "test"):
        part = metrics[name]
        if part:
            rated = [row for row in part["per_class"] if row["recall"] is not None]
            hardest = sorted(rated, key=lambda row: row["recall"])[:3]
            words = ", ".join(f"{row['class']} {row['recall']:.2f}" for row in hardest)
            table.add_row(name, f"{part['n']:,}", percent(part), f"{part['loss']:.4f}", plain(words))
    return table


def runs_table(rows: Sequence[Mapping[str, Any]]) -> "Table":
    """The list of runs."""
    table = new_table("run", "model", "seed", "epochs", "validation accuracy", "test accuracy", "MB")
    for row in rows:
        epochs = f"{row['best_epoch']}/{row['epochs']}" if row["epochs"] else "–"
        state = epochs if row["complete"] else "unfinished"
        state = "damaged" if row["damaged"] else state
        table.add_row(
            plain(row["run"]), plain(row["model"]), str(row["seed"]), state,
            percent(row["validation"]), percent(row["test"]), f"{row['bytes'] / 1e6:.1f}",
        )  # fmt: skip
    return table


def run_table(document: Mapping[str, Any]) -> "Table":
    """One run's recipe and environment, a line a field."""
    table = new_table("field", "value", title=str(document["run"]))
    table.columns[1].justify = "left"
    recipe = document["recipe"]
    lines = {
        "model": recipe["model"]["name"],
        **recipe["model"]["options"],
        **recipe["data"],
        **(recipe["fit"] or {}),
        "trainer": f"{document['trainer']} on {document.get('backend', 'jax')}" if recipe["fit"] else None,
        "seed": recipe["seed"],
        "data SHA-256": document["data"]["sha256"],
        "test part opened": f"{document['test_openings']} times in this folder of runs",
        "state": "complete" if document["complete"] else "unfinished",
    }
    if recipe["refit"]:
        lines["refit"] = refit_line(recipe)
    for name, value in lines.items():
        shown = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        table.add_row(name, plain(shown))
    return table


def refit_line(recipe: Mapping[str, Any]) -> str:
    """What a refit does, in words."""
    rounds = f"{recipe['refit']} rounds " if "rounds" in recipe["model"]["options"] else ""
    return f"{recipe['refit']} epochs " * bool(recipe["fit"]) + rounds + "on training and validation rows"


def data_table(summary: Mapping[str, Any]) -> "Table":
    """Counts by class and part, where the data came from and pixel statistics."""
    table = new_table("class", "training", "validation", title=plain(f"{summary['name']}: {summary['source']}"))
    for name, train, validation in zip(
        summary["class_names"], summary["counts"]["train"], summary["counts"]["validation"], strict=True
    ):
        table.add_row(plain(name), f"{train:,}", f"{validation:,}")
    rows, pixels, split = summary["rows"], summary["pixels"], summary["split"]
    table.add_section()
    table.add_row("all", f"{rows['train']:,}", f"{rows['validation']:,}")
    table.caption_justify = "left"
    table.caption = (
        f"{summary['side']} x {summary['side']} pixels; training rows: mean {pixels['mean']:.1f}, standard deviation "
        f"{pixels['standard_deviation']:.1f}, {pixels['minimum']} to {pixels['maximum']}, "
        f"{pixels['zero_share']:.0%} zero\n"
        f"split: {split['validation']:.0%} validation, stratified, seed {split['seed']}; "
        f"test part: {rows['test']:,} pictures, closed\n"
        f"SHA-256 {summary['sha256']}"
    )
    return table


def plain(text: str) -> str:
    """Text that rich shows as it is: names come from users, and [red] in one is no colour."""
    from rich.markup import escape

    return escape(text)
