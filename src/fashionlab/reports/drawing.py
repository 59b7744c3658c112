"""Which pictures a run gets, and where they go."""

from pathlib import Path

from fashionlab.data import Dataset
from fashionlab.reports import figures
from fashionlab.store import Run


def draw_samples(folder: Path, dataset: Dataset) -> list[Path]:
    """`samples.png` and `.svg`: a grid of the data set's training part, a row a class."""
    folder.mkdir(parents=True, exist_ok=True)
    figure = figures.sample_grid(dataset.images, dataset.labels, dataset.class_names)
    return figures.save(figure, folder, "samples")


def draw_run(run: Run) -> list[Path]:
    """Learning curves, and a confusion matrix of each part that was predicted, in the run's `derived/figures`."""
    folder = run.derived / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    written = figures.save(figures.learning_curves(run.history), folder, "learning-curves")
    names = run.request["data"]["class_names"]
    for part in ("validation", "test"):
        if run.metrics[part]:
            figure = figures.confusion_figure(run.metrics[part]["confusion"], names, f"Confusion matrix, {part} part")
            written += figures.save(figure, folder, f"confusion-{part}")
    return written
