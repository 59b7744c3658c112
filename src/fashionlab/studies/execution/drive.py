"""The driver of a study: which run comes next, what to do when one fails, and when it is enough."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from fashionlab.errors import StoreError, WorkerError
from fashionlab.machine import MachineDescription
from fashionlab.recipe.spec import RunSpec
from fashionlab.store import to_json
from fashionlab.studies.design.plan import Arm
from fashionlab.studies.events import (
    OnStudyEvent,
    RunDone,
    RunFailed,
    RunLost,
    RunsUnderWay,
    RunUnderWay,
    SummaryWritten,
)
from fashionlab.studies.execution.estimate import seconds_left
from fashionlab.studies.execution.flight import Flight
from fashionlab.studies.execution.local import Executor, Job, News
from fashionlab.studies.folder import Failure, StudyFolder
from fashionlab.studies.outcomes import ATTEMPTS, Outcome, RunResults, last_seed
from fashionlab.studies.summarise import summarise_study
from fashionlab.studies.summary import Comparison, Confirmation, State, StudySummary
from fashionlab.workers.events import (
    RunEvent,
    RunFinished,
    RunStarted,
    RunTold,
)

Ending = Literal["decided", "seeds", "minutes"]

NEWS_SECONDS = 0.5

LOSSES = 3
"""How often a run may go down with its machine before that counts as a failure of the run, which may be the cause."""


@dataclass(kw_only=True)
class InFlight(Flight):
    """A study's run under way."""

    arm: Arm
    seed: int


