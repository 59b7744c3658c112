"""Progress of a study for people: one display on a terminal, a line a run elsewhere.

The driver's events, plain data: `summary` (what is written to disk after every run), `running` (what is under way),
`run`, `failure` and `loss` (what became of one), `testing`, `ended`.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fashionlab.reports.progress.training import LiveDisplay, NotebookDisplay, duration, in_notebook
from fashionlab.reports.study.words import confidence

Events = Callable[[dict[str, Any]], object]


@contextmanager
def show_study(on_event: Events | None) -> Iterator[Events]:
    """Yield the function that takes a study's events: `on_event` if given, else a display on standard error."""
    if on_event is not None:
        yield on_event
        return
    if in_notebook():
        yield NotebookDisplay(_Status()).take
        return
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        with LiveDisplay(console, _Status()) as display:
            yield display.take
    else:
        yield _Lines().take


class _Status:
    """What is known at this moment, in lines."""

    def __init__(self) -> None:
        self.summary: Mapping[str, Any] | None = None
        self.running: list[Mapping[str, Any]] = []
        self.failures: list[str] = []
        self._ends_at: float | None = None
        self._testing = ""

    @property
    def left(self) -> str:
        """The time left, in words."""
        if self._testing:
            return self._testing
        if self._ends_at is None:
            return "time left: unknown until the first runs are done"
        return f"at most {duration(max(0.0, self._ends_at - time.monotonic()))} left"

    @property
    def headline(self) -> str:
        """How many runs are done, running and failed."""
        if self.summary is None:
            return "starting"
        runs = self.summary["runs"]
        failed = f", {runs['failed']} failed" if runs["failed"] else ""
        return f"{runs['done']} of at most {runs['planned']} runs done, {len(self.running)} running{failed}"

    @property
    def done(self) -> int:
        """Runs that are done."""
        return self.summary["runs"]["done"] if self.summary else 0

    @property
    def total(self) -> int | None:
        """Runs that may be made at most; None until the plan is known."""
        return self.summary["runs"]["planned"] if self.summary else None

    @property
    def lines(self) -> list[str]:
        """What is under way, the verdicts so far, the latest failures."""
        flying = [f"  now    {_flight(flight)}" for flight in self.running]
        verdicts = [f"  {verdict_line(arm)}" for arm in (self.summary or {"arms": []})["arms"]]
        return [*flying, *verdicts, *self.failures[-2:]]

    def take(self, event: Mapping[str, Any]) -> None:
        """Bring it up to date with an event."""
        kind = event["event"]
        if kind == "summary":
            self.summary = event["summary"]
        elif kind == "running":
            self.running = event["running"]
            left = event["seconds_left"]
            self._ends_at = None if left is None else time.monotonic() + left
        elif kind == "failure":
            self.failures.append("  " + failure_line(event))
        elif kind == "loss":
            self.failures.append("  " + loss_line(event))
        elif kind == "ended":
            self.running = []
        elif kind == "testing":
            self._testing = f"predicting the test part: {event['done']} of {event['of']} runs"


class _Lines:
    """A line a run and a line a new verdict: for logs and pipes."""

    def __init__(self) -> None:
        self._status = _Status()
        self._said: dict[str, str] = {}

    def take(self, event: dict[str, Any]) -> None:
        """Print what an event says, if it is worth a line."""
        status = self._status
        status.take(event)
        if event["event"] == "run":
            runs = status.summary["runs"] if status.summary else {"done": "?", "planned": "?"}
            _say(
                f"run {runs['done']:>3}/{runs['planned']}  seed {event['seed']}, {event['arm']}: "
                f"{event['accuracy']:.2%} in {event['seconds']:.1f} s  {status.left}"
            )
        elif event["event"] == "failure":
            _say(failure_line(event))
        elif event["event"] == "loss":
            _say(loss_line(event))
        elif event["event"] == "summary":
            for arm in event["summary"]["arms"]:
                verdict = arm["verdict"]
                if verdict["word"] != self._said.get(arm["name"], "undecided"):
                    self._said[arm["name"]] = verdict["word"]
                    _say(f"after {verdict['n']} seeds: {verdict['sentence']}")


def plan_lines(plan: Mapping[str, Any]) -> list[str]:
    """What is going to be done: arms, runs, estimated time."""
    lines = [plan["title"]]
    for arm in plan["arms"]:
        if arm["level"] is None:
            lines.append(f"  {arm['name']:<28} {arm['model']}, beside which the others are judged")
        else:
            changed = ", ".join(f"{name} {_value(old)} -> {_value(new)}" for name, (old, new) in arm["changes"].items())
            later = ", added later" if arm["added_later"] else ""
            lines.append(
                f"  {arm['name']:<28} {changed or arm['model']}, at {confidence(arm['level'])} confidence{later}"
            )
    first, last = plan["first_seed"], plan["first_seed"] + plan["seeds"] - 1
    seeds = f"seed {first}" if first == last else f"seeds {first} to {last}"
    done = f", {plan['done']} of them done" if plan["done"] else ""
    most = "" if plan["kind"] == "compare" else "at most "
    workers = plan["workers"] or "the cluster's"
    lines.append(
        f"{most}{plan['runs']} runs{done}: {len(plan['arms'])} arms, {seeds}, on {workers} workers; "
        f"judged on {plan['judge_rows']:,} pictures each, margin {plan['margin']:g} points"
    )
    time_limit = "" if plan["minutes"] is None else f"; no run begins after {plan['minutes']:g} minutes"
    if plan["seconds"] is None:
        lines.append(f"estimated time: unknown until the first runs are done{time_limit}")
    else:
        lines.append(f"estimated time: {most}{duration(plan['seconds'])}, by earlier studies here{time_limit}")
    lines.append(
        "the test part is opened once, at the end, for confirmation" if plan["test"] else "the test part stays closed"
    )
    return lines


def verdict_line(arm: Mapping[str, Any]) -> str:
    """An arm in one line: its word, the effect with its interval, the seeds."""
    verdict = arm["verdict"]
    if verdict["effect"] is None:
        return f"{arm['name']:<28} {'no pair yet':<24}"
    interval = "" if verdict["low"] is None else f" ({verdict['low']:+.2f} to {verdict['high']:+.2f})"
    more = f"  about {verdict['seeds_needed']} more seeds" if verdict["seeds_needed"] else ""
    seeds = "1 seed" if verdict["n"] == 1 else f"{verdict['n']} seeds"
    return f"{arm['name']:<28} {verdict['word']:<24} {verdict['effect']:+.2f}{interval} points, {seeds}{more}"


def failure_line(event: Mapping[str, Any]) -> str:
    """A failed attempt in one line."""
    then = "given up" if event["final"] else f"attempt {event['attempt']} of {event['of']}, trying again"
    return f"seed {event['seed']}, {event['arm']}: failed ({then}): {event['reason']}"


def loss_line(event: Mapping[str, Any]) -> str:
    """A run that went down with the machine it was on, in one line."""
    return f"seed {event['seed']}, {event['arm']}: lost, to be made elsewhere: {event['reason']}"


def _flight(flight: Mapping[str, Any]) -> str:
    where = f"{flight['unit']} {flight['done']}/{flight['of']}" if flight["of"] else "under way"
    return f"seed {flight['seed']}, {flight['arm']}: {where}"


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(map(_value, value))
    return "default" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
