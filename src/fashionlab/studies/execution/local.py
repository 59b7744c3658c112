"""Where a study's runs are made: the contract of an executor, and the one that uses this machine's cores.

An executor takes jobs while it has free slots and tells what becomes of them. It decides nothing: order, retries and
how long to wait for news are the driver's (`drive`). A finished run is handed over as a folder on the driver's machine,
made by `tasks.run_one` wherever the executor had it executed.
"""

import contextlib
import queue
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fashionlab.errors import DataInvalid, FashionlabError, Interrupted, NonFiniteLoss, UntrustedModel, UsageError
from fashionlab.machine import has_gpu, usable_cores
from fashionlab.models.own.source import OwnSource
from fashionlab.recipe.spec import RunSpec
from fashionlab.studies.execution.tasks import RUN_ONE, MadeRun, RunOneArguments
from fashionlab.workers import Task, Worker
from fashionlab.workers.events import Event

HOPELESS = (UsageError, NonFiniteLoss, DataInvalid, UntrustedModel)
"""What would happen again: the same seed makes the same bits, so a loss that is not finite will not be next time."""

PRELOADED = {
    "jax": ["fashionlab.training.runners.fused", RUN_ONE.module],
    "tensorflow": ["fashionlab.training.runners.tape", RUN_ONE.module],
    "none": ["fashionlab.training.estimators", RUN_ONE.module],
}
"""What a worker imports before its first task, by backend."""

RUNS_OF_A_WORKER = 100
"""After so many runs a worker is replaced: libraries keep a little of every program that they compiled."""


@dataclass(frozen=True)
class Job:
    """One run to make. key: names this attempt, also as a folder; spec: what decides its numbers; model_source: of
    the user's own model, or None; origin: see `RunOneArguments`."""

    key: str
    spec: RunSpec
    model_source: OwnSource | None
    origin: bytes | None = None


@dataclass(frozen=True)
class News:
    """What became of a job: exactly one of the three is set.

    event: a sign of life, as training emits them. folder: the sealed run, the receiver's to move. reason: it failed, in
    words; hopeless: it would fail again; lost: the machine that made it is gone, which says nothing about the run.
    """

    key: str
    event: Event | None = None
    folder: Path | None = None
    reason: str | None = None
    hopeless: bool = False
    lost: bool = False


class Executor(Protocol):
    """Executes jobs, as many at a time as it has slots."""

    @property
    def slots(self) -> int:
        """How many jobs it works on at once; a cluster's number may change."""

    @property
    def free(self) -> int:
        """How many more it would take now."""

    def submit(self, job: Job) -> None:
        """Begin a job; called only while there is a free slot."""

    def wait(self, seconds: float) -> News | None:
        """The next piece of news, None if there is none within so many seconds."""

    def cancel(self, key: str) -> None:
        """End a job at once; nothing more is heard of it."""

    def close(self) -> None:
        """End everything at once."""


class CoreWorkers:
    """A core of this machine and the workers pinned to it, one for each backend that was needed so far.

    At most one of them is to be busy at a time.
    """

    def __init__(self, core: int | None, preload: bool = True) -> None:
        """preload: import the frameworks as soon as a worker begins, while its parent has other things to do."""
        self._core, self._preload = core, preload
        self._workers: dict[str, Worker] = {}

    def worker(self, backend: str) -> Worker:
        """The worker for a backend, begun if need be."""
        if backend not in self._workers:
            modules = PRELOADED[backend] if self._preload else []
            self._workers[backend] = Worker(backend, threads=1, preload=modules, core=self._core)
        return self._workers[backend]

    def has(self, backend: str) -> bool:
        """Whether a worker has begun already: it is the quickest to use."""
        return backend in self._workers

    def drop(self, backend: str) -> None:
        """End a worker at once."""
        if worker := self._workers.pop(backend, None):
            worker.kill()

    def drop_all(self) -> None:
        """End all workers at once."""
        for backend in list(self._workers):
            self.drop(backend)

    def close(self) -> None:
        """Let all workers end."""
        for backend in list(self._workers):
            self._workers.pop(backend).close()


@dataclass
class _Slot:
    """A core's workers, how many runs they have made, and the job under way."""

    core: CoreWorkers
    made: dict[str, int] = field(default_factory=dict)
    job: Job | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


