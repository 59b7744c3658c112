"""The driver of a study: which run comes next, what to do when one fails, and when it is enough."""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fashionlab.errors import StoreError, WorkerError
from fashionlab.store.format import to_json
from fashionlab.studies.design.plan import Arm
from fashionlab.studies.execution.local import Executor, Job, News
from fashionlab.studies.folder import Failure, StudyFolder
from fashionlab.studies.outcomes import ATTEMPTS, Ledgers, Outcome, last_seed
from fashionlab.studies.summary import summarise_study

Events = Callable[[dict[str, Any]], object]

SILENCE = 120.0
"""Seconds without news after which a run counts as hung: compiling a large network takes a minute, answering a study's
6,000 pictures with a boosted model of 600 rounds 10 s."""

USUAL = 20
"""A run also counts as hung only if it is silent this many times as long as the arm's finished runs ever were."""

NEWS_SECONDS = 0.5

LOSSES = 3
"""How often a run may go down with its machine before that counts as a failure of the run, which may be the cause."""


@dataclass
class _Flight:
    """A run under way. done, of: how far it is, in units (epochs; trees or rounds of a classic model), 0 before it says
    so; silence: its longest so far, in seconds; spoken: whether anything came from it yet."""

    arm: Arm
    seed: int
    attempt: int
    started: float
    heard: float
    silence: float = 0.0
    spoken: bool = False
    done: int = 0
    of: int = 0
    unit: str = "epoch"


