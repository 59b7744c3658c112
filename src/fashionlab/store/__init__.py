"""Runs on disk: one folder a run, written whole or not at all."""

from fashionlab.store.checkpoint import has_checkpoint, load_checkpoint, save_checkpoint
from fashionlab.store.format import (
    CORE,
    FORMAT_VERSION,
    HISTORY_COLUMNS,
    NORMS_COLUMNS,
    RESULTS_VERSION,
    identity,
)
from fashionlab.store.ledger import Ledger
from fashionlab.store.listing import delete_run, find_run, find_same, list_runs
from fashionlab.store.run import Run

__all__ = [
    "CORE",
    "FORMAT_VERSION",
    "HISTORY_COLUMNS",
    "NORMS_COLUMNS",
    "RESULTS_VERSION",
    "Ledger",
    "Run",
    "delete_run",
    "find_run",
    "find_same",
    "has_checkpoint",
    "identity",
    "list_runs",
    "load_checkpoint",
    "save_checkpoint",
]
