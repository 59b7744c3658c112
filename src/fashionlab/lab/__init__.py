"""The public verbs: each composes the rooms of the house."""

from fashionlab.lab.data import describe_data, load, plot_samples
from fashionlab.lab.execution import ExecutionOptions
from fashionlab.lab.lessons import begin_lesson, find_lesson, lesson, list_lessons
from fashionlab.lab.listing import (
    delete_runs,
    find_runs,
    is_search,
    is_study,
    list_groups,
    list_runs,
    runs,
    search_sizes,
    show_run,
)
from fashionlab.lab.results import open_run, plot_histories, report
from fashionlab.lab.searches import open_search, resume_search, search
from fashionlab.lab.studies import (
    compare,
    list_studies,
    open_study,
    plan_comparison,
    plan_study,
    report_study,
    resume_study,
    study,
)
from fashionlab.lab.study_import import import_study
from fashionlab.lab.study_results import SearchResult, StudyResult
from fashionlab.lab.training import resume, train

__all__ = [
    "ExecutionOptions",
    "SearchResult",
    "StudyResult",
    "begin_lesson",
    "compare",
    "delete_runs",
    "describe_data",
    "find_lesson",
    "find_runs",
    "import_study",
    "is_search",
    "is_study",
    "lesson",
    "list_groups",
    "list_lessons",
    "list_runs",
    "list_studies",
    "load",
    "open_run",
    "open_search",
    "open_study",
    "plan_comparison",
    "plan_study",
    "plot_histories",
    "plot_samples",
    "report",
    "report_study",
    "resume",
    "resume_search",
    "resume_study",
    "runs",
    "search",
    "search_sizes",
    "show_run",
    "study",
    "train",
]
