"""Runs on disk: one folder a run, written whole or not at all."""

from fashionlab.store.checkpoint import has_checkpoint, load_checkpoint, load_origin, save_checkpoint, save_origin
from fashionlab.store.executed import remember_executed, was_executed
from fashionlab.store.format import CORE, History, from_json, read_document, to_json
from fashionlab.store.ledger import Ledger, LedgerLine
from fashionlab.store.listing import delete_run, find_run, find_same, list_runs
from fashionlab.store.overview import RunDetails, RunLine, SetLine, details_of, line_of, tell_apart
from fashionlab.store.predictions import Predictions, SetPredictions
from fashionlab.store.results import (
    ClassFigures,
    Environment,
    Gap,
    HistoryRow,
    MacroFigures,
    Metrics,
    NormsRow,
    Seconds,
    SetMetrics,
    SharedTest,
    TrainingEnd,
)
from fashionlab.store.run import Run

__all__ = [
    "CORE",
    "ClassFigures",
    "Environment",
    "Gap",
    "History",
    "HistoryRow",
    "Ledger",
    "LedgerLine",
    "MacroFigures",
    "Metrics",
    "NormsRow",
    "Predictions",
    "Run",
    "RunDetails",
    "RunLine",
    "Seconds",
    "SetLine",
    "SetMetrics",
    "SetPredictions",
    "SharedTest",
    "TrainingEnd",
    "delete_run",
    "details_of",
    "find_run",
    "find_same",
    "from_json",
    "has_checkpoint",
    "line_of",
    "list_runs",
    "load_checkpoint",
    "load_origin",
    "read_document",
    "remember_executed",
    "save_checkpoint",
    "save_origin",
    "tell_apart",
    "to_json",
    "was_executed",
]
