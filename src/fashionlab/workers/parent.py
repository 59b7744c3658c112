"""The parent's side of a worker process."""

import contextlib
import fcntl
import os
import queue
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from fashionlab import errors
from fashionlab.data.cache import cache_folder
from fashionlab.errors import FashionlabError, Interrupted, WorkerError
from fashionlab.machine import pinned_to
from fashionlab.text import tell
from fashionlab.workers.events import Event
from fashionlab.workers.messages import Call, Failed, FromWorker, Stop, Task, Told, ToWorker

Returned = TypeVar("Returned")


STEERING = ("JAX_", "XLA_", "KERAS_", "TF_", "TENSORFLOW_", "NVIDIA_TF32_", "CUBLAS_", "MPL", "MATPLOTLIB", "PYTHON")
"""How variables begin that steer the libraries of a worker, or Python itself: from the outside none gets through."""

TOLD = ("JAX_", "XLA_", "KERAS_", "TF_ENABLE_", "TF_XLA_", "TF_NUM_")
"""Of which variables it is said that they are left out: those that would have changed a run."""

HARMLESS = ("PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE")
HARMLESS_BEGINNINGS = ("XLA_PYTHON_CLIENT_", "TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR")
"""What gets through of those: where Python finds its files, how much of a GPU's memory is taken."""


YNNPACK = "--xla_cpu_experimental_ynn_fusion_type=dot"
"""What XLA may give to the library YNNPACK on a CPU: products of matrices alone. What it makes of poolings and
convolutions writes beyond its memory, and some of its sums are wrong (docs/decisions/0016-jax-version.md)."""


def environment(backend: str = "jax", threads: int | None = None) -> dict[str, str]:
    """The environment variables of a worker: its backend, its compile cache, quiet libraries, repeatable kernels.

    What a user's shell says to JAX, XLA, Keras, TensorFlow, matplotlib or Python is left out, but for what changes no
    number: a run's numbers are decided by its spec.
    """
    cache = cache_folder()
    flags = ["--xla_gpu_deterministic_ops=true", YNNPACK]
    if threads == 1:
        flags.append("--xla_cpu_multi_thread_eigen=false")
    package = str(Path(__file__).resolve().parents[2])
    return {
        **{name: value for name, value in os.environ.items() if not _is_ignored(name, value)},
        **({} if backend == "none" else {"KERAS_BACKEND": backend}),
        "KERAS_HOME": str(cache / "keras"),
        "JAX_COMPILATION_CACHE_DIR": str(cache / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        # Some GPUs would multiply float32 matrices with fewer bits (TF32): a run says float32 and means it.
        "JAX_DEFAULT_MATMUL_PRECISION": "highest",
        "NVIDIA_TF32_OVERRIDE": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # OpenMP's threads would burn the cores while they wait for each other: beside other work, 40 times slower.
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "PASSIVE"),
        "XLA_FLAGS": " ".join(flags),
        "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH", "")])),
    }


@cache
def tell_ignored() -> None:
    """Say once, on standard error, which of the user's variables would have changed numbers and do not."""
    own = environment()
    names = [
        name
        for name, value in os.environ.items()
        if _is_ignored(name, value) and name not in own and name.startswith(TOLD)
    ]
    if names:
        tell(f"ignored, as a run's numbers do not depend on it: {', '.join(sorted(names))}")


def _is_ignored(name: str, value: str) -> bool:
    # Wishing for the processor is no fault: every JAX has it.
    harmless = name in HARMLESS or name.startswith(HARMLESS_BEGINNINGS) or (name, value) == ("JAX_PLATFORMS", "cpu")
    return name.startswith(STEERING) and not harmless


SCRATCH = "fashionlab-worker-"
"""How the temporary folders of workers begin."""

FORSAKEN = 3600.0
"""Seconds after which a temporary folder of a worker may be one that nobody is left to remove."""

_OWNER = ".owner"
"""The file in such a folder that the worker's parent keeps locked for as long as it lives."""