def default_workers() -> int:
    """One for each core; with a GPU one in all, as two would fight for its memory."""
    return 1 if has_gpu() else len(usable_cores())


def make_core_workers(workers: int, preload: bool = True) -> list[CoreWorkers]:
    """Cores for so many workers: pinned to one each where there are as many, and no GPU to share."""
    available = usable_cores()
    pinned = workers <= len(available) and not has_gpu()
    return [CoreWorkers(available[number] if pinned else None, preload) for number in range(workers)]


class LocalExecutor:
    """Worker processes on this machine: single-threaded, each pinned to a core, reused from run to run."""

    def __init__(
        self,
        workers: int,
        work: Path,
        data_dir: str | None = None,
        task: Task[MadeRun] = RUN_ONE,
    ) -> None:
        """workers: how many; work: a folder for unfinished runs; task: the function that makes one."""
        self._slots = [_Slot(core) for core in make_core_workers(workers, task == RUN_ONE)]
        self._work, self._data_dir, self._task = work, data_dir, task
        self._news: queue.Queue[News] = queue.Queue()
        self._cancelled: set[str] = set()

    @property
    def slots(self) -> int:
        """How many workers there are."""
        return len(self._slots)

    @property
    def free(self) -> int:
        """How many of them have nothing to do."""
        return sum(slot.job is None for slot in self._slots)

    def submit(self, job: Job) -> None:
        """Begin a job in a free slot."""
        # A worker that has imported the job's backend already is the quickest to begin.
        backend = job.spec.backend
        slot = min((s for s in self._slots if s.job is None), key=lambda s: not s.core.has(backend))
        slot.job = job
        threading.Thread(target=self._execute, args=(slot, job), daemon=True).start()

    def wait(self, seconds: float) -> News | None:
        """The next piece of news."""
        with contextlib.suppress(queue.Empty):
            while True:
                news = self._news.get(timeout=seconds)
                if news.key not in self._cancelled:
                    return news
        return None

    def cancel(self, key: str) -> None:
        """End a job at once, by the death of its worker."""
        self._cancelled.add(key)
        for slot in self._slots:
            with slot.lock:
                if slot.job and slot.job.key == key:
                    self._release(slot, alive=False)

    @property
    def core_workers(self) -> list[CoreWorkers]:
        """Its workers, for other tasks when no job is under way any more; `close` ends them."""
        return [slot.core for slot in self._slots]

    def close(self) -> None:
        """End all workers, those with a job at once."""
        for slot in self._slots:
            if slot.job is not None:
                self.cancel(slot.job.key)
            slot.core.close()

    def _execute(self, slot: _Slot, job: Job) -> None:
        """In a thread of its own: make the run and report."""
        alive, folder = False, self._work / job.key
        arguments = RunOneArguments(job.spec, job.model_source, str(folder), self._data_dir, job.origin)
        try:
            made = self._worker(slot, job).call(
                self._task, arguments, lambda event: self._news.put(News(job.key, event=event))
            )
            news, alive = News(job.key, folder=Path(made.folder)), True
        except FashionlabError as error:
            news = News(job.key, reason=in_words(error), hopeless=isinstance(error, HOPELESS))
        except Exception as error:  # whatever it is, it is this run's failure, not the study's
            news = News(job.key, reason=f"{type(error).__name__}: {error}")
        with slot.lock:
            # Unless it was cancelled: then the slot may have another job by now, and another worker.
            if slot.job is job:
                self._release(slot, alive)
        self._news.put(news)

    def _worker(self, slot: _Slot, job: Job) -> Worker:
        backend = job.spec.backend
        with slot.lock:
            if slot.job is not job:
                raise Interrupted("cancelled")
            if slot.made.get(backend, 0) >= RUNS_OF_A_WORKER:
                slot.core.drop(backend)
                slot.made[backend] = 0
            return slot.core.worker(backend)

    def _release(self, slot: _Slot, alive: bool) -> None:
        """The slot's job is over. Without `alive` its worker ends too: nobody knows in what state it is."""
        assert slot.job is not None
        backend = slot.job.spec.backend
        slot.job = None
        slot.made[backend] = slot.made.get(backend, 0) + 1
        if not alive:
            slot.core.drop(backend)
            slot.made[backend] = 0


def in_words(error: FashionlabError) -> str:
    """Why a run failed, without the advice that is for runs of `fashionlab train`."""
    return str(error).removesuffix("; what was saved can be resumed")
