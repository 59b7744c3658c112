"""What page, terminal and model card show of a set's metrics: a row for each, and the place to add one."""

from msgspec import Struct

from fashionlab.reports.wording import percent, with_interval
from fashionlab.store import SetMetrics

TITLES = ("accuracy (95 % interval)", "balanced accuracy", "macro F1", "loss (nats)")
"""Headings of the measures' columns, in the order of `measure`."""


class Measured(Struct, frozen=True):
    """A measure of one set. title: heading of its column; name: of the metric, as model cards are indexed by; value:
    to be read by programs; text: for people."""

    title: str
    name: str
    value: float
    text: str


def measure(found: SetMetrics) -> tuple[Measured, ...]:
    """All measures of one set."""
    interval = with_interval(found.accuracy, found.accuracy_low, found.accuracy_high)
    return (
        Measured(TITLES[0], "accuracy", found.accuracy, interval),
        Measured(TITLES[1], "balanced_accuracy", found.balanced_accuracy, percent(found.balanced_accuracy, 2)),
        Measured(TITLES[2], "macro_f1", found.macro.f1, f"{found.macro.f1:.4f}"),
        Measured(TITLES[3], "loss", found.loss, f"{found.loss:.4f}"),
    )
