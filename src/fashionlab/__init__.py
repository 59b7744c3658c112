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
    from fashionlab.lab import load, open_run, plot_samples, report, resume, train
    from fashionlab.trained import TrainedModel

__all__ = ["Dataset", "TrainedModel", "load", "open_run", "plot_samples", "report", "resume", "train"]

_HOMES = {
    "Dataset": "fashionlab.data",
    "TrainedModel": "fashionlab.trained",
    "load": "fashionlab.lab",
    "open_run": "fashionlab.lab",
    "plot_samples": "fashionlab.lab",
    "report": "fashionlab.lab",
    "resume": "fashionlab.lab",
    "train": "fashionlab.lab",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'fashionlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
