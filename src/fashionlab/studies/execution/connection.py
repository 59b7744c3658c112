"""The connection to a Ray cluster: all that fashionlab uses of Ray, and of that the public interface only.

`cluster` decides what is done where; here it is done. Ray's own retries are off: what happens to a lost run is
for `drive` to decide. Ray's machines execute what they send each other (it pickles), so every node, and whoever
can reach the cluster's ports, is trusted as the user is; docs/cluster.md says what follows from that.
"""

import contextlib
import logging
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

# Ray reads these when it is imported. A driver begun by `uv run` would have Ray send the whole working folder to the
# nodes and install things there; and Ray would report its use to its makers.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
# Ray prints what happens to its nodes on standard output, where the result goes: every line of it is to be skipped.
os.environ.update(RAY_DEDUP_LOGS="1", RAY_DEDUP_LOGS_SKIP_REGEX="^")

import msgspec
import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from fashionlab.data import Dataset
from fashionlab.data.transfer import note_of
from fashionlab.errors import UsageError, WorkerError
from fashionlab.options import spelled
from fashionlab.studies.execution.local import Job, default_workers
from fashionlab.studies.execution.node import RemoteWorker

FETCH = 60.0
"""Seconds that an answer which is ready may take to arrive."""

STOP = 5.0
"""Seconds that workers have to end what they do, before they are ended."""

MEMORY = 2**30
"""Bytes of memory that a worker asks the cluster for: its child process, the data and Ray's own part."""

STORE = 256 * 2**20
"""Bytes for results on their way, next to the data set, in the object store of a cluster of this machine's own."""

Answer: TypeAlias = ray.ObjectRef
"""What a question returns at once: `Connection.wait` waits for it, `Connection.get` returns what was answered."""


class NoAnswer(WorkerError):
    """An answer will never come: the process that owed it, or its node, is gone. Its text is Ray's name for that."""


@dataclass(frozen=True)
class Node:
    """A node of the cluster: its address, and how many workers it has processors and memory for."""

    address: str
    room: int


@contextlib.contextmanager
def _connected() -> Iterator[None]:
    """Raise WorkerError in place of what Ray raises when it can no longer do anything for this process."""
    try:
        yield
    except (RayError, OSError, RuntimeError) as error:
        raise WorkerError(
            f"the connection to the cluster is lost ({type(error).__name__}); finished runs are kept: resume the study "
            "when it is back"
        ) from error


class Actor:
    """A `RemoteWorker` on a node of the cluster, as the driver sees it. Nothing here waits for the node.

    All but `kill` raise WorkerError if the connection is lost.
    """

    def __init__(self, actor: Any) -> None:
        """actor: Ray's handle of it."""
        self._actor = actor

    @_connected()
    def ready(self) -> Answer:
        """Ask whether it has begun; it will answer when it has."""
        return self._actor.ready.remote()

    @_connected()
    def start(self, job: Job) -> None:
        """Have it begin a job."""
        self._actor.start.remote(msgspec.msgpack.encode(job))

    @_connected()
    def poll(self, seconds: float) -> Answer:
        """Ask for its messages, which `node.MESSAGES` reads; it answers when there is one, or after so many seconds."""
        return self._actor.poll.remote(seconds)

    @_connected()
    def stop(self) -> Answer:
        """Have it end what it does and leave nothing behind; it answers when that is done."""
        return self._actor.stop.remote()

    def kill(self) -> None:
        """End its process, if that is still there."""
        with contextlib.suppress(Exception):
            ray.kill(self._actor)


