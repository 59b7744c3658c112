"""The driver of a search: which trial comes next, what to do when one fails, which one is stopped, when it is enough.

Trials are made by a study's executor, as runs of a study are: workers here or a cluster, without any code of their own.
A trial whose end is not in the database is made again with the same values; one whose run is finished already only gets
its end written. So whenever the process is killed, no trial is lost and none counts twice.
"""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from fashionlab.errors import UsageError, WorkerError
from fashionlab.machine import MachineDescription
from fashionlab.recipe.recipe import Recipe
from fashionlab.recipe.spec import RunSpec
from fashionlab.search.events import OnSearchEvent, SearchWritten, TrialEnded, TrialsUnderWay, TrialUnderWay
from fashionlab.search.folder import SearchFolder
from fashionlab.search.space import Field, Value, applies, recipe_of, values_of
from fashionlab.search.summary import Confirmed, SearchSummary, State, Trial, best_of
from fashionlab.store import Run, to_json
from fashionlab.studies.execution.drive import LOSSES, NEWS_SECONDS
from fashionlab.studies.execution.flight import Flight
from fashionlab.studies.execution.local import Executor, Job, News
from fashionlab.studies.outcomes import ATTEMPTS, Outcome
from fashionlab.workers.events import (
    EpochDone,
    Event,
    FitProgress,
    RunEvent,
    RunFinished,
    RunStarted,
    RunTold,
)

if TYPE_CHECKING:
    from fashionlab.search.trials import Trials

Ending = Literal["trials", "minutes"]

HOPELESS_AFTER = 5
"""A search whose first trials all failed, so many, is given up."""

TOO_LATE = 0.75
"""Of its epochs; a trial is not stopped beyond: a new worker costs more than is saved."""


@dataclass(kw_only=True)
class InFlight(Flight):
    """A trial's run under way."""

    number: int
    spec: RunSpec
    epochs: int = 0


