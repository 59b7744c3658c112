"""Fashionlab: train, regularize, compare and explain image classifiers, and learn whether a change really helps.

    import fashionlab
    run = fashionlab.train("mlp", dropout=0.2, epochs=12, seed=3)
    run.metrics["test"]["accuracy"], run.history["val_loss"]
    run.predict(images)        # probabilities

Importing this package loads no framework: the names below are fetched when they are first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fashionlab.data import Dataset
    from fashionlab.lab import (
        compare,
        continue_study,
        load,
        open_run,
        open_study,
        plot_samples,
        report,
        resume,
        study,
        train,
    )
    from fashionlab.lab.studied import StudyResult
    from fashionlab.lab.trained import TrainedModel

__all__ = [
    "Dataset",
    "StudyResult",
    "TrainedModel",
    "compare",
    "continue_study",
    "load",
    "open_run",
    "open_study",
    "plot_samples",
    "report",
    "resume",
    "study",
    "train",
]

_HOMES = {
    "Dataset": "fashionlab.data",
    "StudyResult": "fashionlab.lab.studied",
    "TrainedModel": "fashionlab.lab.trained",
    "compare": "fashionlab.lab",
    "continue_study": "fashionlab.lab",
    "load": "fashionlab.lab",
    "open_run": "fashionlab.lab",
    "open_study": "fashionlab.lab",
    "plot_samples": "fashionlab.lab",
    "report": "fashionlab.lab",
    "resume": "fashionlab.lab",
    "study": "fashionlab.lab",
    "train": "fashionlab.lab",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'fashionlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
