"""Progress for people: a bar on a terminal, an output that is replaced in a notebook, lines in a log.

What is shown is a `Status`, which takes typed events one by one; there is one for each kind of work. The three displays
know nothing of the work; they clean what they show.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from fashionlab.text import one_line, tell

if TYPE_CHECKING:
    from rich.console import Console, Group

BAR = 30
"""Characters of the bar in a notebook."""

Event = TypeVar("Event")
Taken = TypeVar("Taken", contravariant=True)


class Status(Protocol[Taken]):
    """What is known of some work at this moment."""

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
    def lines(self) -> Sequence[str]:
        """What stands below the bar."""

    @property
    def row(self) -> str:
        """What stays on a terminal of the event that was taken last; empty where nothing does."""

    def take(self, event: Taken) -> Sequence[str]:
        """Bring it up to date with an event; return the lines that the event is worth in a log."""


@contextmanager
def show(status: Status[Event], on_event: Callable[[Event], object] | None) -> Iterator[Callable[[Event], object]]:
    """Yield the function that takes the work's events: `on_event` if given, else a display on standard error."""
    if on_event is not None:
        yield on_event
        return
    if in_notebook():
        yield NotebookDisplay(status).take
        return
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        with LiveDisplay(console, status) as display:
            yield display.take
    else:
        yield LogDisplay(status).take


class LiveDisplay(Generic[Event]):
    """On a terminal: the rows that stay, a bar, and the status below it."""

    def __init__(self, console: "Console", status: Status[Event]) -> None:
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn

        self._status = status
        self._progress = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(bar_width=None),
            TextColumn("{task.fields[left]}", markup=False), console=console, expand=True,
        )  # fmt: skip
        self._task = self._progress.add_task(one_line(status.headline), total=None, left="")
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=4)

    def __enter__(self) -> "LiveDisplay[Event]":
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def _render(self) -> "Group":
        from rich.console import Group
        from rich.text import Text

        lines = [Text(one_line(text), overflow="ellipsis", no_wrap=True) for text in self._status.lines]
        return Group(self._progress, *lines)

    def take(self, event: Event) -> None:
        """Bring the display up to date with an event."""
        from rich.text import Text

        status = self._status
        status.take(event)
        if status.row:
            self._live.console.print(Text(one_line(status.row)), soft_wrap=True)
        self._progress.update(
            self._task,
            description=one_line(status.headline),
            total=status.total,
            completed=status.done,
            left=one_line(status.left),
        )


class NotebookDisplay(Generic[Event]):
    """In a notebook: one output that is replaced, so that a run leaves five lines behind and not a page."""

    def __init__(self, status: Status[Event]) -> None:
        from IPython.display import display

        self._status = status
        self._show = display
        self._handle: Any = None
        self._row = ""

    def take(self, event: Event) -> None:
        """Bring the output up to date with an event."""
        status = self._status
        status.take(event)
        self._row = status.row or self._row
        share = status.done / status.total if status.total else 0.0
        filled = round(BAR * share)
        headline = f"{status.headline:<12} {'█' * filled}{'░' * (BAR - filled)} {status.left}".rstrip()
        bundle = {"text/plain": "\n".join(map(one_line, filter(None, [headline, *status.lines, self._row])))}
        if self._handle is None:
            self._handle = self._show(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


class LogDisplay(Generic[Event]):
    """In a log or a pipe: the lines that an event is worth."""

    def __init__(self, status: Status[Event]) -> None:
        self._status = status

    def take(self, event: Event) -> None:
        """Print them."""
        for line in self._status.take(event):
            tell(line)


def in_notebook() -> bool:
    """Whether this runs in a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return type(shell).__name__ == "ZMQInteractiveShell"
