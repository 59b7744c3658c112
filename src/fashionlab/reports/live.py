"""Progress of a training run for people: a live display on a terminal, one line an epoch elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Events = Callable[[dict[str, Any]], object]


@contextmanager
def show_progress(request: Mapping[str, Any], on_event: Events | None) -> Iterator[Events]:
    """Yield the function that takes a run's events: `on_event` if given, else a display on standard error."""
    if on_event is not None:
        yield on_event
        return
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal or console.is_jupyter:
        with _Live(console) as display:
            yield display.take
    else:
        yield _Lines().take


class _Clock:
    """How long the epochs took, and so how long the rest may take at most (patience may end it sooner)."""

    def __init__(self) -> None:
        self.start, self.first, self.epochs, self.done = time.monotonic(), 0.0, 0, 0.0

    def begin(self, event: Mapping[str, Any]) -> None:
        self.epochs, self.first, self.start = event["epochs"], event["epoch"], time.monotonic()

    def seconds_left(self, done: float) -> float | None:
        """Seconds, when `done` epochs (a fraction counts) of all are done."""
        now = done - self.first
        return None if now <= 0 else (time.monotonic() - self.start) / now * (self.epochs - done)


class _Lines:
    """One line an epoch: for logs and pipes."""

    def __init__(self) -> None:
        self._clock = _Clock()

    def take(self, event: dict[str, Any]) -> None:
        """Print what an event says, if it ends an epoch."""
        if event["event"] == "start":
            self._clock.begin(event)
            print(_describe_start(event), file=sys.stderr, flush=True)
        elif event["event"] == "epoch":
            left = self._clock.seconds_left(event["epoch"]) or 0
            tail = "" if event["stopped"] else f"  at most {_duration(left)} left"
            line = f"epoch {event['epoch']:>3}/{event['epochs']}  {_row(event)}{tail}"
            print(line, file=sys.stderr, flush=True)


class _Live:
    """Bar, time left, images a second, this epoch's figures and the best so far."""

    def __init__(self, console: Any) -> None:
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn

        self._clock = _Clock()
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=None), TextColumn("{task.fields[left]}"),
            console=console, expand=True,
        )  # fmt: skip
        self._task = self._progress.add_task("starting the worker", total=None, left="")
        self._now, self._last, self._best = "", "", ""
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=4)

    def __enter__(self) -> "_Live":
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def _render(self) -> Any:
        from rich.console import Group
        from rich.text import Text

        lines = [Text(text, overflow="ellipsis", no_wrap=True) for text in (self._now, self._last, self._best) if text]
        return Group(self._progress, *lines)

    def take(self, event: dict[str, Any]) -> None:
        """Bring the display up to date with an event."""
        if event["event"] == "start":
            self._clock.begin(event)
            self._live.console.print(_describe_start(event), style="dim")
            self._progress.update(self._task, description="compiling", total=event["epochs"], completed=event["epoch"])
        elif event["event"] == "chunk":
            done = event["epoch"] - 1 + event["step"] / event["steps"]
            left = self._clock.seconds_left(done)
            self._progress.update(
                self._task,
                description=f"epoch {event['epoch']}/{self._clock.epochs}",
                completed=done,
                left="" if left is None else f"at most {_duration(left)} left",
            )
            self._now = (
                f"  now    loss {event['loss']:.4f}  accuracy {event['accuracy']:.2%}"
                f"   {event['images_per_second']:,.0f} images/s"
            )
        elif event["event"] == "epoch":
            self._last = f"  epoch {event['epoch']:>2}: {_row(event)}"
            if event["improved"]:
                self._best = f"  best at epoch {event['epoch']}"
                if event["val_loss"] is not None:
                    self._best += f": val_loss {event['val_loss']:.4f}  val_accuracy {event['val_accuracy']:.2%}"
            if event["stopped"]:
                self._progress.update(
                    self._task,
                    completed=event["epochs"],
                    left="",
                    description="evaluating",
                    total=event["epochs"],
                )


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
        text += "  best" if event["improved"] else f"  (best: {event['best_epoch']})"
    return text


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
