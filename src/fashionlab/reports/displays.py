"""Display objects: a picture that knows its data, its name and its text alternative, and draws itself when asked.

Compute first, display second: whoever makes one hands over plain arrays. `plot()` draws and returns the display, `save`
writes PNG and SVG, and a notebook shows it by itself. All displays are this one class; what differs is how they draw.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from fashionlab.reports import drawings as figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass
class Display:
    """name: the files' stem; description: the text alternative, a sentence; data: what is drawn, plain; draw: how."""

    name: str
    description: str
    data: Mapping[str, Any]
    draw: Callable[..., "Figure"]
    figure: "Figure | None" = field(default=None, repr=False)

    def plot(self) -> Self:
        """Draw (again) into a new matplotlib figure, `self.figure`; return self."""
        self.figure = self.draw(**self.data)
        return self

    def save(self, folder: str | Path) -> list[Path]:
        """Write `name`.png and `name`.svg into the folder; return their paths. Raises StoreError."""
        return figures.save(self._drawn(), Path(folder), self.name)

    def _drawn(self) -> "Figure":
        figure = self.figure or self.plot().figure
        assert figure is not None
        return figure

    def _repr_png_(self) -> bytes:
        """What Jupyter shows."""
        content = io.BytesIO()
        with figures.styled():
            self._drawn().savefig(content, format="png")
        return content.getvalue()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"image/png": self._repr_png_(), "text/plain": self.description}


def samples_display(images: np.ndarray, labels: np.ndarray, class_names: Sequence[str], per_class: int = 10) -> Display:
    """A grid of pictures, a row a class. images: uint8 [n, height, width]; labels: int [n]."""
    return Display(
        "samples",
        f"{per_class} pictures of each of {len(class_names)} classes: {', '.join(class_names)}",
        {"images": images, "labels": labels, "class_names": class_names, "per_class": per_class},
        figures.sample_grid,
    )


def history_display(history: Mapping[str, Sequence[float]], pace: str = "epoch") -> Display:
    """Losses and accuracies by epoch. history: `history.csv` by column; pace: what a row is, "epoch" or "round"."""
    text = f"Learning curves over {len(history['epoch'])} {pace}s: training loss ends at {history['loss'][-1]:.3f}"
    if np.isfinite(history["val_loss"][-1]):
        text += (
            f", validation loss at {history['val_loss'][-1]:.3f}, its lowest is {np.nanmin(history['val_loss']):.3f}"
        )
    return Display("learning-curves", text, {"history": history, "pace": pace}, figures.learning_curves)


def confusion_display(part: str, confusion: Sequence[Sequence[int]], class_names: Sequence[str]) -> Display:
    """Counts by true and predicted class. confusion: int [k, k], rows true; part: "validation" or "test"."""
    counts = np.asarray(confusion)
    right = np.trace(counts) / max(1, counts.sum())
    return Display(
        f"confusion-{part}",
        f"Confusion matrix of the {part} part: {right:.1%} of {counts.sum():,} are on the diagonal",
        {"confusion": counts, "class_names": class_names, "title": f"Confusion matrix, {part} part"},
        figures.confusion_figure,
    )


def mistakes_display(
    images: np.ndarray, true: np.ndarray, predicted: np.ndarray, confidence: np.ndarray, class_names: Sequence[str]
) -> Display:
    """Wrongly predicted pictures with both classes. images: uint8 [n, height, width]; the others [n]."""
    return Display(
        "mistakes",
        f"{len(images)} pictures that were taken for another class, the most confident mistakes first",
        {
            "images": images, "true": true, "predicted": predicted, "confidence": confidence,
            "class_names": class_names,
        },
        figures.mistakes_figure,
    )  # fmt: skip


def activations_display(
    layers: Sequence[tuple[str, np.ndarray]], class_names: Sequence[str], pictures: np.ndarray
) -> Display:
    """Mean activations of hidden layers by class. layers: name and float [classes, units]; pictures: one a class."""
    return Display(
        "activations",
        f"Mean activation of each unit of {', '.join(name for name, _ in layers)}, a row a class",
        {"layers": layers, "class_names": class_names, "pictures": pictures},
        figures.activations_figure,
    )
