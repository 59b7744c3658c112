"""The child's side: reads tasks from standard input, writes events and results to the pipe it was given.

Run as `python -m fashionlab.workers.child [MODULE …]`; the modules are imported ahead of the first task. A task is the
name of a function, `package.module:function`, that takes (arguments, channel), a struct and the way back, and returns a
struct or None.
"""

import atexit
import ctypes
import importlib
import inspect
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, get_type_hints

import msgspec

from fashionlab.models.registry import permit_execution
from fashionlab.text import one_line
from fashionlab.workers.events import Event
from fashionlab.workers.messages import Call, Failed, FromWorker, Result, Stop, Told, ToWorker

GRACE = 20.0
"""Seconds that a task may go on after its parent has let go of it, to finish a chunk and save."""


class Channel:
    """What a task sees of its parent: `emit` sends an event, `stop_requested` says whether to come to an end."""

    def __init__(self, descriptor: int) -> None:
        self._stop = threading.Event()
        self._descriptor = descriptor

    def emit(self, event: Event) -> None:
        """Send an event; lost without complaint if the parent has gone."""
        self._send(Told(event))

    def stop_requested(self) -> bool:
        """Whether the parent asked to stop, or is gone."""
        return self._stop.is_set()

    def _send(self, message: FromWorker) -> None:
        try:
            data = msgspec.json.encode(message) + b"\n"
            while data:
                data = data[os.write(self._descriptor, data) :]
        except BrokenPipeError:
            self._stop.set()


def main() -> None:
    """Serve tasks until standard input ends."""
    die_with_parent()
    permit_execution()
    channel = Channel(_take_over_output())
    # Ctrl-C reaches the whole process group; the parent decides what it means. A SIGTERM is a wish to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: channel._stop.set())
    tasks: queue.Queue[Call | None] = queue.Queue()
    threading.Thread(target=_listen, args=(channel, tasks), daemon=True).start()
    with _without("sklearn", "matplotlib"):
        for module in sys.argv[1:]:
            importlib.import_module(module)
    while (call := tasks.get()) is not None:
        channel._send(_answer(call, channel))
        # A wish to stop is about the task that was under way when it came, not about the next one.
        channel._stop.clear()


def die_with_parent() -> None:
    """Have Linux kill this process when its parent ends, even where it is stuck in a library; a training then goes on
    from its last checkpoint. Elsewhere, the end of standard input says so (`_listen`)."""
    if sys.platform == "linux":
        # PR_SET_PDEATHSIG, man 2 prctl
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


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


def _listen(channel: Channel, tasks: "queue.Queue[Call | None]") -> None:
    decoder = msgspec.json.Decoder(ToWorker)
    for line in sys.stdin.buffer:
        message = decoder.decode(line)
        if isinstance(message, Stop):
            channel._stop.set()
        else:
            tasks.put(message)
    # The parent closed the pipe or died: end after the present task, which is asked to come to an end.
    channel._stop.set()
    tasks.put(None)
    time.sleep(GRACE)
    os._exit(1)


def _answer(call: Call, channel: Channel) -> FromWorker:
    try:
        module, _, name = call.function.partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        arguments = msgspec.json.decode(call.arguments, type=_type_of_arguments(function))
        return Result(msgspec.Raw(msgspec.json.encode(function(arguments, channel))))
    except (Exception, SystemExit) as error:
        # Names that are no UTF-8 could not be sent.
        message, trace = ("\n".join(map(one_line, text.split("\n"))) for text in (str(error), traceback.format_exc()))
        return Failed(type(error).__name__, message, trace)


def _type_of_arguments(function: Callable[..., Any]) -> Any:
    """The annotation of a task's first parameter; plain data where there is none."""
    first = next(iter(inspect.signature(function).parameters))
    return get_type_hints(function).get(first, Any)


if __name__ == "__main__":
    main()
    # TensorFlow leaves a file for each function that it has translated, unless it is let clean up.
    atexit._run_exitfuncs()
    # Nothing is left to save, and unloading a framework in order takes most of a second.
    os._exit(0)