@dataclass
class Driver:
    """Drives one study on one executor. minutes: of this session, None for no limit; silence: see `Flight.hung`."""

    folder: StudyFolder
    executor: Executor
    results: RunResults
    on_event: OnStudyEvent
    machine: MachineDescription
    minutes: float | None = None
    silence: float | None = None
    workers: int = 1
    _flights: dict[str, InFlight] = field(default_factory=dict)
    _losses: Counter[tuple[str, int]] = field(default_factory=Counter)
    _silences: dict[str, float] = field(default_factory=dict)
    _begun: float = field(default_factory=time.monotonic)
    _before: float = 0.0
    _durations: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def run(self) -> Ending:
        """Make runs until the study is at its end; returns why that is.

        Raises WorkerError if the baseline, or every other arm, fails with each of its first seeds. Whatever else is
        raised (Ctrl-C), the finished runs are kept and the summary says "stopped".
        """
        earlier = self.folder.summary
        self._before = earlier.seconds if earlier else 0.0
        state: State = "stopped"
        try:
            self._save("running")
            state = ending = self._drive()
        finally:
            for key in list(self._flights):
                self.executor.cancel(key)
            self._flights.clear()
            self._save(state)
        return ending

    def _drive(self) -> Ending:
        while True:
            self._raise_if_hopeless()
            if last_seed(self.folder.plan, self.results) is not None:
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
        arms = [arm for arm in plan.arms if not self.results.withdrawn(plan, arm.name)]
        for seed in plan.all_seed_numbers:
            for arm in arms:
                if (arm.name, seed) not in flying and not self.results.settled(arm.name, seed):
                    yield arm, seed

    def _submit(self) -> None:
        for _ in range(self.executor.free):
            wanted = next(self._to_do(), None)
            if wanted is None:
                return
            arm, seed = wanted
            attempt = self.results.attempts(arm.name, seed) + 1
            place, spec = self.folder.run_of(arm, seed), self.folder.plan.spec_for(arm, seed)
            key = f"{place.name}-{attempt}"
            self._flights[key] = InFlight(arm=arm, seed=seed, attempt=attempt)
            self.executor.submit(Job(key, spec, arm.model_source, self.folder.origin(seed)))
            self._tell_of(arm, seed, RunStarted(str(place.path), spec))

    def _take(self, news: News) -> None:
        flight = self._flights[news.key]
        flight.hear()
        if news.event is not None:
            flight.follow(news.event)
            self._tell_of(flight.arm, flight.seed, news.event)
            return
        del self._flights[news.key]
        if news.lost and self._losses[flight.arm.name, flight.seed] < LOSSES:
            self._losses[flight.arm.name, flight.seed] += 1
            self.on_event(RunLost(flight.arm.name, flight.seed, news.reason or "unknown"))
            return
        if news.folder is None:
            self._fail(flight, news.reason or "unknown", news.hopeless)
            return
        run = self.folder.adopt(news.folder, flight.arm, flight.seed)
        outcome = Outcome.of(run)
        self.results.outcomes[flight.arm.name, flight.seed] = outcome
        self._silences[flight.arm.name] = max(flight.silence, self._silences.get(flight.arm.name, 0.0))
        seconds = flight.seconds
        self._durations[flight.arm.name].append(seconds)
        self._save("running")
        self._tell_of(flight.arm, flight.seed, RunFinished(str(run.path), run.metrics))
        self.on_event(RunDone(flight.arm.name, flight.seed, outcome.accuracy, seconds))

    def _fail(self, flight: InFlight, reason: str, hopeless: bool) -> None:
        final = hopeless or flight.attempt >= ATTEMPTS
        failure = Failure(flight.arm.name, flight.seed, flight.attempt, reason, final)
        self.folder.record(failure)
        self.results.add_failure(failure)
        self._save("running")
        self.on_event(RunFailed(failure.arm, failure.seed, failure.attempt, ATTEMPTS, reason, final))

    def _end_the_silent(self) -> None:
        for key, flight in list(self._flights.items()):
            if reason := flight.hung(self._silences.get(flight.arm.name, 0.0), self.silence):
                self.executor.cancel(key)
                del self._flights[key]
                self._fail(flight, reason, hopeless=False)

    def _raise_if_hopeless(self) -> None:
        plan = self.folder.plan
        withdrawn = {arm.name: self.results.withdrawn(plan, arm.name) for arm in plan.arms}
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

    def _save(self, state: State) -> None:
        summary = self.summarise(state)
        self.folder.write("summary.json", to_json(summary))
        self.on_event(SummaryWritten(summary))

    def summarise(
        self, state: State, test: Confirmation | None = None, compare: Comparison | None = None
    ) -> StudySummary:
        """The summary as of now, with the sections that come at the end."""
        return summarise_study(
            self.folder.plan, self.results, state=state, seconds=self.seconds, workers=self.workers,
            machine=self.machine, test=test, compare=compare,
        )  # fmt: skip

    def _tell(self) -> None:
        runs = tuple(RunUnderWay(f.arm.name, f.seed, f.done, f.of, f.unit) for f in self._flights.values())
        self.on_event(RunsUnderWay(runs, self._seconds_left()))

    def _tell_of(self, arm: Arm, seed: int, event: RunEvent) -> None:
        self.on_event(RunTold(str(self.folder.run_of(arm, seed).path), event))

    def _seconds_left(self) -> float | None:
        """An estimate as if every seed were needed; None until there is one, where the minutes are limited, these."""
        waiting = [arm.name for arm, _ in self._to_do()]
        under_way = [
            (flight.arm.name, 1 - flight.done / flight.of if flight.of else 0.5) for flight in self._flights.values()
        ]
        seconds = seconds_left(waiting, under_way, self._durations, self.executor.slots)
        if self.minutes is None:
            return seconds
        allowed = max(0.0, 60 * self.minutes - (time.monotonic() - self._begun))
        return allowed if seconds is None else min(seconds, allowed)


def refuse_another_version(what: str, specs: Iterable[RunSpec], results_version: int) -> None:
    """Raise StoreError if the earlier runs of a study or search were made by code that gives other numbers.

    what: "study NAME"; specs: of its runs.
    """
    made = {spec.results_version for spec in specs}
    if made != {results_version}:
        raise StoreError(
            f"{what} was begun with results version {min(made)}, this fashionlab has "
            f"{results_version}: its numbers are not comparable; begin it anew"
        )