@dataclass
class SearchDriver:
    """Makes the trials of one search on one executor.

    make_spec: of a trial's recipe; minutes: of this session's trials, None for no limit; silence: seconds without news
    after which a run counts as hung, None for the defaults; trials: at most, None for no limit but time.
    """

    folder: SearchFolder
    executor: Executor
    store: "Trials"
    make_spec: Callable[[Recipe], RunSpec]
    on_event: OnSearchEvent
    machine: MachineDescription
    trials: int | None
    minutes: float | None = None
    silence: float | None = None
    _flights: dict[str, InFlight] = field(default_factory=dict)
    _attempts: Counter[int] = field(default_factory=Counter)
    _losses: Counter[int] = field(default_factory=Counter)
    _again: deque[tuple[int, dict[str, Value]]] = field(default_factory=deque)
    _runs: dict[str, int] = field(default_factory=dict)
    _longest_silence: float = 0.0
    _begun: float = field(default_factory=time.monotonic)
    _before: float = 0.0

    def run(self) -> Ending:
        """Make trials until there are enough; returns why that is.

        Raises WorkerError if the first trials all fail. Whatever else is raised (Ctrl-C), what is finished is kept, the
        summary says "stopped", and the trials under way are made again when the search goes on.
        """
        earlier = self.folder.summary
        self._before = earlier.seconds if earlier else 0.0
        plan = self.folder.plan
        default = values_of(plan.recipe, plan.fields)
        if default is not None:
            self.store.begin_with(default)
        for number in self.store.unfinished():
            self._again.append((number, self.store.again(number, self._applies)))
        for trial in self._read():
            if trial.state == "finished" and trial.same_as is None:
                self._runs[self.make_spec(recipe_of(plan.recipe, trial.values)).identity] = trial.number
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
            out_of_time = self.minutes is not None and time.monotonic() - self._begun > 60 * self.minutes
            while not out_of_time and self.executor.free and (wanted := self._next()):
                self._begin(*wanted)
            if not self._flights:
                if out_of_time:
                    return "minutes"
                if not self._again and self._enough():
                    return "trials"
            news = self.executor.wait(NEWS_SECONDS)
            if news:
                self._take(news)
            self._end_the_silent()
            self._tell()

    def _enough(self) -> bool:
        return self.trials is not None and len(self.store.all()) >= self.trials

    def _next(self) -> tuple[int, dict[str, Value]] | None:
        if self._again:
            return self._again.popleft()
        return None if self._enough() else self.store.ask(self._applies)

    def _applies(self, each: Field, values: dict[str, Value]) -> bool:
        return applies(each, self.folder.plan.recipe, values)

    def _begin(self, number: int, values: dict[str, Value]) -> None:
        try:
            spec = self.make_spec(recipe_of(self.folder.plan.recipe, values))
        except UsageError as error:  # values that do not go together, as rates for layers that are not there
            self._end(number, "failed", reason=str(error))
            return
        if run := self.folder.finished(number, spec):
            self._finish(number, spec, run)
            return
        if (twin := self._runs.get(spec.identity)) is not None:
            # Equal specs give equal numbers: there is nothing to make again.
            self._finish(number, spec, self.folder.run_of(twin), same_as=twin)
            return
        self._attempts[number] += 1
        key = f"trial-{number:04}-{self._attempts[number]}-{self._losses[number]}"
        self._flights[key] = InFlight(number=number, spec=spec, attempt=self._attempts[number])
        self.executor.submit(Job(key, spec, None))
        self._tell_of(number, RunStarted(str(self.folder.run_of(number).path), spec))

    def _take(self, news: News) -> None:
        flight = self._flights[news.key]
        flight.hear()
        if news.event is not None:
            self._tell_of(flight.number, news.event)
            flight.follow(news.event)
            value = self._value_of(flight, news.event)
            if value is not None and self._should_stop(flight, value):
                self.executor.cancel(news.key)
                del self._flights[news.key]
                self._end(flight.number, "pruned", epochs=flight.epochs, seconds=flight.seconds)
            return
        del self._flights[news.key]
        if news.folder is not None:
            self._longest_silence = max(self._longest_silence, flight.silence)
            run = self.folder.adopt(news.folder, flight.number, flight.spec)
            self._tell_of(flight.number, RunFinished(str(run.path), run.metrics))
            self._finish(flight.number, flight.spec, run)
        elif news.lost and self._losses[flight.number] < LOSSES:
            self._losses[flight.number] += 1
            self._attempts[flight.number] -= 1
            self._retry(flight)
        else:
            self._fail(flight, news.reason or "unknown", news.hopeless)

    def _value_of(self, flight: InFlight, event: Event) -> float | None:
        """The value of the trial's validation curve, if the event tells one."""
        row = event.row if isinstance(event, EpochDone | FitProgress) else None
        if row is None:
            return None
        flight.epochs = row.epoch
        return row.val_accuracy if self.folder.plan.objective == "accuracy" else row.val_loss

    def _should_stop(self, flight: InFlight, value: float) -> bool:
        if not self.folder.plan.prune:
            return False
        stop = self.store.report(flight.number, flight.epochs, value)
        # The default's trial is what the best one is compared with.
        late = flight.of > 0 and flight.epochs > TOO_LATE * flight.of
        return stop and not late and flight.spec.identity != self.folder.plan.base.identity

    def _fail(self, flight: InFlight, reason: str, hopeless: bool) -> None:
        if hopeless or flight.attempt >= ATTEMPTS:
            self._end(flight.number, "failed", reason=reason)
        else:
            self._retry(flight)

    def _retry(self, flight: InFlight) -> None:
        values = next(trial.values for trial in self._read() if trial.number == flight.number)
        self._again.append((flight.number, values))

    def _finish(self, number: int, spec: RunSpec, run: Run, same_as: int | None = None) -> None:
        outcome = Outcome.of(run)
        self._runs.setdefault(spec.identity, number)
        value = outcome.accuracy if self.folder.plan.objective == "accuracy" else outcome.loss
        self._end(
            number, "finished", value, accuracy=outcome.accuracy, loss=outcome.loss, epochs=outcome.epochs,
            seconds=outcome.job_seconds, same_as=same_as,
        )  # fmt: skip

    def _end(self, number: int, state: str, value: float | None = None, **facts: Any) -> None:
        self.store.end(number, state, value, **facts)
        summary = self._save("running")
        trial = next(trial for trial in summary.trials if trial.number == number)
        self.on_event(TrialEnded(trial, summary.best == number))
        self._raise_if_hopeless()

    def _end_the_silent(self) -> None:
        for key, flight in list(self._flights.items()):
            if reason := flight.hung(self._longest_silence, self.silence):
                self.executor.cancel(key)
                del self._flights[key]
                self._fail(flight, reason, hopeless=False)

    def _raise_if_hopeless(self) -> None:
        ended = [trial for trial in self._read() if trial.state != "under way"]
        if len(ended) >= HOPELESS_AFTER and all(trial.state == "failed" for trial in ended):
            raise WorkerError(f"the first {len(ended)} trials all failed, the last one so: {ended[-1].reason}")

    def _read(self) -> tuple[Trial, ...]:
        return read_trials(self.store, self.folder)

    def _save(self, state: State) -> SearchSummary:
        seconds = self._before + time.monotonic() - self._begun
        summary = summarise_search(
            self.folder, self.store, state, seconds, self.executor.slots, self.machine, confirmed=None
        )
        self.folder.write("summary.json", to_json(summary))
        self.on_event(SearchWritten(summary))
        return summary

    def _tell_of(self, number: int, event: RunEvent) -> None:
        self.on_event(RunTold(str(self.folder.run_of(number).path), event))

    def _tell(self) -> None:
        under_way = tuple(TrialUnderWay(f.number, f.done, f.of, f.unit) for f in self._flights.values())
        left = None if self.minutes is None else max(0.0, 60 * self.minutes - (time.monotonic() - self._begun))
        self.on_event(TrialsUnderWay(under_way, left))


def read_trials(store: "Trials", folder: SearchFolder) -> tuple[Trial, ...]:
    """All trials, as they stand in the database."""
    default = values_of(folder.plan.recipe, folder.plan.fields)
    return tuple(replace(trial, default=trial.values == default) for trial in store.all())


def summarise_search(
    folder: SearchFolder,
    store: "Trials",
    state: State,
    seconds: float,
    workers: int,
    machine: MachineDescription,
    confirmed: Confirmed | None,
) -> SearchSummary:
    """The summary as of now."""
    plan, trials = folder.plan, read_trials(store, folder)
    best = best_of(trials, plan.objective)
    return SearchSummary(
        name=plan.name,
        title=plan.title,
        created=plan.created,
        state=state,
        model=plan.recipe.model.name,
        seed=plan.seed,
        fields=plan.fields,
        objective=plan.objective,
        margin=plan.margin,
        judge_rows=plan.judge_rows,
        planned=plan.trials,
        trials=trials,
        best=None if best is None else best.number,
        settings=recipe_of(plan.recipe, best.values if best else {}).settings,
        importance=store.importance(),
        seconds=seconds,
        workers=workers,
        machine=machine,
        confirmed=confirmed,
    )
