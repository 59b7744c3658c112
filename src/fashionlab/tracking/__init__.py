"""Runs in other people's trackers; and all events that `on_event` gets, in one place (docs/trackers.md)."""

from fashionlab.search.events import SearchWritten, TrialEnded, TrialsUnderWay
from fashionlab.studies.events import (
    RunDone,
    RunFailed,
    RunLost,
    RunsUnderWay,
    RunTested,
    StudyEnded,
    SummaryWritten,
)
from fashionlab.tracking.tracker import announce, delete_log, log_folder, logged, require_tracker
from fashionlab.workers.events import (
    ChunkDone,
    EpochDone,
    FitDone,
    FitProgress,
    FitStarted,
    Predicting,
    RunFinished,
    RunPredicted,
    RunStarted,
    RunTold,
    TrainingStarted,
)

__all__ = [
    "ChunkDone",
    "EpochDone",
    "FitDone",
    "FitProgress",
    "FitStarted",
    "Predicting",
    "RunDone",
    "RunFailed",
    "RunFinished",
    "RunLost",
    "RunPredicted",
    "RunStarted",
    "RunTested",
    "RunTold",
    "RunsUnderWay",
    "SearchWritten",
    "StudyEnded",
    "SummaryWritten",
    "TrainingStarted",
    "TrialEnded",
    "TrialsUnderWay",
    "announce",
    "delete_log",
    "log_folder",
    "logged",
    "require_tracker",
]
