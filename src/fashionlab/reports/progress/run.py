"""Progress of a run: the epochs of a network, or the fit of an estimator."""

import time
from collections.abc import Sequence

from fashionlab.reports.wording import countdown, counted, duration, parameters_text, percent
from fashionlab.store import HistoryRow
from fashionlab.workers.events import (
    ChunkDone,
    EpochDone,
    FitDone,
    FitProgress,
    FitStarted,
    Predicting,
    RunEvent,
    TrainingStarted,
)

ROWS = 30
"""Epochs whose rows all stay on a terminal; of a longer run every second one does, or every third, …"""

LINE_SECONDS = 5.0
"""Between two lines in a log, of a fit that has no epochs."""


class RunStatus:
    """What is known of a run at this moment: epochs (or trees, or rounds) done, time left, and lines of figures."""

    def __init__(self) -> None:
        self.headline, self.left, self.row, self.done = "starting the worker", "", "", 0.0
        self.total: int | None = None
        self._clock = _Clock()
        self._line_at = self._predicted_at = 0.0
        self._start = self._now = self._last = self._best = ""
        self._kept = 0

    @property
    def lines(self) -> Sequence[str]:
        """The figures so far."""
        return [f"  {text}" for text in (self._start, self._now, self._best) if text]

    def take(self, event: RunEvent) -> Sequence[str]:
        """Bring it up to date with an event; return the lines that the event is worth in a log."""
        self.row = ""
        match event:
            case TrainingStarted():
                return self._start_training(event)
            case ChunkDone():
                self._end_chunk(event)
            case EpochDone():
                return self._end_epoch(event)
            case FitStarted():
                self.headline, self.total = "fitting", event.total
                self._start = f"{event.model}, {event.rows:,} images, on {event.device}"
                return [self._start]
            case FitProgress():
                return self._go_on_fitting(event)
            case FitDone():
                self.headline, self.left, self.done, self.total = "trained", "", 1, 1
                self._now = f"fitted in {duration(event.seconds)}: {event.remark}"
                return [self._now]
            case Predicting():
                return self._go_on_predicting(event)
        return []

    def _start_training(self, event: TrainingStarted) -> Sequence[str]:
        self._clock.epochs = self.total = event.epochs
        self._kept = event.epoch
        self.headline, self.done = "compiling", event.epoch
        again = f", continuing after epoch {event.epoch}" if event.epoch else ""
        self._start = (
            f"{parameters_text(event.parameters, event.trainable)}, {event.rows:,} images, "
            f"{counted(event.steps, 'step')} per epoch, on {event.device}{again}"
        )
        return [self._start]

    def _end_chunk(self, event: ChunkDone) -> None:
        self.done = event.epoch - 1 + event.step / event.steps
        left = self._clock.seconds_left(self.done)
        self.headline = f"epoch {event.epoch}/{self.total}"
        self.left = "" if left is None else f"about {countdown(left)} left"
        self._now = (
            f"now    loss {event.loss:.4f}  accuracy {percent(event.accuracy, 2)}"
            f"   {event.images_per_second:,.0f} images/s"
        )

    def _end_epoch(self, event: EpochDone) -> Sequence[str]:
        row, figures = event.row, _figures(event.row)
        if row.val_loss is not None and event.best_epoch is not None:
            figures += "  best" if event.improved else f"  (best: {event.best_epoch})"
        if event.improved:
            self._best = f"best at epoch {row.epoch}: {_validation(row)}"
        left = self._clock.seconds_left(row.epoch) or 0
        line = f"epoch {row.epoch:>3}/{event.epochs}  {figures}"
        self._keep_row(event, line)
        if event.stopped:
            self.headline, self.left, self._now, self.done = "trained", "", "", event.epochs
            return [line]
        return [f"{line}  about {countdown(left)} left"]

    def _keep_row(self, event: EpochDone, line: str) -> None:
        """Let the epoch's row stay, unless the run is long and the row is folded away."""
        epoch, every = event.row.epoch, -(-event.epochs // ROWS)
        if epoch % every and epoch != 1 and not event.stopped:
            return
        folded = epoch - self._kept - 1
        self._kept = epoch
        self.row = line + (f"  (+ {counted(folded, 'epoch')} before)" if folded > 0 else "")

    def _go_on_fitting(self, event: FitProgress) -> Sequence[str]:
        if not event.done or event.total is None:
            # The library does not say how far it is, so neither do we.
            self.headline, self.left = "fitting …", f"{countdown(event.seconds)} so far"
        else:
            self.done = event.done
            self.headline = f"{event.unit} {event.done}/{event.total}"
            self.left = f"about {countdown(event.seconds / event.done * (event.total - event.done))} left"
            self._now = _figures(event.row) if event.row else ""
        if event.seconds - self._line_at < LINE_SECONDS and event.done != event.total:
            return []
        self._line_at = event.seconds
        return ["  ".join(filter(None, [self.headline, self._now, self.left]))]

    def _go_on_predicting(self, event: Predicting) -> Sequence[str]:
        self.headline, self.left, self.done, self.total = "predicting", "", event.done, event.total
        self._last = f"predicting: {event.done:,} of {event.total:,} images"
        now = time.monotonic()
        if now - self._predicted_at < LINE_SECONDS:
            return []
        self._predicted_at = now
        return [self._last]


class _Clock:
    """How long the epochs took, and so about how long the rest takes (patience may end it sooner).

    It starts with the first chunk that arrives, not before: that one's time is mostly compiling.
    """

    def __init__(self) -> None:
        self.epochs = 0
        self._origin: tuple[float, float] | None = None

    def seconds_left(self, done: float) -> float | None:
        """Seconds, when `done` epochs (a fraction counts) of all are done; None until there is something to go by."""
        now = time.monotonic()
        if self._origin is None:
            self._origin = done, now
        first, start = self._origin
        return None if done <= first else (now - start) / (done - first) * (self.epochs - done)


def _figures(row: HistoryRow) -> str:
    training = f"loss {row.loss:.4f}  accuracy {percent(row.accuracy, 2)}"
    return training if row.val_loss is None else f"{training}  {_validation(row)}"


def _validation(row: HistoryRow) -> str:
    return f"val_loss {row.val_loss:.4f}  val_accuracy {percent(row.val_accuracy, 2)}"
