"""A study's runs on a Ray cluster: `--engine ray`, on this machine or with `--address` on others.

Each processor that the cluster gives becomes a seat: a Ray actor around `studies.node.Seat`, which keeps a worker
process. The pictures go to Ray's object store once. What comes back are the bytes of finished runs, which are checked
and written here; no disk is shared. Seats come and go with the nodes, and end with the driver, however that ends.

Ray's own retries are off: what is to be done about a lost run is for `studies.drive` to decide. Ray has its machines
execute what they send each other (it pickles), so every node, and whoever can reach the cluster's ports, is trusted
as the user is; docs/cluster.md says what follows from that.
"""

import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Read by Ray when it is imported. A driver begun by `uv run` would have Ray send the whole working folder to the nodes
# and install things there; and Ray would report its use to its makers.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
from ray._private import services
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from fashionlab.data import Dataset
from fashionlab.data.transfer import note_of
from fashionlab.errors import FashionlabError, UsageError, WorkerError
from fashionlab.studies.execution.address import require_answer
from fashionlab.studies.execution.local import Job, News, default_workers
from fashionlab.studies.execution.node import Seat
from fashionlab.studies.execution.transfer import unpack
from fashionlab.studies.execution.versions import first_difference, software

PATIENCE = 90.0
"""Seconds without any seat after which a study gives up; it can be continued."""

REFRESH = 2.0
"""Seconds between two looks at which nodes there are."""

POLL = 5.0
"""Seconds that a question for news waits at the node."""

FETCH = 60.0
"""Seconds that an answer which is ready may take to arrive."""

MEMORY = 2**30
"""Bytes that a seat asks the cluster for: a worker process, its data and Ray's own part. A node seats no more runs than
its memory has room for."""

STORE = 256 * 2**20
"""Bytes for results on their way, beside the data set, in the object store of a cluster of this machine's own."""


@dataclass
class _Node:
    """A node of the cluster: its address, how many seats it may have, and what is known about its software.

    asked: the question about it, while that is open; welcome: whether it may work; failed: seats that could not begin.
    """

    address: str
    room: int
    asked: Any = None
    welcome: bool = False
    failed: int = 0


@dataclass
class _Place:
    """A seat as the driver sees it. pending: the answer it owes; ready: it has begun; job: what it works on."""

    node: str
    actor: Any
    pending: Any
    ready: bool = False
    job: Job | None = None