class Connection:
    """A Ray cluster that this process has joined, or begun, with a data set in its object store.

    Every method but `get`, `stop` and `close` raises WorkerError if the connection is lost.
    """

    def __init__(self, address: str | None, workers: int | None, dataset: Dataset) -> None:
        """Join the cluster at an address ("auto", host:port, ray://host:port), or begin one on this machine alone.

        workers: processors of the latter, None for one each core. Raises UsageError if there is no cluster, or none
        that this process can join.
        """
        _join(address, workers, dataset.images.nbytes + STORE)
        try:
            with _connected():
                self._data = (ray.put(dataset.images), ray.put(dataset.labels), note_of(dataset))
                self._software = _make_software_task()
        except BaseException:
            self.close()
            raise

    @_connected()
    def nodes(self) -> dict[str, Node]:
        """By Ray's id the nodes that are alive."""
        nodes = {}
        for node in ray.nodes():
            if node["Alive"]:
                # What a node has none of is not listed.
                processors, memory = (node["Resources"].get(name, 0) for name in ("CPU", "memory"))
                nodes[node["NodeID"]] = Node(node["NodeManagerAddress"], int(min(processors, memory // MEMORY)))
        return nodes

    @_connected()
    def ask_software(self, node: str) -> Answer:
        """Ask a node what software it has, as `studies.execution.versions.software` says it."""
        return self._software.options(scheduling_strategy=_on(node)).remote()

    @_connected()
    def begin_worker(self, node: str) -> Actor:
        """Begin a worker for one run at a time on a node, with the data set."""
        return Actor(_ACTOR.options(scheduling_strategy=_on(node)).remote(*self._data))

    @_connected()
    def wait(self, answers: Collection[Answer], seconds: float) -> list[Answer]:
        """Those of the answers that have come: one, or none if none comes within so many seconds."""
        ready, _ = ray.wait(list(answers), num_returns=1, timeout=seconds)
        return ready

    @_connected()
    def get(self, answer: Answer) -> Any:
        """What was answered. Raises NoAnswer if that will never come, WorkerError if the connection is lost."""
        try:
            return ray.get(answer, timeout=FETCH)
        except RayError as error:
            raise NoAnswer(type(error).__name__) from error

    def stop(self, actors: Iterable[Actor]) -> None:
        """Have workers end what they do, so that no child process outlives them."""
        with contextlib.suppress(Exception):
            if stopped := [actor.stop() for actor in actors]:
                ray.wait(stopped, num_returns=len(stopped), timeout=STOP)

    def close(self) -> None:
        """Leave the cluster; one that was begun here ends."""
        with contextlib.suppress(Exception):
            ray.shutdown()


def _join(address: str | None, workers: int | None, store: int) -> None:
    """Join the cluster at an address, or begin one of this machine's own with so many bytes of object store."""
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address is None:
        # "local", because ray.init() would join a cluster that it happens to find.
        processors = workers or default_workers()
        ray.init("local", num_cpus=processors, object_store_memory=store, include_dashboard=False, **quiet)
        return
    try:
        ray.init(address, **quiet)
    except (RayError, RuntimeError, OSError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(
            f"{spelled('address')}: {address} cannot be joined ({reason[:300]}); this machine must have the "
            "cluster's versions of "
            "Ray and Python, and its token if it asks for one (RAY_AUTH_TOKEN), and be a node of it (ray start "
            "--address=HOST:PORT) or a guest of its head (--address ray://HOST:10001)"
        ) from None


def _on(node: str) -> NodeAffinitySchedulingStrategy:
    return NodeAffinitySchedulingStrategy(node, soft=False)


def _make_software_task() -> Any:
    """A task that says what software a node has.

    Written inside a function, so that Ray sends its code: a node with another fashionlab, or none, can execute it.
    """

    def say_software() -> dict[str, str]:
        try:
            from fashionlab.studies.execution.versions import software
        except ImportError:
            return {}
        return software()

    return ray.remote(num_cpus=0, max_retries=0)(say_software)


# Two threads, so that `stop` is heard while `poll` waits.
_ACTOR = ray.remote(num_cpus=1, memory=MEMORY, max_restarts=0, max_task_retries=0, max_concurrency=2)(RemoteWorker)
