"""What page, terminal and model card show of a set's metrics: a row for each, and the place to add one."""

from msgspec import Struct

from fashionlab.reports.wording import with_interval
from fashionlab.store import Metrics, SetMetrics

TITLES = ("accuracy (95 % interval)", "loss (nats)")
"""Headings of the measures' columns, in the order of `measure`."""


class Measured(Struct, frozen=True):
    """A measure of one set. title: heading of its column; name: of the metric, as model cards are indexed by; value:
    to be read by programs; text: for people."""

    title: str
    name: str
    value: float
    text: str


def shared_line(metrics: Metrics) -> str | None:
    """A sentence on test images that are in the training set too, with the accuracy without them; None for none."""
    found, test = metrics.shared_test, metrics.test
    if found is None or test is None:
        return None
    if found.accuracy is None or found.accuracy_low is None or found.accuracy_high is None:
        return (
            f"All {test.n:,} test images are in the training set too: the test accuracy says nothing about new images."
        )
    without = with_interval(found.accuracy, found.accuracy_low, found.accuracy_high)
    return (
        f"{found.shared:,} of the {test.n:,} test images {'is' if found.shared == 1 else 'are'} in the training set "
        f"too; the accuracy on the {found.n:,} others is {without}."
    )


def measure(found: SetMetrics) -> tuple[Measured, ...]:
    """All measures of one set."""
    interval = with_interval(found.accuracy, found.accuracy_low, found.accuracy_high)
    return (
        Measured(TITLES[0], "accuracy", found.accuracy, interval),
        Measured(TITLES[1], "loss", found.loss, f"{found.loss:.4f}"),
    )