@dataclass
class Driver:
    """Drives one study on one executor. minutes: of this session, None for no limit; silence: see SILENCE."""

    folder: StudyFolder
    executor: Executor
    known: Ledgers
    on_event: Events
    machine: dict[str, Any]
    minutes: float | None = None
    silence: float | None = None
    workers: int = 1
    _flights: dict[str, _Flight] = field(default_factory=dict)
    _losses: Counter[tuple[str, int]] = field(default_factory=Counter)
    _silences: dict[str, float] = field(default_factory=dict)
    _begun: float = field(default_factory=time.monotonic)
    _before: float = 0.0
    _durations: list[float] = field(default_factory=list)

    def run(self) -> str:
        """Make runs until the study is at its end; returns the state: "decided", "seeds" or "minutes".

        Raises WorkerError if the baseline, or every other arm, fails with each of its first seeds. Whatever else is
        raised (Ctrl-C), the finished runs are kept and the summary says "stopped".
        """
        earlier = self.folder.read_json("summary.json")
        self._before = float(earlier["seconds"]) if earlier else 0.0
        state = "stopped"
        try:
            self._save("running")
            state = self._drive()
        finally:
            for key in list(self._flights):
                self.executor.cancel(key)
            self._flights.clear()
            self._save(state)
        return state

    def _drive(self) -> str:
        while True:
            self._raise_if_hopeless()
            if last_seed(self.folder.plan, self.known) is not None:
                return "decided"
            out_of_time = self.minutes is not None and time.monotonic() - self._begun > 60 * self.minutes
            if not out_of_time:
                self._submit()
            left = next(self._to_do(), None)
            # Runs may be left while none is under way: a cluster can be without a node for a while.
            if not self._flights and (out_of_time or left is None):
                return "minutes" if left else "seeds"
            news = self.executor.wait(NEWS_SECONDS)
            if news:
                self._take(news)
            self._end_the_silent()
            self._tell()

    def _to_do(self) -> Iterator[tuple[Arm, int]]:
        """Runs that nobody makes yet, seed by seed, so that a study stopped at any time has whole seeds."""
        plan = self.folder.plan
        flying = {(flight.arm.name, flight.seed) for flight in self._flights.values()}
        arms = [arm for arm in plan.arms if not self.known.withdrawn(plan, arm.name)]
        for seed in plan.all_seed_numbers:
            for arm in arms:
                if (arm.name, seed) not in flying and not self.known.settled(arm.name, seed):
                    yield arm, seed

    def _submit(self) -> None:
        for _ in range(self.executor.free):
            wanted = next(self._to_do(), None)
            if wanted is None:
                return
            arm, seed = wanted
            attempt, now = self.known.attempts(arm.name, seed) + 1, time.monotonic()
            place = self.folder.run_of(arm, seed).name
            key = f"{place}-{attempt}"
            self._flights[key] = _Flight(arm, seed, attempt, now, now)
            self.executor.submit(Job(key, arm.request_for(seed), arm.model_source))

    def _take(self, news: News) -> None:
        flight = self._flights[news.key]
        now = time.monotonic()
        flight.silence, flight.heard = max(flight.silence, now - flight.heard), now
        if news.event is not None:
            _follow(flight, news.event)
            return
        del self._flights[news.key]
        if news.lost and self._losses[flight.arm.name, flight.seed] < LOSSES:
            self._losses[flight.arm.name, flight.seed] += 1
            self.on_event({"event": "loss", "arm": flight.arm.name, "seed": flight.seed, "reason": news.reason})
            return
        if news.folder is None:
            self._fail(flight, news.reason or "unknown", news.hopeless)
            return
        run = self.folder.adopt(news.folder, flight.arm, flight.seed)
        outcome = Outcome.of(run)
        self.known.outcomes[flight.arm.name, flight.seed] = outcome
        self._silences[flight.arm.name] = max(flight.silence, self._silences.get(flight.arm.name, 0.0))
        self._durations.append(now - flight.started)
        self._save("running")
        self.on_event(
            {
                "event": "run",
                "arm": flight.arm.name,
                "seed": flight.seed,
                "accuracy": outcome.accuracy,
                "seconds": now - flight.started,
            }
        )

    def _fail(self, flight: _Flight, reason: str, hopeless: bool) -> None:
        final = hopeless or flight.attempt >= ATTEMPTS
        failure = Failure(flight.arm.name, flight.seed, flight.attempt, reason, final)
        self.folder.record(failure)
        self.known.add_failure(failure)
        self._save("running")
        self.on_event({"event": "failure", **vars(failure), "of": ATTEMPTS})

    def _end_the_silent(self) -> None:
        for key, flight in list(self._flights.items()):
            silent = time.monotonic() - flight.heard
            if silent > self._patience(flight):
                self.executor.cancel(key)
                del self._flights[key]
                self._fail(flight, f"hung: no sign of life for {silent:.0f} s", hopeless=False)

    def _patience(self, flight: _Flight) -> float:
        # Before its first word a run's worker starts and imports, which on a busy machine takes as long as it takes.
        if self.silence is not None and flight.spoken:
            return self.silence
        return max(SILENCE, USUAL * self._silences.get(flight.arm.name, 0.0))

    def _raise_if_hopeless(self) -> None:
        plan = self.folder.plan
        withdrawn = {arm.name: self.known.withdrawn(plan, arm.name) for arm in plan.arms}
        if plan.baseline and withdrawn[plan.baseline]:
            raise WorkerError(
                f"the baseline {plan.baseline} failed with each of its first seeds: {withdrawn[plan.baseline]}; "
                "there is nothing to compare with"
            )
        others = [reason for name, reason in withdrawn.items() if name != plan.baseline]
        if all(others):
            raise WorkerError(f"every change failed with each of its first seeds: {others[0]}")

    @property
    def seconds(self) -> float:
        """Wall time of the study, earlier sessions included."""
        return self._before + time.monotonic() - self._begun

    def _save(self, state: str) -> None:
        summary = self.summarise(state)
        self.folder.write("summary.json", to_json(summary))
        self.on_event({"event": "summary", "summary": summary})

    def summarise(self, state: str, **more: Any) -> dict[str, Any]:
        """The summary as of now; `more`: sections that come at the end (`test`, `compare`)."""
        return summarise_study(
            self.folder.plan, self.known, state=state, seconds=self.seconds, workers=self.workers,
            machine=self.machine, **more,
        )  # fmt: skip

    def _tell(self) -> None:
        running = [
            {"arm": f.arm.name, "seed": f.seed, "done": f.done, "of": f.of, "unit": f.unit}
            for f in self._flights.values()
        ]
        self.on_event({"event": "running", "running": running, "seconds_left": self._seconds_left()})

    def _seconds_left(self) -> float | None:
        """At most: deciding earlier ends it. None until this session has finished a run."""
        if not self._durations:
            return None
        left = sum(1 for _ in self._to_do()) + len(self._flights) / 2
        seconds = statistics.fmean(self._durations) * left / max(1, self.executor.slots)
        if self.minutes is None:
            return seconds
        return max(0.0, min(seconds, 60 * self.minutes - (time.monotonic() - self._begun)))


def _follow(flight: _Flight, event: dict[str, Any]) -> None:
    """Read off a training's event how far the run is: see `training.loop` and `training.classic`."""
    flight.spoken = True
    if event["event"] == "step":
        flight.done, flight.of, flight.unit = event["done"], event["total"] or 0, event["unit"] or ""
    elif "epoch" in event:
        flight.done, flight.of = int(event["epoch"]), int(event.get("epochs", flight.of))


def refuse_another_version(folder: StudyFolder, results_version: int) -> None:
    """Raise StoreError if the study's earlier runs were made by code that gives other numbers."""
    made = {arm.request["results_version"] for arm in folder.plan.arms}
    if made != {results_version}:
        raise StoreError(
            f"study {folder.name} was begun with results version {sorted(made)[0]}, this fashionlab has "
            f"{results_version}: its numbers are not comparable; begin the study anew"
        )
