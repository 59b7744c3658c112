"""Progress of a study for people: one display on a terminal, a line a run elsewhere."""

import time
from collections.abc import Sequence

from fashionlab.options import spelled
from fashionlab.reports.study.report import chosen_reference, from_to, report_of
from fashionlab.reports.study.verdicts import effect, interval
from fashionlab.reports.wording import confidence, countdown, counted, start_text
from fashionlab.studies.events import (
    RunDone,
    RunFailed,
    RunLost,
    RunsUnderWay,
    RunTested,
    RunUnderWay,
    StudyEnded,
    StudyEvent,
    SummaryWritten,
)
from fashionlab.studies.execution.estimate import LEAST_PAIRS
from fashionlab.studies.overview import PlannedArm, PlanOverview
from fashionlab.studies.stats.forecast import MOST
from fashionlab.studies.summary import ArmSummary, StudySummary


class StudyStatus:
    """What is known of a study at this moment: runs done, under way and failed, and the verdicts so far."""

    def __init__(self) -> None:
        self.summary: StudySummary | None = None
        self.running: tuple[RunUnderWay, ...] = ()
        self.failures: list[str] = []
        self.row = ""
        self._ends_at: float | None = None
        self._testing = ""
        self._said: dict[str, str] = {}
        self._reference = ""

    @property
    def left(self) -> str:
        """The time left, in words."""
        if self._testing:
            return self._testing
        if self._ends_at is None:
            return "time left: unknown until a run of each arm is done"
        left = self._ends_at - time.monotonic()
        return f"about {countdown(left)} left" if left >= 1 else "almost done"

    @property
    def headline(self) -> str:
        """How many runs are done, running and failed."""
        if self.summary is None:
            return "starting"
        runs = self.summary.runs
        failed = f", {runs.failed} failed" if runs.failed else ""
        return f"{runs.done} of at most {counted(runs.planned, 'run')} done, {len(self.running)} running{failed}"

    @property
    def done(self) -> int:
        """Runs that are done."""
        return self.summary.runs.done if self.summary else 0

    @property
    def total(self) -> int | None:
        """Runs that may be made at most; None until the plan is known."""
        return self.summary.runs.planned if self.summary else None

    @property
    def lines(self) -> Sequence[str]:
        """What is under way, the verdicts so far, the latest failures."""
        running = [f"  now    {_running_line(run)}" for run in self.running]
        verdicts = [f"  {verdict_line(arm)}" for arm in self.summary.arms] if self.summary else []
        return [*running, *verdicts, *self.failures[-2:]]

    def take(self, event: StudyEvent) -> Sequence[str]:
        """Bring it up to date with an event; return the lines that the event is worth in a log."""
        self.row = ""
        match event:
            case SummaryWritten():
                self.summary = event.summary
                # The reference first, as the verdicts are about it.
                news = [*self._new_reference(event.summary), *self._new_verdicts(event.summary)]
                self.row = "; ".join(news)
                return news
            case RunsUnderWay():
                self.running = event.runs
                self._ends_at = None if event.seconds_left is None else time.monotonic() + event.seconds_left
            case RunDone():
                done = f"run {self.done:>3}/{self.total or '?'}  seed {event.seed}, {event.arm}"
                return [f"{done}: {event.accuracy:.2%} in {event.seconds:.1f} s  {self.left}"]
            case RunFailed() | RunLost():
                self.failures.append(f"  {failure_line(event)}")
                return [failure_line(event)]
            case StudyEnded():
                self.running = ()
            case RunTested():
                self._testing = f"evaluating the test set: {event.done} of {counted(event.of, 'run')}"
        return []

    def _new_reference(self, summary: StudySummary) -> Sequence[str]:
        said = chosen_reference(summary.baseline)
        if said == self._reference:
            return []
        self._reference = said
        # What was found about an arm was against another one.
        self._said.clear()
        return [said]

    def _new_verdicts(self, summary: StudySummary) -> Sequence[str]:
        lines = []
        for arm in report_of(summary).arms:
            if arm.verdict.word != self._said.get(arm.name, "undecided"):
                self._said[arm.name] = arm.verdict.word
                lines.append(f"after {counted(arm.verdict.n, 'seed')}: {arm.verdict.sentence}")
        return lines


