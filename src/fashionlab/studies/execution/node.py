"""What a cluster's node does for a study: one processor core, a worker process on it, run after run.

The worker process is that of a local study and executes the same `run_one`. It works in a folder of this node's own,
below the node's cache folder, and has the data set from the driver: nothing is expected on the node but fashionlab.
This file knows nothing of Ray; `studies.cluster` makes an actor of `Seat`.
"""

import contextlib
import fcntl
import os
import queue
import shutil
import socket
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from fashionlab.data import cache_folder
from fashionlab.data.transfer import receive
from fashionlab.errors import DataInvalid, FashionlabError, WorkerError
from fashionlab.files import make_folder
from fashionlab.studies.execution.local import HOPELESS, RUN_ONE, RUNS_OF_A_WORKER, Bench, cores, in_words
from fashionlab.studies.execution.transfer import pack
from fashionlab.training.tasks import HELD
from fashionlab.workers import Worker
from fashionlab.workers.child import Channel

HOLD = "fashionlab.studies.execution.node:hold"

Message = dict[str, Any]


class Seat:
    """A place for one run at a time. `start` begins one, `poll` tells what came of it since.

    A message has the job's `key` and an `event`, or the `files` of the sealed run (name -> bytes), or the `reason` why
    it failed, with `hopeless`.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, note: Mapping[str, Any]) -> None:
        """Pictures, labels and note: the study's data set as `data.parcel` sends it."""
        # Results of GPUs differ from those of processors by more than rounding, and a cluster may have both.
        os.environ.update(CUDA_VISIBLE_DEVICES="", JAX_PLATFORMS="cpu")
        self._images, self._labels, self._note = images, labels, note
        self._scratch, self._lock = make_scratch()
        core, self._claim = claim_core()
        self._bench, self._made = Bench(core), dict[str, int]()
        self._messages: queue.Queue[Message] = queue.Queue()

    def ready(self) -> bool:
        """True, once it is there."""
        return True

    def start(self, job: Mapping[str, Any]) -> None:
        """Begin a job: key, request, model_source (text or None)."""
        threading.Thread(target=self._execute, args=(job,), daemon=True).start()

    def poll(self, seconds: float) -> list[Message]:
        """The messages since the last time, as soon as there is one; empty if there is none for so many seconds."""
        found: list[Message] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._messages.get(timeout=seconds))
            while True:
                found.append(self._messages.get_nowait())
        return found

    def stop(self) -> None:
        """End everything at once and leave nothing behind."""
        self._bench.drop_all()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _execute(self, job: Mapping[str, Any]) -> None:
        key, backend, folder = job["key"], job["request"]["backend"], self._scratch / job["key"]
        arguments = {**job, "folder": str(folder), "data_dir": None}
        message: Message = {}
        try:
            answer = self._worker(backend).call(
                RUN_ONE, arguments, lambda event: self._messages.put({"key": key, "event": event})
            )
            message = {"key": key, "files": pack(Path(answer["folder"]))}
            self._made[backend] = self._made.get(backend, 0) + 1
        except FashionlabError as error:
            message = {"key": key, "reason": in_words(error), "hopeless": isinstance(error, HOPELESS)}
        except Exception as error:  # whatever it is, it is this run's failure, not the node's
            message = {"key": key, "reason": f"{type(error).__name__}: {error}", "hopeless": False}
        if "reason" in message:
            # Nobody knows in what state it is.
            self._bench.drop(backend)
        shutil.rmtree(folder, ignore_errors=True)
        self._messages.put(message)

    def _worker(self, backend: str) -> Worker:
        if self._made.get(backend, 0) >= RUNS_OF_A_WORKER:
            self._bench.drop(backend)
        fresh = not self._bench.has(backend)
        worker = self._bench.worker(backend)
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
            worker.call(HOLD, {"folder": str(folder), "note": dict(self._note)})
        except DataInvalid as error:
            # The driver's data are sound: another attempt, or another node, may well have them whole.
            raise WorkerError(str(error)) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def hold(arguments: dict[str, Any], channel: Channel) -> None:
    """In a worker process: take the data set from {folder: of images.npy and labels.npy, note}, and check it.

    Raises DataInvalid if it is not what the note's SHA-256 says.
    """
    folder = Path(arguments["folder"])
    images, labels = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("images", "labels"))
    dataset = receive(images, labels, arguments["note"])
    HELD.clear()
    HELD[dataset.sha256] = dataset


def claim_core() -> tuple[int | None, socket.socket | None]:
    """A core that no other seat of this machine has, and what keeps it claimed; (None, None) if there is none left.

    The claim is a name in Linux's abstract socket namespace: it ends with the process, however that ends, and holds
    among several clusters and users of one machine.
    """
    for core in cores():
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
