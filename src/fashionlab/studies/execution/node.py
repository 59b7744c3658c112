"""What a cluster's node does for a study: one processor core, a worker process on it, run after run.

The worker process is that of a local study and executes the same `run_one`. It works in a folder of this node's own,
below the node's cache folder, and has the data set from the driver: nothing is expected on the node but fashionlab.
This file knows nothing of Ray; `studies.execution.connection` makes an actor of `RemoteWorker`.
"""

import contextlib
import fcntl
import os
import queue
import shutil
import socket
import sys
import tempfile
import threading
from pathlib import Path
from types import NoneType
from typing import TextIO

import msgspec
import numpy as np
from msgspec import Struct

from fashionlab.data import cache_folder
from fashionlab.data.transfer import TransferNote, receive
from fashionlab.errors import DataInvalid, FashionlabError, WorkerError
from fashionlab.files import make_folder
from fashionlab.machine import usable_cores
from fashionlab.studies.execution.local import HOPELESS, RUNS_OF_A_WORKER, CoreWorkers, Job, in_words
from fashionlab.studies.execution.tasks import RUN_ONE, RunOneArguments
from fashionlab.studies.execution.transfer import pack
from fashionlab.training.datasets import hold as hold_dataset
from fashionlab.workers import Task, Worker
from fashionlab.workers.child import Channel
from fashionlab.workers.events import Event


class HoldArguments(Struct, frozen=True):
    """folder: of images.npy and labels.npy; note: on their data set."""

    folder: str
    note: TransferNote


HOLD = Task("fashionlab.studies.execution.node:hold", NoneType)


class Message(Struct, frozen=True):
    """What a remote worker tells about the job `key`: exactly one of event, files and reason is set.

    event: a sign of life, as training emits them; files: the sealed run, name -> bytes; reason: why it failed, in
    words; hopeless: it would fail again.
    """

    key: str
    event: Event | None = None
    files: dict[str, bytes] | None = None
    reason: str | None = None
    hopeless: bool = False


MESSAGES = msgspec.msgpack.Decoder(list[Message])
"""Reads what `RemoteWorker.poll` returns."""


class RemoteWorker:
    """Makes one run at a time. `start` begins one, `poll` tells what came of it since. What passes is MessagePack."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, note: TransferNote) -> None:
        """Images, labels and note: the study's data set as `data.transfer` sends it."""
        # Results of GPUs differ from those of processors by more than rounding, and a cluster may have both.
        os.environ.update(CUDA_VISIBLE_DEVICES="", JAX_PLATFORMS="cpu")
        self._images, self._labels, self._note = images, labels, note
        self._scratch, self._lock = make_scratch()
        core, self._claim = claim_core()
        self._core, self._made = CoreWorkers(core), dict[str, int]()
        self._messages: queue.Queue[Message] = queue.Queue()

    def ready(self) -> bool:
        """True, once it is there."""
        return True

    def start(self, job: bytes) -> None:
        """Begin a job: an encoded `Job`."""
        decoded = msgspec.msgpack.decode(job, type=Job)
        threading.Thread(target=self._execute, args=(decoded,), daemon=True).start()

    def poll(self, seconds: float) -> bytes:
        """The messages since the last time, as soon as there is one; empty if there is none for so many seconds.

        Encoded: `MESSAGES` reads them.
        """
        found: list[Message] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._messages.get(timeout=seconds))
            while True:
                found.append(self._messages.get_nowait())
        return msgspec.msgpack.encode(found)

    def stop(self) -> None:
        """End everything at once and leave nothing behind."""
        self._core.drop_all()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _execute(self, job: Job) -> None:
        backend, folder = job.spec.backend, self._scratch / job.key
        arguments = RunOneArguments(job.spec, job.model_source, str(folder), None, job.origin)
        try:
            made = self._worker(backend).call(
                RUN_ONE, arguments, lambda event: self._messages.put(Message(job.key, event=event))
            )
            message = Message(job.key, files=pack(Path(made.folder)))
            self._made[backend] = self._made.get(backend, 0) + 1
        except FashionlabError as error:
            message = Message(job.key, reason=in_words(error), hopeless=isinstance(error, HOPELESS))
        except Exception as error:  # whatever it is, it is this run's failure, not the node's
            message = Message(job.key, reason=f"{type(error).__name__}: {error}")
        if message.reason is not None:
            # Nobody knows in what state it is.
            self._core.drop(backend)
        shutil.rmtree(folder, ignore_errors=True)
        self._messages.put(message)

    def _worker(self, backend: str) -> Worker:
        if self._made.get(backend, 0) >= RUNS_OF_A_WORKER:
            self._core.drop(backend)
        fresh = not self._core.has(backend)
        worker = self._core.worker(backend)
        if fresh:
            self._made[backend] = 0
            self._hand_over(worker)
        return worker

    def _hand_over(self, worker: Worker) -> None:
        """Give a worker process the data: through files, for as long as it takes."""
        folder = Path(tempfile.mkdtemp(dir=self._scratch))
        np.save(folder / "images.npy", self._images)
        np.save(folder / "labels.npy", self._labels)
        try:
            worker.call(HOLD, HoldArguments(str(folder), self._note))
        except DataInvalid as error:
            # The driver's data are sound: another attempt, or another node, may well have them whole.
            raise WorkerError(str(error)) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def hold(arguments: HoldArguments, channel: Channel) -> None:
    """In a worker process: take the data set from the folder, and check it.

    Raises DataInvalid if it is not what the note's SHA-256 says.
    """
    folder = Path(arguments.folder)
    images, labels = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("images", "labels"))
    hold_dataset(receive(images, labels, arguments.note))


def claim_core() -> tuple[int | None, socket.socket | None]:
    """A core that no other remote worker of this machine has, and what keeps it claimed; (None, None) if none is left.

    The claim is a name in Linux's abstract socket namespace: it ends with the process, however that ends, and holds
    among several clusters and users of one machine. Other systems have none, nor do they pin a process to a core.
    """
    if sys.platform != "linux":
        return None, None
    for core in usable_cores():
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0fashionlab-core-{core}")
            return core, claim
        except OSError:
            claim.close()
    return None, None


def make_scratch() -> tuple[Path, TextIO]:
    """A folder of this process's own, locked for as long as it lives; those that dead processes left are removed."""
    # With the machine's name: the cache folder may be on a network disk that other nodes have, too.
    base = cache_folder() / "cluster" / socket.gethostname()
    make_folder(base)
    with (base / "lock").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        for left in base.glob("*/lock"):
            with left.open("w") as file, contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left.parent, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(dir=base))
        lock = (scratch / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return scratch, lock
