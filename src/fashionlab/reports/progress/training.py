"""Progress of a training run for people: a live display on a terminal or in a notebook, one line an epoch elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from fashionlab.reports.progress.fit import FitProgress

Events = Callable[[dict[str, Any]], object]


@contextmanager
def show_progress(request: Mapping[str, Any], on_event: Events | None) -> Iterator[Events]:
    """Yield the function that takes a run's events: `on_event` if given, else a display on standard error."""
    if on_event is not None:
        yield on_event
        return
    if in_notebook():
        yield NotebookDisplay(_Status()).take
        return
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        with LiveDisplay(console, _Status()) as display:
            yield display.take
    else:
        yield _Lines().take


class _Clock:
    """How long the epochs took, and so how long the rest may take at most (patience may end it sooner).

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


def _done(event: Mapping[str, Any]) -> float:
    """Epochs done, the one under way in part."""
    return event["epoch"] - 1 + event["step"] / event["steps"]


class _Lines:
    """One line an epoch, or every few seconds of a fit that has none: for logs and pipes."""

    def __init__(self) -> None:
        self._clock = _Clock()
        self._fit = FitProgress(duration)

    def take(self, event: dict[str, Any]) -> None:
        """Print what an event says, if it ends an epoch."""
        if self._fit.take(event):
            print(self._fit.line, file=sys.stderr, flush=True)
        elif event["event"] == "start":
            self._clock.epochs = event["epochs"]
            print(_describe_start(event), file=sys.stderr, flush=True)
        elif event["event"] == "chunk":
            self._clock.seconds_left(_done(event))
        elif event["event"] == "epoch":
            left = self._clock.seconds_left(event["epoch"]) or 0
            tail = "" if event["stopped"] else f"  at most {duration(left)} left"
            line = f"epoch {event['epoch']:>3}/{event['epochs']}  {_row(event)}{tail}"
            print(line, file=sys.stderr, flush=True)


class _Status:
    """What is known of a run at this moment: epochs done, time left, and lines of figures."""

    def __init__(self) -> None:
        self._clock = _Clock()
        self.headline, self.left, self.done = "starting the worker", "", 0.0
        self.total: int | None = None
        self._fit = FitProgress(duration)
        self._start = self._now = self._last = self._best = ""

    @property
    def lines(self) -> list[str]:
        """The figures so far."""
        return [text for text in (self._start, self._now, self._last, self._best) if text]

    def take(self, event: dict[str, Any]) -> None:
        """Bring it up to date with an event."""
        if event["event"] in ("fit", "step", "fitted"):
            fit = self._fit
            fit.take(event)
            self.headline, self.left, self.done, self.total = fit.headline, fit.left, fit.done, fit.total
            self._start, self._now = f"  {fit.start}", fit.figures and f"  {fit.figures}"
        elif event["event"] == "start":
            self._clock.epochs = self.total = event["epochs"]
            self.headline, self.done, self._start = "compiling", event["epoch"], f"  {_describe_start(event)}"
        elif event["event"] == "chunk":
            self.done = _done(event)
            left = self._clock.seconds_left(self.done)
            self.headline = f"epoch {event['epoch']}/{self._clock.epochs}"
            self.left = "" if left is None else f"at most {duration(left)} left"
            self._now = (
                f"  now    loss {event['loss']:.4f}  accuracy {event['accuracy']:.2%}"
                f"   {event['images_per_second']:,.0f} images/s"
            )
        elif event["event"] == "epoch":
            self._last = f"  epoch {event['epoch']:>2}: {_row(event)}"
            if event["improved"]:
                figures = f"val_loss {event['val_loss']:.4f}  val_accuracy {event['val_accuracy']:.2%}"
                self._best = f"  best at epoch {event['epoch']}: {figures}"
            if event["stopped"]:
                self.headline, self.left, self.done = "evaluating", "", event["epochs"]


class Status(Protocol):
    """What a display shows at this moment."""

    @property
    def headline(self) -> str:
        """What is going on, before the bar."""

    @property
    def done(self) -> float:
        """How much of the total the bar shows."""

    @property
    def total(self) -> int | None:
        """The bar's length; None while it is unknown."""

    @property
    def left(self) -> str:
        """The time left in words, behind the bar."""

    @property
    def lines(self) -> list[str]:
        """What stands below the bar."""

    def take(self, event: dict[str, Any]) -> None:
        """Bring it up to date with an event."""


class LiveDisplay:
    """On a terminal: a bar, and the status below it."""

    def __init__(self, console: Any, status: Status) -> None:
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn

        self._status = status
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=None), TextColumn("{task.fields[left]}"),
            console=console, expand=True,
        )  # fmt: skip
        self._task = self._progress.add_task(self._status.headline, total=None, left="")
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=4)

    def __enter__(self) -> "LiveDisplay":
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def _render(self) -> Any:
        from rich.console import Group
        from rich.text import Text

        lines = [Text(text, overflow="ellipsis", no_wrap=True) for text in self._status.lines]
        return Group(self._progress, *lines)

    def take(self, event: dict[str, Any]) -> None:
        """Bring the display up to date with an event."""
        status = self._status
        status.take(event)
        self._progress.update(
            self._task, description=status.headline, total=status.total, completed=status.done, left=status.left
        )


class NotebookDisplay:
    """In a notebook: one output that is replaced, so that a run leaves five lines behind and not a page."""

    def __init__(self, status: Status) -> None:
        from IPython.display import display

        self._status = status
        self._show = display
        self._handle: Any = None

    def take(self, event: dict[str, Any]) -> None:
        """Bring the output up to date with an event."""
        status = self._status
        status.take(event)
        share = status.done / status.total if status.total else 0.0
        headline = "done" if status.headline == "evaluating" else status.headline
        bar = "█" * round(30 * share) + "░" * (30 - round(30 * share))
        bundle = {"text/plain": "\n".join([f"{headline:<12} {bar} {status.left}".rstrip(), *status.lines])}
        if self._handle is None:
            self._handle = self._show(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


def in_notebook() -> bool:
    """Whether this runs in a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def _describe_start(event: Mapping[str, Any]) -> str:
    again = f", going on after epoch {event['epoch']}" if event["epoch"] else ""
    return (
        f"{event['parameters']:,} parameters, {event['rows']:,} pictures, {event['steps']} steps an epoch, "
        f"on {event['device']}{again}"
    )


def _row(event: Mapping[str, Any]) -> str:
    text = f"loss {event['loss']:.4f}  accuracy {event['accuracy']:.2%}"
    if event["val_loss"] is not None:
        text += f"  val_loss {event['val_loss']:.4f}  val_accuracy {event['val_accuracy']:.2%}"
        if event["best_epoch"] is not None:
            text += "  best" if event["improved"] else f"  (best: {event['best_epoch']})"
    return text


def duration(seconds: float) -> str:
    """A time for people: "42 s", "3 min 05 s"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
