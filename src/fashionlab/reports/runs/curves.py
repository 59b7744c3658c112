"""Histories from wherever they come, and their curves in one picture."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from fashionlab.errors import UsageError
from fashionlab.reports.figures import Display
from fashionlab.reports.figures.study.histories import Learned, histories
from fashionlab.store import Run

COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy")


class RunHistory(Struct, frozen=True):
    """A history. unit: what a row is, "epoch" or "round"; columns: by name (`COLUMNS`), a value for each row, None for
    none. Losses of runs are in nats, accuracies fractions."""

    unit: str
    columns: dict[str, tuple[float | None, ...]]

    @staticmethod
    def of(run: Run) -> "RunHistory | None":
        """The history of a finished run; None of a model that has no epochs."""
        history = run.history
        if not history["epoch"]:
            return None
        return RunHistory(run.metrics.unit, {name: _finite(history[name]) for name in COLUMNS})

    @staticmethod
    def given(history: Any, name: str) -> "RunHistory":
        """What Keras returns (`History`), or a mapping such as its `history`. Raises UsageError for what is none.

        The accuracy is the column `accuracy`, or the only one whose name ends in accuracy or acc.
        """
        columns = getattr(history, "history", history)
        if not isinstance(columns, Mapping):
            raise UsageError(
                f"given {type(history).__name__} for {name!r}, expected a run, its path or name, a Keras History, or a "
                "mapping with the columns loss, accuracy, val_loss, val_accuracy"
            )
        found = {"loss": columns.get("loss"), "val_loss": columns.get("val_loss")}
        accuracy = _accuracy_of([str(column) for column in columns], name)
        if accuracy:
            found |= {"accuracy": columns.get(accuracy), "val_accuracy": columns.get(f"val_{accuracy}")}
        known = {column: _numbers(values, column, name) for column, values in found.items() if values is not None}
        lengths = {column: len(values) for column, values in known.items()}
        if len(set(lengths.values())) != 1 or not all(lengths.values()):
            given = ", ".join(f"{column} of {n}" for column, n in lengths.items()) or ", ".join(map(str, columns))
            raise UsageError(
                f"given a history for {name!r} with {given or 'no column'}, expected loss or accuracy with as many "
                "values as there are epochs in every column"
            )
        if any(value is not None and not 0 <= value <= 1 for c in _ACCURACIES for value in known.get(c, ())):
            raise UsageError(f"given accuracies for {name!r} that are not between 0 and 1, expected fractions")
        return RunHistory("epoch", known)


_ACCURACIES = ("accuracy", "val_accuracy")


def learned(name: str, runs: Sequence[RunHistory], short: str = "") -> Learned:
    """The runs of one name as a figure takes them."""
    return Learned(name, [run.columns for run in runs], short)


def draw_histories(named: Mapping[str, Sequence[RunHistory]], nats: bool = True) -> Display:
    """Their curves in one picture, the runs of one name together. nats: whether all losses are.

    Raises UsageError where epochs and rounds would share an axis, or nothing is given.
    """
    units = dict.fromkeys(history.unit for group in named.values() for history in group)
    empty = [name for name, group in named.items() if not group]
    if empty or not units:
        raise UsageError(
            f"given no run or history {f'for {empty[0]!r} ' if empty else ''}to plot, expected at least one"
        )
    if len(units) > 1:
        raise UsageError("given a history of epochs and one of rounds, which have no axis in common; plot them apart")
    return histories([learned(name, group) for name, group in named.items()], next(iter(units)), nats=nats)


def _accuracy_of(columns: Sequence[str], name: str) -> str | None:
    """The column of the accuracy in training."""
    ends = [
        column
        for column in columns
        if not column.startswith("val_") and (column.endswith("accuracy") or column.split("_")[-1] == "acc")
    ]
    if "accuracy" in ends or not ends:
        return "accuracy" if ends else None
    if len(ends) > 1:
        raise UsageError(
            f"given a history for {name!r} with {' and '.join(ends)}, expected one accuracy; call the one to show "
            "accuracy"
        )
    return ends[0]


def _numbers(values: Any, column: str, name: str) -> tuple[float | None, ...]:
    try:
        return _finite([math.nan if value is None else float(value) for value in values])
    except (TypeError, ValueError):
        raise UsageError(f"given a history for {name!r} whose column {column} is not a list of numbers") from None


def _finite(values: Sequence[float]) -> tuple[float | None, ...]:
    return tuple(value if math.isfinite(value) else None for value in values)