class ClusterExecutor:
    """Executes a study's jobs on a Ray cluster; see `execute.Executor`."""

    def __init__(
        self,
        work: Path,
        dataset: Dataset,
        address: str | None,
        workers: int | None,
        backends: Collection[str],
        announce: Callable[[str], object],
    ) -> None:
        """Connect, and wait for the first seats.

        work: a folder for finished runs; dataset: the whole one; address: of the cluster ("auto", host:port,
        ray://host:port), None for one of this machine's own; workers: seats at most, None for all that there are;
        backends: that the study's arms use; announce: tells a person what happens to nodes.

        Raises UsageError for an address where no cluster is, WorkerError if no node may work.
        """
        self._work, self._workers, self._announce = work, workers, announce
        self._tensorflow = "tensorflow" in backends
        self._news: deque[News] = deque()
        self._nodes: dict[str, _Node] = {}
        self._places: list[_Place] = []
        self._refused: dict[str, str] = {}
        self._ending: list[threading.Thread] = []
        self._refreshed = 0.0
        self._seated = time.monotonic()
        self._open = True
        connect(address, workers, dataset.images.nbytes + STORE)
        try:
            self._here = software()
            self._probe = _make_probe()
            with _connected():
                self._data = (ray.put(dataset.images), ray.put(dataset.labels), note_of(dataset))
                self._gather()
        except BaseException:
            self.close()
            raise

    @property
    def slots(self) -> int:
        """How many seats there are at the moment."""
        return sum(place.ready for place in self._places)

    @property
    def free(self) -> int:
        """How many of them have nothing to do."""
        return sum(place.ready and place.job is None for place in self._places)

    def submit(self, job: Job) -> None:
        """Begin a job at a free seat."""
        place = next(place for place in self._places if place.ready and place.job is None)
        source = None if job.model_source is None else job.model_source.decode()
        place.job = job
        with _connected():
            place.actor.start.remote({"key": job.key, "request": job.request, "model_source": source})
            place.pending = place.actor.poll.remote(POLL)

    def wait(self, seconds: float) -> News | None:
        """The next piece of news. Raises WorkerError once there has been no seat for PATIENCE seconds."""
        deadline = time.monotonic() + seconds
        while not self._news:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            with _connected():
                self._turn(left)
            if self.slots:
                self._seated = time.monotonic()
            elif time.monotonic() - self._seated > PATIENCE:
                raise WorkerError(self._no_seat())
        return self._news.popleft()

    def cancel(self, key: str) -> None:
        """End a job at once, and its seat with it; the node gets a new one."""
        for place in self._places:
            if place.job and place.job.key == key:
                self._places.remove(place)
                ending = threading.Thread(target=_end, args=([place],), daemon=True)
                ending.start()
                self._ending.append(ending)
                break
        self._news = deque(news for news in self._news if news.key != key)

    def close(self) -> None:
        """Give all seats back and leave the cluster."""
        if self._open:
            self._open = False
            _end(self._places)
            self._places.clear()
            for ending in self._ending:
                ending.join()
            with contextlib.suppress(Exception):
                ray.shutdown()

    def _gather(self) -> None:
        """Wait until every node has said what it has, and the first seats are taken."""
        begun = time.monotonic()
        first: float | None = None
        while time.monotonic() - begun < PATIENCE:
            self._turn(0.5)
            asked = any(node.asked for node in self._nodes.values())
            if self._refused and not asked and not any(node.welcome for node in self._nodes.values()):
                break
            if self.slots and first is None:
                first = time.monotonic()
            # Others follow within moments; a processor that someone else uses may take for ever.
            if first and not asked and (self.slots == len(self._places) or time.monotonic() - first > POLL):
                self._seated = time.monotonic()
                return
        raise WorkerError(self._no_seat())

    def _no_seat(self) -> str:
        reasons = list(dict.fromkeys(self._refused.values()))
        if reasons:
            return "no node of the cluster may work on this study: " + "; ".join(reasons)
        return (
            f"no node of the cluster had a free processor and {MEMORY / 2**30:g} GiB of memory for {PATIENCE:.0f} s; "
            "finished runs are kept: fashionlab study --continue goes on when there is one"
        )

    def _turn(self, seconds: float) -> None:
        """Look at the nodes if that is due, wait for an answer, and deal with it."""
        if time.monotonic() - self._refreshed > REFRESH:
            self._refresh()
        owed: dict[Any, _Node | _Place] = {node.asked: node for node in self._nodes.values() if node.asked}
        owed |= {place.pending: place for place in self._places if place.pending}
        if not owed:
            time.sleep(min(seconds, 0.1))
            return
        ready, _ = ray.wait(list(owed), num_returns=1, timeout=min(seconds, REFRESH))
        for answer in ready:
            debtor = owed[answer]
            if isinstance(debtor, _Node):
                self._meet(debtor, answer)
            else:
                self._hear(debtor, answer)

    def _refresh(self) -> None:
        """Bring nodes and seats up to date with the cluster."""
        self._refreshed = time.monotonic()
        alive = {node["NodeID"]: node for node in ray.nodes() if node["Alive"]}
        for place in [place for place in self._places if place.node not in alive]:
            self._lose(place, "is gone")
        for known in [name for name in self._nodes if name not in alive]:
            del self._nodes[known]
        for name, described in alive.items():
            if name not in self._nodes:
                resources = described["Resources"]
                room = int(min(resources.get("CPU", 0), resources.get("memory", 0) // MEMORY))
                node = self._nodes[name] = _Node(described["NodeManagerAddress"], room)
                if room:
                    node.asked = self._probe.options(scheduling_strategy=_on(name)).remote()
        for name, node in self._nodes.items():
            there = sum(place.node == name for place in self._places)
            wanted = node.room if self._workers is None else min(node.room, there + self._workers - len(self._places))
            for _ in range(there, wanted if node.welcome else 0):
                actor = _SEAT.options(scheduling_strategy=_on(name)).remote(*self._data)
                self._places.append(_Place(name, actor, actor.ready.remote()))

    def _meet(self, node: _Node, answer: Any) -> None:
        """A node has said what software it has."""
        node.asked = None
        try:
            there = ray.get(answer, timeout=FETCH)
        except RayError as error:
            self._refuse(node, f"could not say what software it has ({type(error).__name__})")
            return
        difference = first_difference(self._here, there, self._tensorflow)
        if difference:
            self._refuse(node, difference)
            return
        node.welcome = True
        self._refused.pop(node.address, None)
        # It may have its seats at once.
        self._refreshed = 0.0

    def _refuse(self, node: _Node, why: str) -> None:
        node.welcome = False
        self._refused[node.address] = f"node {node.address} {why}; install the same there as on the driver's machine"
        self._announce(f"left out: {self._refused[node.address]}")

    def _hear(self, place: _Place, answer: Any) -> None:
        """A seat has answered."""
        place.pending = None
        try:
            messages = ray.get(answer, timeout=FETCH)
        except RayError as error:
            self._lose(place, f"ended ({type(error).__name__})")
            return
        if not place.ready:
            place.ready = True
            return
        for message in messages:
            if place.job and message["key"] == place.job.key:
                self._take(place, message)
        if place.job:
            place.pending = place.actor.poll.remote(POLL)

    def _take(self, place: _Place, message: dict[str, Any]) -> None:
        assert place.job is not None
        job = place.job
        if "event" in message:
            self._news.append(News(job.key, event=message["event"]))
            return
        place.job = None
        if "files" not in message:
            self._news.append(News(job.key, reason=message["reason"], hopeless=message["hopeless"]))
            return
        try:
            self._news.append(News(job.key, folder=unpack(message["files"], self._work / job.key, job)))
        except FashionlabError as error:
            self._news.append(News(job.key, reason=str(error)))

    def _lose(self, place: _Place, how: str) -> None:
        """A seat is no more, and what was made there is lost."""
        self._places.remove(place)
        with contextlib.suppress(Exception):
            ray.kill(place.actor)
        node = self._nodes.get(place.node)
        address = node.address if node else "?"
        if place.job:
            self._news.append(News(place.job.key, reason=f"the seat on node {address} {how}", lost=True))
        elif not place.ready and node:
            node.failed += 1
            if node.failed >= 3 and node.welcome:
                self._refuse(node, f"cannot begin to work: its seat {how}")


def connect(address: str | None, workers: int | None, store: int) -> None:
    """Join the cluster at an address, or begin one of this machine's own with so many bytes of object store.

    Raises UsageError if there is no cluster, or one of another version of Ray or Python.
    """
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    # Ray prints what happens to its nodes on standard output, where the result goes.
    ray._private.worker._worker_logs_enabled = False
    if address is None:
        # "local", because ray.init() would join a cluster that it happens to find.
        processors = workers or default_workers()
        ray.init("local", num_cpus=processors, object_store_memory=store, include_dashboard=False, **quiet)
        return
    try:
        # What "auto" stands for may be a cluster that is no more, and Ray would wait for it for minutes.
        guess = address == "auto" and "RAY_ADDRESS" not in os.environ
        require_answer((guess and services.canonicalize_bootstrap_address("auto")) or address)
        ray.init(address, **quiet)
    except (RuntimeError, ConnectionError, ValueError) as error:
        text = " ".join(str(error).split())
        if "ersion" in text:
            raise UsageError(
                f"--address: the cluster at {address} has another version of Ray or Python than this machine: {text}"
            ) from None
        raise UsageError(
            f"--address: {address} cannot be joined ({text[:300]}); this machine must be a node of the cluster (ray "
            "start --address=HOST:PORT) or a guest of its head (--address ray://HOST:10001), and have its token if it "
            "asks for one (RAY_AUTH_TOKEN)"
        ) from None


@contextlib.contextmanager
def _connected() -> Iterator[None]:
    """Raise WorkerError in place of what Ray raises when it can no longer do anything for this process."""
    try:
        yield
    except (RayError, OSError, RuntimeError) as error:
        raise WorkerError(
            f"the connection to the cluster is lost ({type(error).__name__}); finished runs are kept: fashionlab study "
            "--continue goes on when it is back"
        ) from error


def _on(node: str) -> NodeAffinitySchedulingStrategy:
    return NodeAffinitySchedulingStrategy(node, soft=False)


def _end(places: Sequence[_Place]) -> None:
    """End seats: first what they do, so that no worker process outlives them, then themselves."""
    with contextlib.suppress(Exception):
        stopped = [place.actor.stop.remote() for place in places if place.ready]
        if stopped:
            ray.wait(stopped, num_returns=len(stopped), timeout=POLL)
    for place in places:
        with contextlib.suppress(Exception):
            ray.kill(place.actor)


def _make_probe() -> Any:
    """A task that says what software a node has.

    Written inside a function, so that Ray sends its code: a node with another fashionlab, or none, can execute it.
    """

    def probe() -> dict[str, str]:
        try:
            from fashionlab.studies.execution.versions import software
        except ImportError:
            return {}
        return software()

    return ray.remote(num_cpus=0, max_retries=0)(probe)


# Two threads, so that `stop` is heard while `poll` waits.
_SEAT = ray.remote(num_cpus=1, memory=MEMORY, max_restarts=0, max_task_retries=0, max_concurrency=2)(Seat)
