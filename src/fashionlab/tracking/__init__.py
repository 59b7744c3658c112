"""Runs in other people's trackers: who takes the events of runs, besides whoever shows them."""

from fashionlab.tracking.tracker import TRACKERS, delete_log, log_folder, logged, require_tracker

__all__ = ["TRACKERS", "delete_log", "log_folder", "logged", "require_tracker"]
