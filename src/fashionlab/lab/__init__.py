"""The public verbs: each composes the rooms of the house."""

from fashionlab.lab.studies import compare, continue_study, list_studies, open_study, study
from fashionlab.lab.verbs import (
    delete_runs,
    describe_data,
    find_runs,
    list_runs,
    load,
    open_run,
    plot_samples,
    report,
    resume,
    show_run,
    train,
)

__all__ = [
    "compare",
    "continue_study",
    "delete_runs",
    "describe_data",
    "find_runs",
    "list_runs",
    "list_studies",
    "load",
    "open_run",
    "open_study",
    "plot_samples",
    "report",
    "resume",
    "show_run",
    "study",
    "train",
]
