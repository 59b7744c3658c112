"""Which pictures a run gets, and where they go."""

from pathlib import Path

from fashionlab.data import Dataset
from fashionlab.reports.displays import confusion_display, history_display, samples_display
from fashionlab.reports.run.sections.learning import pace_of
from fashionlab.store import Run


def draw_samples(folder: Path, dataset: Dataset) -> list[Path]:
    """`samples.png` and `.svg`: a grid of the data set's training part, a row a class."""
    return samples_display(dataset.images, dataset.labels, dataset.class_names).save(folder)


def has_figures(run: Run) -> bool:
    """Whether `draw_run` has been through: its last picture is there."""
    part = "test" if run.metrics["test"] else "validation" if run.metrics["validation"] else None
    return (run.derived / "figures" / (f"confusion-{part}.svg" if part else "learning-curves.svg")).is_file()


def draw_run(run: Run) -> list[Path]:
    """Learning curves where there are epochs, and a confusion matrix of each part that was predicted.

    They go to the run's `derived/figures`.
    """
    folder = run.derived / "figures"
    # A model without epochs has no curves.
    written = history_display(run.history, pace_of(run.request)).save(folder) if run.history["epoch"] else []
    names = run.request["data"]["class_names"]
    for part in ("validation", "test"):
        if run.metrics[part]:
            written += confusion_display(part, run.metrics[part]["confusion"], names).save(folder)
    return written
