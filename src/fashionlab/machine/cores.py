"""The processor cores that this process may use. Only Linux lets a process choose; elsewhere all are usable."""

import contextlib
import os
from collections.abc import Iterator


def usable_cores() -> list[int]:
    """The numbers of the cores, ascending."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def cpu_device() -> str:
    """The processor as a device, with the cores that this process may use: "CPU, 2 cores"."""
    cores = len(usable_cores())
    return f"CPU, {cores} core{'s' if cores > 1 else ''}"


@contextlib.contextmanager
def pinned_to(core: int | None) -> Iterator[None]:
    """Confine this thread to a core while it starts a child, which inherits that from its first moment on.

    Does nothing for None, and where the system has no such call.
    """
    if core is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
