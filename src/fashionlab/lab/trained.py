"""A finished run, opened: what one asks of a trained model."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fashionlab.errors import UsageError
from fashionlab.evaluation import find_insight, most_confident_mistakes, open_pictures
from fashionlab.recipe.recipe import Recipe
from fashionlab.reports.displays import (
    Display,
    activations_display,
    confusion_display,
    history_display,
    mistakes_display,
)
from fashionlab.reports.run.sections.learning import NO_EPOCHS, pace_of
from fashionlab.store import Run
from fashionlab.training.engines import CLASSIC
from fashionlab.training.softmax import softmax
from fashionlab.workers import Worker

if TYPE_CHECKING:
    import keras


class TrainedModel:
    """A trained model and how it came about.

    path: the run's folder; recipe: what was asked for; history: `history.csv` by column; metrics: `metrics.json`.
    """

    def __init__(self, run: Run, trust: str | None = None) -> None:
        self._run, self._trust = run, trust

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self._run.path

    @property
    def recipe(self) -> Recipe:
        """The recipe, all defaults filled in."""
        return Recipe.from_json(self._run.request["recipe"])

    @property
    def class_names(self) -> list[str]:
        """The names of the classes, in the order of the logits."""
        return list(self._run.request["data"]["class_names"])

    @property
    def history(self) -> dict[str, list[float]]:
        """By column: epoch, seconds, loss, accuracy, val_loss, val_accuracy, learning_rate (losses in nats)."""
        return self._run.history

    @property
    def metrics(self) -> dict[str, Any]:
        """Accuracy with its 95 % interval, loss, per-class figures and confusion matrix of validation and test."""
        return self._run.metrics

    @property
    def figures(self) -> list[Path]:
        """The pictures of the run, PNG."""
        return sorted((self._run.derived / "figures").glob("*.png"))

    @property
    def page(self) -> Path | None:
        """The run's report, one HTML file; None where it has not been made (`fashionlab.report` makes it)."""
        path = self._run.derived / "report" / "index.html"
        return path if path.is_file() else None

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Probabilities float32 [n, classes] of pictures, uint8 [n, height, width], 0 black, as in the data set.

        Runs in a worker process. Raises UsageError if the pictures have another shape or type.
        """
        side = int(self._run.request["data"]["side"])
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (side, side):
            raise UsageError(
                f"given pictures of type {images.dtype} and shape {images.shape}, expected uint8 [n, {side}, {side}]"
            )
        if not len(images):
            return np.empty((0, len(self.class_names)), np.float32)
        with tempfile.TemporaryDirectory() as folder, Worker() as worker:
            given, answer = Path(folder) / "images.npy", Path(folder) / "logits.npy"
            np.save(given, images)
            arguments = {
                "run": str(self.path), "images": str(given), "logits": str(answer), "trust": self._trust
            }  # fmt: skip
            worker.call("fashionlab.evaluation.tasks:predict", arguments)
            return softmax(np.load(answer, allow_pickle=False)).astype(np.float32)

    def plot_history(self) -> Display:
        """Both losses and both accuracies by epoch, with the generalization gap and the best epoch.

        Raises UsageError for a model that has no epochs.
        """
        if not self.history["epoch"]:
            raise UsageError(f"run {self._run.name}: {NO_EPOCHS}")
        return history_display(self.history, pace_of(self._run.request))

    def plot_confusion(self, part: str = "test") -> Display:
        """The confusion matrix of "test" or "validation". Raises UsageError if the run has no such part."""
        metrics = self.metrics.get(part)
        if metrics is None:
            parts = [name for name in ("validation", "test") if self.metrics[name]]
            raise UsageError(f"given part {part!r}, expected one that this run has: {', '.join(parts) or 'none'}")
        return confusion_display(part, metrics["confusion"], self.class_names)

    def plot_mistakes(self, n: int = 18) -> Display:
        """The `n` most confident mistakes on the validation part. Raises UsageError for a refit, which has none."""
        pictures = open_pictures(self._run, "validation")
        predictions = self._run.predictions
        wrong = most_confident_mistakes(predictions["validation_logits"], predictions["validation_labels"], n)
        return mistakes_display(
            pictures[wrong["row"]], wrong["true"], wrong["predicted"], wrong["confidence"], self.class_names
        )

    def plot_activations(self) -> Display:
        """Mean activation of every unit of every hidden layer, by class, over the validation part.

        Computed in a worker the first time, then kept with the run. Raises UsageError where there are none, and why.
        """
        insight = find_insight(self._run, trust=self._trust)
        layers = insight.document.get("layers", insight.document)
        if layers["reason"]:
            raise UsageError(layers["reason"])
        means = [(item["name"], insight.arrays[f"{item['key']}/class_means"]) for item in layers["items"]]
        first = {chosen["true"]: row for row, chosen in reversed(list(enumerate(insight.document["chosen"])))}
        pictures = insight.arrays["chosen/pictures"][[first[label] for label in range(len(self.class_names))]]
        return activations_display(means, self.class_names, pictures)

    def keras_model(self) -> "keras.Model":
        """The Keras model with its trained weights, in this process, on the backend that Keras has here.

        uint8 pictures in, logits out. Where Keras has not been imported yet, it is given JAX. Raises UsageError for a
        classic model, which is none.
        """
        if self._run.request["trainer"] == CLASSIC.trainer:
            raise UsageError(
                f"run {self._run.name} is a {self.recipe.model.name} model, no Keras model; its predict() gives its "
                "probabilities"
            )
        import os
        import sys

        if "keras" not in sys.modules:
            os.environ.setdefault("KERAS_BACKEND", "jax")
        from fashionlab.training.network import open_network

        return open_network(self._run, self._trust)

    def recipe_for_refit(self) -> Recipe:
        """The recipe that trains on training and validation rows together for the epochs that validation chose."""
        return replace(self.recipe, refit=max(1, int(self.metrics["best_epoch"])))

    def __repr__(self) -> str:
        part = self.metrics["test"] or self.metrics["validation"]
        if part is None:
            return f"TrainedModel({str(self.path)!r})"
        return (
            f"TrainedModel({str(self.path)!r}: accuracy {part['accuracy']:.2%} "
            f"[{part['accuracy_low']:.2%}, {part['accuracy_high']:.2%}], n={part['n']:,})"
        )
