"""Progress of a classic model's fit: what it counts, where it counts something, and that it is alive in any case."""

from collections.abc import Callable, Mapping
from typing import Any

LINE_SECONDS = 5.0
"""Between two lines in a log."""


class FitProgress:
    """The state of a fit, from the events "fit" (its start), "step" and "fitted" of `training.classic`.

    duration: how seconds are put for people.
    """

    def __init__(self, duration: Callable[[float], str]) -> None:
        self._duration = duration
        self.headline, self.left, self.start, self.figures = "fitting", "", "", ""
        self.done = 0
        self.total: int | None = None
        self._unit: str | None = None
        self._line_at = 0.0

    def take(self, event: Mapping[str, Any]) -> bool:
        """Bring it up to date; whether the event is about a fit and worth a line in a log."""
        if event["event"] == "fit":
            self.total, self._unit = event["total"], event["unit"]
            self.start = f"{event['model']}, {event['rows']:,} pictures, on {event['device']}"
            return True
        if event["event"] == "step":
            self._step(event)
            due = event["seconds"] - self._line_at >= LINE_SECONDS or event["done"] == self.total
            self._line_at = event["seconds"] if due else self._line_at
            return due
        if event["event"] == "fitted":
            self.headline, self.left = "evaluating", ""
            self.done, self.total = 1, 1
            self.figures = f"fitted in {self._duration(event['seconds'])}: {event['remark']}"
            return True
        return False

    @property
    def line(self) -> str:
        """All of it for a log."""
        return (
            "  ".join(filter(None, [self.headline, self.figures, self.left]))
            if self.headline != "fitting"
            else self.start
        )

    def _step(self, event: Mapping[str, Any]) -> None:
        done, seconds, row = event["done"], event["seconds"], event["figures"]
        if not done or self.total is None:
            # The library does not say how far it is, so neither do we.
            self.headline, self.left = "fitting …", f"{self._duration(seconds)} so far"
            return
        self.done = done
        self.headline = f"{self._unit} {done}/{self.total}"
        # Rounds may end early, when validation says so; trees are all grown.
        about = "at most" if row else "about"
        self.left = f"{about} {self._duration(seconds / done * (self.total - done))} left"
        if row:
            self.figures = f"loss {row['loss']:.4f}  accuracy {row['accuracy']:.2%}"
            if row["val_loss"] is not None:
                self.figures += f"  val_loss {row['val_loss']:.4f}  val_accuracy {row['val_accuracy']:.2%}"
