"""Warm workers: a child that has imported its framework is kept for a while, because the next one often comes soon."""

import atexit
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fashionlab.workers.parent import Worker

IDLE_SECONDS = 60.0
"""After so long without work a kept worker is let go: it holds some hundred megabytes."""

MOST_USES = 50
"""After so many a worker is replaced: libraries keep a little of every program that they compiled."""


@dataclass
class _Kept:
    """A worker, and what it inherited when it began: folder and environment variables."""

    worker: Worker
    folder: Path = field(default_factory=Path.cwd)
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    uses: int = 0
    timer: threading.Timer | None = None

    @property
    def usable(self) -> bool:
        """Whether a new one would be the same: relative paths and settings must mean what they mean here and now."""
        return (
            self.worker.alive
            and self.uses < MOST_USES
            and (self.folder, self.environment) == (Path.cwd(), dict(os.environ))
        )


_idle: dict[str, _Kept] = {}
_lock = threading.Lock()


@contextmanager
def borrow(backend: str = "jax", preload: Sequence[str] = ()) -> Iterator[Worker]:
    """A worker for a backend, warm if one is idle, else a new one that imports `preload`; afterwards it is kept.

    After an error it is let go: nobody knows in what state it is.
    """
    kept = _take(backend)
    if kept is not None and not kept.usable:
        kept.worker.close()
        kept = None
    kept = kept or _Kept(Worker(backend, preload=preload))
    kept.uses += 1
    try:
        yield kept.worker
    except BaseException:
        kept.worker.close()
        raise
    _keep(kept)


def close_idle() -> None:
    """Let all idle workers go."""
    for backend in list(_idle):
        if kept := _take(backend):
            kept.worker.close()


def _take(backend: str, only: _Kept | None = None) -> _Kept | None:
    """Remove the idle worker of a backend, where `only` is given only if it is that one."""
    with _lock:
        if only is not None and _idle.get(backend) is not only:
            return None
        kept = _idle.pop(backend, None)
    if kept and kept.timer:
        kept.timer.cancel()
    return kept


def _keep(kept: _Kept) -> None:
    backend = kept.worker.backend
    before = _take(backend)
    kept.timer = threading.Timer(IDLE_SECONDS, _let_go, [kept])
    kept.timer.daemon = True
    with _lock:
        _idle[backend] = kept
    kept.timer.start()
    if before:
        before.worker.close()


def _let_go(kept: _Kept) -> None:
    if _take(kept.worker.backend, kept):
        kept.worker.close()


atexit.register(close_idle)
