"""What a search tells while its trials are made: the typed events that `on_event` gets."""

from collections.abc import Callable

from msgspec import Struct

from fashionlab.search.summary import SearchSummary, Trial
from fashionlab.workers.events import RunTold


class SearchWritten(Struct, frozen=True, tag="search_written", tag_field="event"):
    """A trial is over, and the summary as of now is on disk."""

    summary: SearchSummary


class TrialUnderWay(Struct, frozen=True):
    """done, of: how far it is, in units (epochs; trees or rounds of an estimator), 0 before it says so."""

    number: int
    done: int
    of: int
    unit: str


class TrialsUnderWay(Struct, frozen=True, tag="trials_under_way", tag_field="event"):
    """Twice a second. seconds_left: until no trial begins any more, None where the minutes are not limited."""

    trials: tuple[TrialUnderWay, ...]
    seconds_left: float | None


class TrialEnded(Struct, frozen=True, tag="trial_ended", tag_field="event"):
    """A trial is finished, pruned or failed. best: it is the best so far."""

    trial: Trial
    best: bool


SearchEvent = SearchWritten | TrialsUnderWay | RunTold | TrialEnded

OnSearchEvent = Callable[[SearchEvent], object]
"""Takes them: a display, or the user's own function."""
