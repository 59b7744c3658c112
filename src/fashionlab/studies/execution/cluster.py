"""A study's runs on a Ray cluster: `--executor ray`, on this machine or with `--address` on others.

Each processor that the cluster gives becomes a slot: a `node.RemoteWorker` there, which keeps a child process
and makes one run at a time. What comes back are the bytes of finished runs, which are checked and written here; no disk
is shared. Slots come and go with the nodes, and end with the driver, however that ends.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fashionlab.data import Dataset
from fashionlab.errors import FashionlabError, WorkerError
from fashionlab.studies.execution.connection import MEMORY, Actor, Answer, Connection, NoAnswer, Node
from fashionlab.studies.execution.local import Job, News
from fashionlab.studies.execution.node import MESSAGES, Message
from fashionlab.studies.execution.transfer import unpack
from fashionlab.studies.execution.versions import first_difference, software

PATIENCE = 90.0
"""Seconds without any slot after which a study gives up; it can be continued."""

REFRESH = 2.0
"""Seconds between two looks at which nodes there are."""

POLL = 5.0
"""Seconds that a question for news waits at the node."""


@dataclass
class _NodeState:
    """A node, and what is known about it.

    asked: the question about its software, while that is open; welcome: whether it may work; failed: workers that could
    not begin.
    """

    node: Node
    asked: Answer | None = None
    welcome: bool = False
    failed: int = 0


@dataclass
class _Slot:
    """A worker on a node. pending: the answer it owes; ready: it has begun; job: what it works on."""

    node: str
    actor: Actor
    pending: Answer | None
    ready: bool = False
    job: Job | None = None


class ClusterExecutor:
    """Executes a study's jobs on a Ray cluster; see `local.Executor`."""

    def __init__(
        self,
        work: Path,
        dataset: Dataset,
        address: str | None,
        workers: int | None,
        backends: Collection[str],
        announce: Callable[[str], object],
    ) -> None:
        """Connect, and wait for the first slots.

        work: a folder for finished runs; dataset: the whole one; address: of the cluster ("auto", host:port,
        ray://host:port), None for one of this machine's own; workers: at most, None for all that there is room for;
        backends: that the study's arms use; announce: tells a person what happens to nodes.

        Raises UsageError for an address where no cluster is, WorkerError if no node may work.
        """
        self._work, self._workers, self._announce = work, workers, announce
        self._tensorflow = "tensorflow" in backends
        self._here = software()
        self._news: deque[News] = deque()
        self._nodes: dict[str, _NodeState] = {}
        self._slots: list[_Slot] = []
        self._refused: dict[str, str] = {}
        self._ending: list[threading.Thread] = []
        self._refreshed = 0.0
        self._last_slot = time.monotonic()
        self._open = True
        self._connection = Connection(address, workers, dataset)
        try:
            self._gather()
        except BaseException:
            self.close()
            raise

    @property
    def slots(self) -> int:
        """How many slots there are at the moment."""
        return sum(slot.ready for slot in self._slots)

    @property
    def free(self) -> int:
        """How many of them have nothing to do."""
        return sum(slot.ready and slot.job is None for slot in self._slots)

    def submit(self, job: Job) -> None:
        """Begin a job in a free slot."""
        slot = next(slot for slot in self._slots if slot.ready and slot.job is None)
        slot.job = job
        slot.actor.start(job)
        slot.pending = slot.actor.poll(POLL)

    def wait(self, seconds: float) -> News | None:
        """The next piece of news. Raises WorkerError once there has been no slot for PATIENCE seconds."""
        deadline = time.monotonic() + seconds
        while not self._news:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._turn(left)
            if self.slots:
                self._last_slot = time.monotonic()
            elif time.monotonic() - self._last_slot > PATIENCE:
                raise WorkerError(self._no_slot())
        return self._news.popleft()

    def cancel(self, key: str) -> None:
        """End a job at once, and its worker with it; the node gets a new one."""
        for slot in self._slots:
            if slot.job and slot.job.key == key:
                self._slots.remove(slot)
                ending = threading.Thread(target=self._end, args=([slot],), daemon=True)
                ending.start()
                self._ending.append(ending)
                break
        self._news = deque(news for news in self._news if news.key != key)

    def close(self) -> None:
        """Give all slots back and leave the cluster."""
        if self._open:
            self._open = False
            self._end(self._slots)
            self._slots.clear()
            for ending in self._ending:
                ending.join()
            self._connection.close()

    def _gather(self) -> None:
        """Wait until every node has said what it has, and the first slots are ready."""
        begun = time.monotonic()
        first: float | None = None
        while time.monotonic() - begun < PATIENCE:
            self._turn(0.5)
            asked = any(state.asked for state in self._nodes.values())
            if self._refused and not asked and not any(state.welcome for state in self._nodes.values()):
                break
            if self.slots and first is None:
                first = time.monotonic()
            # Others follow within moments; a processor that someone else uses may take for ever.
            if first and not asked and (self.slots == len(self._slots) or time.monotonic() - first > POLL):
                self._last_slot = time.monotonic()
                return
        raise WorkerError(self._no_slot())

    def _no_slot(self) -> str:
        reasons = list(dict.fromkeys(self._refused.values()))
        if reasons:
            return "no node of the cluster may work on this study: " + "; ".join(reasons)
        return (
            f"no node of the cluster had a free processor and {MEMORY / 2**30:g} GiB of memory for {PATIENCE:.0f} s; "
            "finished runs are kept: resume the study when there is one"
        )

    def _turn(self, seconds: float) -> None:
        """Look at the nodes if that is due, wait for an answer, and deal with it."""
        if time.monotonic() - self._refreshed > REFRESH:
            self._refresh()
        owed: dict[Answer, _NodeState | _Slot] = {state.asked: state for state in self._nodes.values() if state.asked}
        owed |= {slot.pending: slot for slot in self._slots if slot.pending}
        if not owed:
            time.sleep(min(seconds, 0.1))
            return
        for answer in self._connection.wait(owed, min(seconds, REFRESH)):
            debtor = owed[answer]
            if isinstance(debtor, _NodeState):
                self._meet(debtor, answer)
            else:
                self._hear(debtor, answer)

    def _refresh(self) -> None:
        """Bring nodes and slots up to date with the cluster."""
        self._refreshed = time.monotonic()
        alive = self._connection.nodes()
        for slot in [slot for slot in self._slots if slot.node not in alive]:
            self._lose(slot, "is gone")
        for known in [name for name in self._nodes if name not in alive]:
            del self._nodes[known]
        for name, node in alive.items():
            if name not in self._nodes:
                asked = self._connection.ask_software(name) if node.room else None
                self._nodes[name] = _NodeState(node, asked)
        for name, state in self._nodes.items():
            there, room = sum(slot.node == name for slot in self._slots), state.node.room
            wanted = room if self._workers is None else min(room, there + self._workers - len(self._slots))
            for _ in range(there, wanted if state.welcome else 0):
                actor = self._connection.begin_worker(name)
                self._slots.append(_Slot(name, actor, actor.ready()))

    def _meet(self, state: _NodeState, answer: Answer) -> None:
        """A node has said what software it has."""
        state.asked = None
        try:
            there = self._connection.get(answer)
        except NoAnswer as error:
            self._refuse(state, f"could not say what software it has ({error})")
            return
        difference = first_difference(self._here, there, self._tensorflow)
        if difference:
            self._refuse(state, difference)
            return
        state.welcome = True
        self._refused.pop(state.node.address, None)
        # It may have its slots at once.
        self._refreshed = 0.0

    def _refuse(self, state: _NodeState, why: str) -> None:
        state.welcome = False
        address = state.node.address
        self._refused[address] = f"node {address} {why}; install the same there as on the driver's machine"
        self._announce(f"left out: {self._refused[address]}")

    def _hear(self, slot: _Slot, answer: Answer) -> None:
        """A worker has answered."""
        slot.pending = None
        try:
            answered = self._connection.get(answer)
            messages = MESSAGES.decode(answered) if slot.ready else []
        except (NoAnswer, msgspec.DecodeError) as error:
            self._lose(slot, f"ended ({error})")
            return
        if not slot.ready:
            slot.ready = True
            return
        for message in messages:
            if slot.job and message.key == slot.job.key:
                self._take(slot, slot.job, message)
        if slot.job:
            slot.pending = slot.actor.poll(POLL)

    def _take(self, slot: _Slot, job: Job, message: Message) -> None:
        if message.event is not None:
            self._news.append(News(job.key, event=message.event))
            return
        slot.job = None
        if message.files is None:
            self._news.append(News(job.key, reason=message.reason, hopeless=message.hopeless))
            return
        try:
            self._news.append(News(job.key, folder=unpack(message.files, self._work / job.key, job)))
        except FashionlabError as error:
            self._news.append(News(job.key, reason=str(error)))

    def _lose(self, slot: _Slot, how: str) -> None:
        """A worker is no more, and what was made there is lost."""
        self._slots.remove(slot)
        slot.actor.kill()
        state = self._nodes[slot.node]
        if slot.job:
            reason = f"the worker on node {state.node.address} {how}"
            self._news.append(News(slot.job.key, reason=reason, lost=True))
        elif not slot.ready:
            state.failed += 1
            if state.failed >= 3 and state.welcome:
                self._refuse(state, f"cannot begin to work: its worker {how}")

    def _end(self, slots: Sequence[_Slot]) -> None:
        """End workers: first what they do, so that no child process outlives them, then themselves."""
        self._connection.stop([slot.actor for slot in slots if slot.ready])
        for slot in slots:
            slot.actor.kill()
