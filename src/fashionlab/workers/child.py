"""The child's side: reads tasks from standard input, writes events and results to the pipe it was given.

Run as `python -m fashionlab.workers.child [MODULE …]`; the modules are imported ahead of the first task. A task is the
name of a function, `package.module:function`, that takes (arguments, channel) and returns plain data.
"""

import importlib
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

GRACE = 20.0
"""Seconds that a task may go on after its parent has gone, to finish a chunk and save."""


class Channel:
    """What a task sees of its parent: `emit` sends an event, `stop_requested` says whether to come to an end."""

    def __init__(self, descriptor: int) -> None:
        self._stop = threading.Event()
        self._descriptor = descriptor

    def emit(self, event: dict[str, Any]) -> None:
        """Send an event, JSON-able; lost without complaint if the parent has gone."""
        self._send({"event": event})

    def stop_requested(self) -> bool:
        """Whether the parent asked to stop, or is gone."""
        return self._stop.is_set()

    def _send(self, message: dict[str, Any]) -> None:
        try:
            data = (json.dumps(message) + "\n").encode()
            while data:
                data = data[os.write(self._descriptor, data) :]
        except BrokenPipeError:
            self._stop.set()


def main() -> None:
    """Serve tasks until standard input ends."""
    channel = Channel(_take_over_output())
    # Ctrl-C reaches the whole process group; the parent decides what it means. A SIGTERM is a wish to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: channel._stop.set())
    tasks: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threading.Thread(target=_listen, args=(channel, tasks), daemon=True).start()
    with _without("sklearn", "matplotlib"):
        for module in sys.argv[1:]:
            importlib.import_module(module)
    while (request := tasks.get()) is not None:
        channel._send(_answer(request, channel))
        # A wish to stop is about the task that was under way when it came, not about the next one.
        channel._stop.clear()


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Make modules look as if they were not installed.

    Keras imports these two, where they are, for wrappers and galleries that no task uses: a third of its import time.
    A task that needs them afterwards imports them as usual.
    """
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is how Python marks such a module
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def _take_over_output() -> int:
    """Keep standard output for messages; what libraries or a user's model print goes to standard error."""
    descriptor = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return descriptor


def _listen(channel: Channel, tasks: "queue.Queue[dict[str, Any] | None]") -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "stop" in message:
            channel._stop.set()
        else:
            tasks.put(message)
    # The parent closed the pipe or died: end after the present task, which is asked to come to an end.
    channel._stop.set()
    tasks.put(None)
    time.sleep(GRACE)
    os._exit(1)


def _answer(request: dict[str, Any], channel: Channel) -> dict[str, Any]:
    try:
        module, _, function = request["task"].partition(":")
        task: Callable[..., Any] = getattr(importlib.import_module(module), function)
        result = {"result": task(request["arguments"], channel)}
        json.dumps(result)
        return result
    except (Exception, SystemExit) as error:
        return {
            "error": {
                "type": type(error).__name__,
                "message": str(error),
                "traceback": traceback.format_exc(),
            }
        }


if __name__ == "__main__":
    main()
    # Nothing is left to save, and unloading a framework in order takes most of a second.
    os._exit(0)
