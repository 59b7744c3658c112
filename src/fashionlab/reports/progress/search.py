"""Progress of a search for people: one display on a terminal, a line a trial elsewhere."""

import time
from collections.abc import Sequence

from fashionlab.reports.search.text import trial_line
from fashionlab.reports.wording import countdown, counted
from fashionlab.search.events import SearchEvent, SearchWritten, TrialEnded, TrialsUnderWay, TrialUnderWay
from fashionlab.search.plan import SearchPlan
from fashionlab.search.space import values_of
from fashionlab.search.summary import SearchSummary


class SearchStatus:
    """What is known of a search at this moment: trials ended, under way, and the best one."""

    def __init__(self) -> None:
        self.summary: SearchSummary | None = None
        self.running: tuple[TrialUnderWay, ...] = ()
        self.row = ""
        self._ends_at: float | None = None

    @property
    def left(self) -> str:
        """The time left for new trials, in words; nothing where it is not limited."""
        if self._ends_at is None:
            return ""
        return f"new trials for {countdown(max(0.0, self._ends_at - time.monotonic()))} more"

    @property
    def headline(self) -> str:
        """How many trials have ended and are running."""
        if self.summary is None:
            return "starting"
        of = f" of {self.total}" if self.total else ""
        return f"{self.done}{of} trials ended, {len(self.running)} running"

    @property
    def done(self) -> int:
        """Trials that have ended."""
        return sum(trial.state != "under way" for trial in self.summary.trials) if self.summary else 0

    @property
    def total(self) -> int | None:
        """Trials that are made at most, None where the minutes decide."""
        return self.summary.planned if self.summary else None

    @property
    def lines(self) -> Sequence[str]:
        """What is under way, and the best trial so far."""
        running = [f"  now    {_running_line(trial)}" for trial in self.running]
        if self.summary is None or self.summary.best is None:
            return running
        best = next(trial for trial in self.summary.trials if trial.number == self.summary.best)
        return [*running, f"  best   {trial_line(best)}"]

    def take(self, event: SearchEvent) -> Sequence[str]:
        """Bring it up to date with an event; return the lines that the event is worth in a log."""
        self.row = ""
        match event:
            case SearchWritten():
                self.summary = event.summary
            case TrialsUnderWay():
                self.running = event.trials
                self._ends_at = None if event.seconds_left is None else time.monotonic() + event.seconds_left
            case TrialEnded():
                best = "  the best so far" if event.best else ""
                self.row = f"{trial_line(event.trial)}{best}"
                return [self.row]
        return []


def plan_lines(plan: SearchPlan, minutes: float | None) -> list[str]:
    """What is going to be done. minutes: for the trials of this session."""
    trials = f"at most {counted(plan.trials, 'trial')}" if plan.trials else "trials"
    until = (
        "" if minutes is None else f"; none begins after {minutes:.3g} minutes, what is left is for the confirmation"
    )
    outside = values_of(plan.recipe, plan.fields) is None
    default = ["the default is outside of these ranges, so it is not among the trials"] if outside else []
    return [
        plan.title,
        *(f"  {field.name:<28} {field.text}" for field in plan.fields),
        *default,
        f"{trials}, all with seed {plan.seed}, scored by {plan.objective} on {plan.judge_rows:,} images{until}",
        f"then the best against the default, at most {counted(plan.seeds, 'seed')} that no trial has used",
        "the test set is not evaluated",
    ]


def _running_line(trial: TrialUnderWay) -> str:
    where = f"{trial.unit} {trial.done}/{trial.of}" if trial.of else "under way"
    return f"trial {trial.number}: {where}"
