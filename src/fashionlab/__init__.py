"""Fashionlab: train, regularize, compare and explain image classifiers, and learn whether a change really helps.

    import fashionlab
    run = fashionlab.train("mlp", dropout=0.2, epochs=12, seed=3)
    run.metrics.test.accuracy, run.history["val_loss"]
    run.predict(images)        # probabilities

Importing this package loads no framework: the names below are fetched when they are first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fashionlab.data import Dataset
    from fashionlab.lab import (
        ExecutionOptions,
        compare,
        import_study,
        lesson,
        load,
        open_run,
        open_search,
        open_study,
        plan_comparison,
        plan_study,
        plot_histories,
        plot_samples,
        report,
        resume,
        resume_search,
        resume_study,
        runs,
        search,
        study,
        train,
    )
    from fashionlab.lab.results import Report, SideBySideReport, TrainedModel
    from fashionlab.lab.study_results import SearchResult, StudyResult

_HOMES = {
    "Dataset": "fashionlab.data",
    "ExecutionOptions": "fashionlab.lab",
    "Report": "fashionlab.lab.results",
    "SideBySideReport": "fashionlab.lab.results",
    "SearchResult": "fashionlab.lab.study_results",
    "StudyResult": "fashionlab.lab.study_results",
    "TrainedModel": "fashionlab.lab.results",
    "compare": "fashionlab.lab",
    "import_study": "fashionlab.lab",
    "lesson": "fashionlab.lab",
    "load": "fashionlab.lab",
    "open_run": "fashionlab.lab",
    "open_search": "fashionlab.lab",
    "open_study": "fashionlab.lab",
    "plan_comparison": "fashionlab.lab",
    "plan_study": "fashionlab.lab",
    "plot_histories": "fashionlab.lab",
    "plot_samples": "fashionlab.lab",
    "report": "fashionlab.lab",
    "resume": "fashionlab.lab",
    "resume_search": "fashionlab.lab",
    "resume_study": "fashionlab.lab",
    "runs": "fashionlab.lab",
    "search": "fashionlab.lab",
    "study": "fashionlab.lab",
    "train": "fashionlab.lab",
}

__all__ = [
    "Dataset",
    "ExecutionOptions",
    "Report",
    "SearchResult",
    "SideBySideReport",
    "StudyResult",
    "TrainedModel",
    "compare",
    "import_study",
    "lesson",
    "load",
    "open_run",
    "open_search",
    "open_study",
    "plan_comparison",
    "plan_study",
    "plot_histories",
    "plot_samples",
    "report",
    "resume",
    "resume_search",
    "resume_study",
    "runs",
    "search",
    "study",
    "train",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'fashionlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
