"""What a study tells while it runs: the typed events that `on_event` gets."""

from collections.abc import Callable

from msgspec import Struct

from fashionlab.studies.summary import State, StudySummary
from fashionlab.workers.events import RunTold


class SummaryWritten(Struct, frozen=True, tag="summary_written", tag_field="event"):
    """A run is over, and the summary as of now is on disk."""

    summary: StudySummary


class RunUnderWay(Struct, frozen=True):
    """done, of: how far it is, in units (epochs; trees or rounds of an estimator), 0 before it says so."""

    arm: str
    seed: int
    done: int
    of: int
    unit: str


class RunsUnderWay(Struct, frozen=True, tag="runs_under_way", tag_field="event"):
    """Twice a second. seconds_left: of the study, estimated as if every seed were needed; None
    while it cannot be told."""

    runs: tuple[RunUnderWay, ...]
    seconds_left: float | None


class RunDone(Struct, frozen=True, tag="run_done", tag_field="event"):
    """A run is finished. accuracy: a fraction, on the judging set; seconds: that it took here."""

    arm: str
    seed: int
    accuracy: float
    seconds: float


class RunFailed(Struct, frozen=True, tag="run_failed", tag_field="event"):
    """An attempt at a run failed: number `attempt` of `of`; final: it is not tried again."""

    arm: str
    seed: int
    attempt: int
    of: int
    reason: str
    final: bool


class RunLost(Struct, frozen=True, tag="run_lost", tag_field="event"):
    """The machine that made a run is gone; it is made elsewhere."""

    arm: str
    seed: int
    reason: str


class RunTested(Struct, frozen=True, tag="run_tested", tag_field="event"):
    """At the end: so many of the finished runs have predicted the test set."""

    done: int
    of: int


class StudyEnded(Struct, frozen=True, tag="study_ended", tag_field="event"):
    """No more runs are made; the test set comes next, if it is to be evaluated."""

    state: State


StudyEvent = SummaryWritten | RunsUnderWay | RunTold | RunDone | RunFailed | RunLost | RunTested | StudyEnded

OnStudyEvent = Callable[[StudyEvent], object]
"""Takes them: a display, or the user's own function."""
