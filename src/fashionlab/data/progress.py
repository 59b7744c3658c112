"""A sign of life on the terminal for work that takes longer than two seconds."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fashionlab.text import one_line

PATIENCE = 2.0
"""Seconds that pass before anything is shown."""


@contextmanager
def shown_if_slow(title: str, measure: Callable[[], tuple[int, int | None]] | None = None) -> Iterator[None]:
    """Show `title` on standard error while the block runs, if that is a terminal and the block is slow.

    `measure` returns the bytes (done, of how many or None), for a bar; without it a spinner is shown. It is
    called from another thread, some times a second.
    """
    if not sys.stderr.isatty():
        yield
        return
    finished = threading.Event()
    thread = threading.Thread(target=_show, args=(title, measure, finished), daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()


def _show(title: str, measure: Callable[[], tuple[int, int | None]] | None, finished: threading.Event) -> None:
    if finished.wait(PATIENCE):
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = [BarColumn(), DownloadColumn()] if measure else []
    parts = (SpinnerColumn(), TextColumn("{task.description}", markup=False), *columns, TimeElapsedColumn())
    with Progress(*parts, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(one_line(title), total=None)
        while not finished.wait(0.2):
            if measure:
                done, total = measure()
                progress.update(task, completed=done, total=total)