def new_scratch() -> tuple[Path, int]:
    """A temporary folder for a worker, and the descriptor of the lock that keeps it.

    Sweeps away what a parent left behind that was killed together with its worker. The lock says so and not a process
    number, which another process may have by now, and which means nothing in a container that shares the folder.
    """
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(SCRATCH):
                with contextlib.suppress(OSError):
                    _sweep_forsaken(entry)
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH))
    lock = os.open(folder / _OWNER, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


def _sweep_forsaken(entry: "os.DirEntry[str]") -> None:
    """Remove a worker's folder if it is this user's own, old, and its owner's lock has gone with the owner."""
    facts = entry.stat(follow_symlinks=False)
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or time.time() - facts.st_mtime < FORSAKEN:
        return
    lock = os.open(Path(entry.path, _OWNER), os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(entry.path, ignore_errors=True)
    finally:
        os.close(lock)


def _remove_scratch(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def _begin_child(environment: dict[str, str], preload: Sequence[str], core: int | None) -> "subprocess.Popen[bytes]":
    with pinned_to(core):
        return subprocess.Popen(
            # -P: a file keras.py in the folder where the user happens to be is not taken for the library.
            [sys.executable, "-P", "-m", "fashionlab.workers.child", *preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            # A group of its own: Ctrl-C in the terminal reaches the parent alone, which passes the wish on.
            start_new_session=True,
        )


@cache
def _spawner() -> ThreadPoolExecutor:
    """The thread that begins all workers: one that lives as long as this process, as Linux has a child die with the
    thread that began it (`child.die_with_parent`)."""
    return ThreadPoolExecutor(1, thread_name_prefix="spawner")


class Worker:
    """A child process that runs one task after another.

    It starts at once and imports in the background; a call waits for it. Use it as a context manager.
    """

    def __init__(
        self,
        backend: str = "jax",
        threads: int | None = None,
        preload: Sequence[str] = (),
        core: int | None = None,
    ) -> None:
        """`preload` names modules that the child imports ahead of the first task; `threads` is 1, or None for all.

        backend: what Keras runs on in the child, "jax" or "tensorflow"; "none" for tasks that do not use Keras.
        core: the one processor core that the child may use. The libraries size their thread pools by that, so workers
        that are pinned apart do not get in each other's way.
        """
        self.backend = backend
        tell_ignored()
        # What the child leaves there when it is killed goes with it.
        scratch, lock = new_scratch()
        self._tidy = weakref.finalize(self, _remove_scratch, scratch, lock)
        surroundings = {**environment(backend, threads), "TMPDIR": str(scratch)}
        self._child = _spawner().submit(_begin_child, surroundings, preload, core).result()
        self._messages: queue.Queue[FromWorker | None] = queue.Queue()
        self._said: deque[str] = deque(maxlen=200)
        self._readers = [
            threading.Thread(target=reader, daemon=True) for reader in (self._read_messages, self._read_output)
        ]
        for reader in self._readers:
            reader.start()

    def call(
        self, task: Task[Returned], arguments: msgspec.Struct, on_event: Callable[[Event], object] | None = None
    ) -> Returned:
        """Run a task and return its result; events go to `on_event` as they come.

        A FashionlabError raised inside is raised here; anything else is a WorkerError with the child's traceback
        as its note. Ctrl-C (KeyboardInterrupt) asks the task to stop and goes on waiting, then raises Interrupted
        even if the task came to its end all the same; a second one ends the child.
        """
        self._send(Call(task.function, msgspec.Raw(msgspec.json.encode(arguments))))
        asked = False
        while True:
            try:
                message = self._messages.get()
                if isinstance(message, Told):
                    if on_event:
                        on_event(message.event)
                    continue
            except KeyboardInterrupt:
                if asked:
                    self.kill()
                    raise Interrupted("stopped at once") from None
                asked = True
                self.ask_to_stop()
                continue
            if message is None:
                raise self._died()
            if isinstance(message, Failed):
                raise _as_exception(message)
            if asked:
                raise Interrupted("stopped")
            return msgspec.json.decode(message.value, type=task.returns)

    def ask_to_stop(self) -> None:
        """Ask the present task to come to an end; its call then raises Interrupted."""
        self._send(Stop())

    def kill(self) -> None:
        """End the child at once."""
        self._child.kill()
        self._child.wait()

    def close(self) -> None:
        """Let the child end; kill it if it does not within a few seconds."""
        with contextlib.suppress(BrokenPipeError):
            if self._child.stdin:
                self._child.stdin.close()
        try:
            self._child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.kill()
        for reader in self._readers:
            reader.join(timeout=1)
        self._tidy()

    @property
    def alive(self) -> bool:
        """Whether the child is still there."""
        return self._child.poll() is None

    @property
    def output(self) -> str:
        """The last lines that the child's libraries, or the user's model, printed."""
        return "\n".join(self._said)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, message: ToWorker) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(msgspec.json.encode(message) + b"\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None

    def _read_messages(self) -> None:
        assert self._child.stdout is not None
        decoder = msgspec.json.Decoder(FromWorker)
        for line in self._child.stdout:
            if not line.endswith(b"\n"):
                break  # half a message: the child died over it, and how is what there is to say
            try:
                self._messages.put(decoder.decode(line))
            except msgspec.MsgspecError as error:
                self._messages.put(Failed("WorkerError", f"the worker process broke its protocol: {error}", ""))
        self._messages.put(None)

    def _read_output(self) -> None:
        assert self._child.stderr is not None
        for line in self._child.stderr:
            self._said.append(line.decode(errors="replace").rstrip())

    def _died(self) -> WorkerError:
        status = self._child.wait()
        # Its last words may still be on their way; for ever, where a process of its own outlives it.
        for reader in self._readers:
            reader.join(timeout=1)
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        if status == -9:
            how += " (out of memory, perhaps)"
        error = WorkerError(f"the worker process {how}; what was saved can be resumed")
        error.add_note(self.output)
        return error


def _as_exception(failed: Failed) -> FashionlabError:
    kind = getattr(errors, failed.type, None)
    if isinstance(kind, type) and issubclass(kind, FashionlabError):
        error = kind(*failed.message.split("\n"))
    else:
        error = WorkerError(f"a worker task failed with {failed.type}: {failed.message}")
    error.add_note(failed.traceback)
    return error
