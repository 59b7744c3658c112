"""What page, terminal and model card show of a set's metrics: a row for each, and the place to add one."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from fashionlab.reports.wording import with_interval
from fashionlab.store import SetMetrics


@dataclass(frozen=True)
class Measure:
    """title: heading of its column; name: of the metric, as model cards are indexed by; value: to be read by programs;
    text: for people."""

    title: str
    name: str
    value: Callable[[SetMetrics], float]
    text: Callable[[SetMetrics], str]


MEASURES = (
    Measure(
        "accuracy (95 % interval)",
        "accuracy",
        lambda found: found.accuracy,
        lambda found: with_interval(found.accuracy, found.accuracy_low, found.accuracy_high),
    ),
    Measure("loss (nats)", "loss", lambda found: found.loss, lambda found: f"{found.loss:.4f}"),
)


class Measured(Struct, frozen=True):
    """A measure's title and name, and what it came to on one set."""

    title: str
    name: str
    value: float
    text: str


def measure(found: SetMetrics) -> tuple[Measured, ...]:
    """All measures of one set."""
    return tuple(Measured(each.title, each.name, each.value(found), each.text(found)) for each in MEASURES)