def plan_lines(plan: PlanOverview) -> list[str]:
    """What is going to be done: arms, runs, estimated time."""
    first, last = plan.first_seed, plan.first_seed + plan.seeds - 1
    seeds = f"seed {first}" if first == last else f"seeds {first} to {last}"
    done = f", {plan.done} of them done" if plan.done else ""
    most = "" if plan.kind == "compare" else "at most "
    workers = f"on {counted(plan.workers, 'worker')}" if plan.workers else "on the cluster's workers"
    time_limit = "" if plan.minutes is None else f"; no run begins after {plan.minutes:g} minutes"
    if plan.seconds is None:
        estimate = "unknown until the first runs are done"
    else:
        whole = " if all seeds are needed" if most else ""
        estimate = f"about {countdown(plan.seconds)}{whole}, by earlier studies here"
    test = "is evaluated once, at the end" if plan.test else "is not evaluated"
    return [
        plan.title,
        *map(_arm_line, plan.arms),
        *([] if plan.baseline else [f"the reference will be the most accurate, as {spelled('baseline')} names none"]),
        *([start_text(plan.origins.study, plan.origins.arm)] if plan.origins else []),
        f"{most}{counted(plan.runs, 'run')}{done}: {counted(len(plan.arms), 'arm')}, {seeds}, {workers}; "
        f"judged on {plan.judge_rows:,} images each, margin {plan.margin:g} points",
        f"estimated time: {estimate}{time_limit}",
        *_power_lines(plan),
        f"the test set {test}",
    ]


def _power_lines(plan: PlanOverview) -> list[str]:
    """How many seeds and minutes an effect needs, and what the planned seeds cannot find."""
    power = plan.power
    if power is None:
        return [f"what it can find: known after a pilot with --seeds {LEAST_PAIRS}, when it is planned again"]
    said = [
        f"{counted(each.seeds, 'seed')} for {each.effect:g} point{'' if each.effect == 1 else 's'}"
        + ("" if each.seconds is None else f" ({countdown(each.seconds)})")
        if each.seeds < MOST
        else f"{MOST:,} seeds or more for {each.effect:g} points"
        for each in power.needed
    ]
    by = counted(power.comparisons, "earlier comparison")
    declaring = f", in a study that declares them with {spelled('seeds')}" if power.declared else ""
    few = (
        "too few for any interval"
        if power.smallest is None
        else (f"a difference below about {power.smallest:.2g} points is likely to stay undecided")
    )
    return [
        f"to find a difference in 8 of 10 studies, at a deviation of {power.deviation:.2f} points (by {by} here), "
        f"takes about {', '.join(said)}{declaring}",
        f"with the {counted(plan.seeds, 'seed')} of this plan: {few}",
    ]


def _arm_line(arm: PlannedArm) -> str:
    if arm.alpha is None:
        return f"  {arm.name:<28} {arm.model}, the reference for the others"
    later = ", added later" if arm.added_later else ""
    what = from_to(arm.changes, most=None) or arm.model
    return f"  {arm.name:<28} {what}, at {confidence(arm.alpha)} confidence{later}"


def verdict_line(arm: ArmSummary) -> str:
    """An arm in one line: its word, the effect with its interval, the seeds."""
    verdict, name = arm.verdict, f"{arm.name:<28}"
    if verdict.effect is None:
        return f"{name} {'no pair yet':<24}"
    bounds = "" if verdict.low is None else f" ({interval(verdict)})"
    more = f"  about {counted(verdict.seeds_needed, 'more seed')}" if verdict.seeds_needed else ""
    return f"{name} {verdict.word:<24} {effect(verdict)}{bounds} points, {counted(verdict.n, 'seed')}{more}"


def failure_line(event: RunFailed | RunLost) -> str:
    """In one line: a failed attempt, or a run that went down with the machine it was on."""
    if isinstance(event, RunLost):
        what = "lost, to be made elsewhere"
    else:
        then = "given up" if event.final else f"attempt {event.attempt} of {event.of}, trying again"
        what = f"failed ({then})"
    return f"seed {event.seed}, {event.arm}: {what}: {event.reason}"


def _running_line(run: RunUnderWay) -> str:
    where = f"{run.unit} {run.done}/{run.of}" if run.of else "under way"
    return f"seed {run.seed}, {run.arm}: {where}"
