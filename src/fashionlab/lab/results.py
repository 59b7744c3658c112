"""What the verbs return: a trained model, a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from msgspec.structs import replace

from fashionlab.errors import DataInvalid, UsageError
from fashionlab.evaluation import Missing, find_insight, mistakes, open_images
from fashionlab.evaluation.insight.document import NetworkInsight
from fashionlab.images import AS_FOUND, finish, stack_array
from fashionlab.lab.execution import DEFAULT, ExecutionOptions
from fashionlab.models import NETWORK
from fashionlab.options import command, wrong_choice
from fashionlab.photos.garment import Photo, Step
from fashionlab.photos.reading import Box
from fashionlab.prediction.predictor import Prediction, Predictor, logits_of
from fashionlab.recipe.recipe import Recipe
from fashionlab.reports.figures import Display
from fashionlab.reports.figures.run.confusion import confusion_matrix
from fashionlab.reports.run.figures import activations_of, history_of, mistakes_of
from fashionlab.reports.run.produce import CARD, PAGE, gather_figures, produce_report
from fashionlab.reports.run.sections.learning import NO_EPOCHS
from fashionlab.reports.run.summary import RunReport
from fashionlab.reports.runs.curves import RunHistory, draw_histories
from fashionlab.reports.runs.pairs import SETS
from fashionlab.reports.runs.produce import produce_side_by_side
from fashionlab.reports.runs.summary import SideBySide
from fashionlab.reports.tables import accuracy
from fashionlab.store import Metrics, Run, find_run, line_of
from fashionlab.store.records import changes_text
from fashionlab.text import html_table, tell
from fashionlab.training.architectures import is_vouched_for
from fashionlab.training.softmax import softmax

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure
    from PIL.Image import Image


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
        return self._run.spec.recipe

    @property
    def class_names(self) -> list[str]:
        """The names of the classes, in the order of the logits."""
        return list(self._run.spec.data.class_names)

    @property
    def history(self) -> dict[str, list[float]]:
        """By column: epoch, seconds, loss, accuracy, val_loss, val_accuracy, learning_rate (losses in nats)."""
        return self._run.history

    @property
    def metrics(self) -> Metrics:
        """Accuracy with its 95 % interval, loss, per-class figures and confusion matrix of validation and test."""
        return self._run.metrics

    @property
    def figures(self) -> list[Path]:
        """The figures of the run, PNG."""
        return sorted((self._run.derived / "figures").glob("*.png"))

    @property
    def page(self) -> Path | None:
        """The run's report, one HTML file; None where it has not been made (`fashionlab.report` makes it)."""
        path = self._run.derived / "report" / "index.html"
        return path if path.is_file() else None

    @overload
    def predict(self, images: np.ndarray, *, prepared: bool = False) -> Any: ...

    @overload
    def predict(self, images: "str | Path | Image", *, crop: tuple[int, int, int, int] | None = None) -> Prediction: ...

    def predict(
        self,
        images: "np.ndarray | str | Path | Image",
        *,
        prepared: bool = False,
        crop: tuple[int, int, int, int] | None = None,
    ) -> "np.ndarray | Prediction":
        """Of one photograph a `Prediction`; of a stack of images probabilities, float32 [n, classes], not calibrated.

        A photograph is a file, an image of Pillow's, or an array, uint8 [h, w] or [h, w, 3 or 4]: it is brought to what
        the network was trained on (docs/predict.md), and its probabilities are calibrated. crop: x, y, width and height
        of the part that is used, in pixels of the upright image. One array of the training images' size is taken as one
        of them.

        A stack is [n, height, width], perhaps with channels behind, 0 black: it gets what the run's own images got:
        size, grey, stretched or inverted values. prepared: it had that already, as the images of a loaded data set
        have. Runs in a worker process. Raises UsageError for another shape or type than can be used, DataInvalid for a
        file that is no image.
        """
        if self._is_photograph(images):
            return self._predict_photograph(images, crop)
        if crop is not None:
            raise UsageError("crop is for one photograph, given a stack of images; cut them before")
        stack = self._prepared(np.asarray(images), prepared)
        if not len(stack):
            return np.empty((0, len(self.class_names)), np.float32)
        return softmax(logits_of(self._run, stack, self._trust)).astype(np.float32)

    def _is_photograph(self, images: Any) -> bool:
        if isinstance(images, (str, Path)) or (hasattr(images, "getbands") and hasattr(images, "convert")):
            return True
        shape, side = np.shape(images), self._run.spec.data.side
        return len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4) and shape[1:] != (side, side))

    def _predict_photograph(self, source: Any, crop: tuple[int, int, int, int] | None) -> Prediction:
        side, box = self._run.spec.data.side, None if crop is None else Box(*crop)
        if not (isinstance(source, (str, Path)) or hasattr(source, "getbands")):
            source = np.asarray(source)
            if source.shape == (side, side) and box is None:
                image = self._prepared(source[None], False)[0]
                return self._predictor.judge([Photo(image, True, [Step("as in the data set", image)])])[0]
            if source.dtype != np.uint8:
                raise UsageError(
                    f"given one image of type {source.dtype} and shape {source.shape}, expected uint8 [h, w] or "
                    f"[h, w, 3 or 4], or any numbers [{side}, {side}]"
                )
        return self._predictor.predict(source, box)

    @cached_property
    def _predictor(self) -> Predictor:
        return Predictor(self._run, self._trust)

    def _prepared(self, images: np.ndarray, already: bool) -> np.ndarray:
        """Images as the network sees them, uint8 [n, side, side]."""
        facts, preparation = self._run.spec.data, self.recipe.data.preparation
        side = facts.side
        if images.dtype == np.uint8 and images.shape[1:] == (side, side) and (already or preparation == AS_FOUND):
            return images
        try:
            if already:
                raise DataInvalid(f"prepared images are uint8 [n, {side}, {side}]")
            if not len(images):
                return np.empty((0, side, side), np.uint8)
            stack = stack_array(images, "the images", preparation, side)
            return finish(stack, facts.pixels, preparation)
        except DataInvalid as error:
            raise UsageError(
                f"given images of type {images.dtype} and shape {images.shape}, expected [n, {side}, {side}]: {error}"
            ) from None

    def plot_history(self) -> Display:
        """Both losses and both accuracies by epoch, with the generalization gap and the best epoch.

        Raises UsageError for a model that has no epochs.
        """
        if not self.history["epoch"]:
            raise UsageError(f"run {self._run.name}: {NO_EPOCHS}")
        return history_of(self.history, self.metrics.unit)

    def plot_confusion(self, split: str = "test") -> Display:
        """The confusion matrix of "test" or "validation". Raises UsageError if the run did not predict that set."""
        found, sets = self.metrics.sets.get(split), ", ".join(self.metrics.sets)
        if found is None:
            raise UsageError(f"given {split!r}, expected a set that this run predicted: {sets or 'none'}")
        return confusion_matrix(found.confusion, self.class_names, split)

    def plot_mistakes(self, n: int = 18) -> Display:
        """The `n` most confident mistakes on the validation set. Raises UsageError for a refit, which has none."""
        images = open_images(self._run, "validation")
        predictions = self._run.predictions.validation
        if predictions is None:
            raise UsageError(f"run {self._run.name} did not predict the validation set, so no mistakes are known")
        return mistakes_of(images, mistakes(predictions.logits, predictions.labels, n), self.class_names)

    def plot_activations(self) -> Display:
        """Mean activation of every unit of every hidden layer, by class, over the validation set.

        Computed in a worker the first time, then kept with the run. Raises UsageError where there are none, and why.
        """
        insight = find_insight(self._run, trust=self._trust)
        document = insight.document
        if isinstance(document, Missing):
            raise UsageError(document.reason)
        if not isinstance(document, NetworkInsight):
            raise UsageError("this model is not a neural network, so it has no layers to look into")
        if isinstance(document.layers, Missing):
            raise UsageError(document.layers.reason)
        return activations_of(document.layers, insight.arrays, self.class_names)

    def plots(self) -> dict[str, Display]:
        """Every figure of the run's report, by name, as a notebook shows it. May look inside the model, in a worker."""
        return gather_figures(self._run, self._trust)

    def keras_model(self) -> "keras.Model":
        """The Keras model with its trained weights, in this process, on the backend that Keras has here.

        uint8 images in, logits out. A user's own model file is executed here, if `trust` vouches for it or it was
        trained on this machine. Where Keras has not been imported yet, it is given JAX. Raises UsageError for a model
        that is not a neural network.
        """
        if self.recipe.kind is not NETWORK:
            raise UsageError(
                f"run {self._run.name} is a {self.recipe.model.name} model, not a Keras model; its predict() gives its "
                "probabilities"
            )
        import os
        import sys

        if "keras" not in sys.modules:
            os.environ.setdefault("KERAS_BACKEND", "jax")
        from fashionlab.models.registry import permit_execution
        from fashionlab.training.networks import open_network

        if is_vouched_for(self._run.spec, (self._trust,) if self._trust else ()):
            permit_execution()
        return open_network(self._run, self._trust)

    def recipe_for_refit(self) -> Recipe:
        """The recipe that trains on training and validation rows together for the epochs that validation chose."""
        return replace(self.recipe, refit=max(1, self.metrics.best_epoch))

    def __repr__(self) -> str:
        judged = self.metrics.test or self.metrics.validation
        if judged is None:
            return f"TrainedModel({str(self.path)!r})"
        return (
            f"TrainedModel({str(self.path)!r}: accuracy {judged.accuracy:.2%} "
            f"[{judged.accuracy_low:.2%}, {judged.accuracy_high:.2%}], n={judged.n:,})"
        )

    def _repr_html_(self) -> str:
        line = line_of(self._run)
        facts = {
            "model": f"{line.model} (refit)" if line.refit else line.model,
            "data set": line.dataset,
            "seed": line.seed,
            "differs from the model's default": changes_text(line.changes) or "nothing",
            "validation accuracy": accuracy(line.validation),
            "test accuracy": accuracy(line.test),
        }
        if line.epochs:
            facts[f"{self.metrics.unit}s"] = f"{line.epochs}, best {line.best_epoch}"
        return html_table(f"Run {line.run}", facts | {"folder": line.path} | ({"page": self.page} if self.page else {}))


@dataclass(frozen=True)
class Page:
    """One HTML file that needs nothing else. A notebook shows the page itself."""

    path: Path

    def _repr_html_(self) -> str:
        page = escape(self.path.read_text(encoding="utf-8"), quote=True)
        return f'<iframe title="report" style="width:100%;height:40em;border:0" srcdoc="{page}"></iframe>'


@dataclass(frozen=True)
class Report(Page):
    """A run's report. path: its page; card: a model card beside it; summary: everything that the page shows."""

    card: Path
    summary: RunReport = field(repr=False)


@dataclass(frozen=True)
class SideBySideReport(Page):
    """The report of several runs. path: its page; summary: everything that the page shows."""

    summary: SideBySide = field(repr=False)


def open_run(run: str | Path, *, runs: str | Path = "runs", trust: str | None = None) -> TrainedModel:
    """Open a finished run by path, by name in `runs`, or "last".

    trust: the beginning of the SHA-256 of the run's own model file, for a run that was trained with one elsewhere.
    Raises UsageError if there is no such run, RunIncomplete if it is not finished.
    """
    return TrainedModel(_find_complete(run, runs), trust)


AnyRun = TrainedModel | str | Path
"""A run, its path, its name in the folder of runs, or "last"."""


@overload
def report(
    run: AnyRun, /, *, runs: str | Path = "runs", on: str | None = None, trust: str | None = None,
    execution: ExecutionOptions = DEFAULT,
) -> Report: ...  # fmt: skip


@overload
def report(
    run: AnyRun, other: AnyRun, /, *more: AnyRun, runs: str | Path = "runs", on: str | None = None,
    trust: str | None = None, execution: ExecutionOptions = DEFAULT,
) -> SideBySideReport: ...  # fmt: skip


def report(
    run: AnyRun,
    /,
    *others: AnyRun,
    runs: str | Path = "runs",
    on: str | None = None,
    trust: str | None = None,
    execution: ExecutionOptions = DEFAULT,
) -> Report | SideBySideReport:
    """Make the report of a finished run, or of several side by side: one HTML file that needs nothing else.

    Of one run there is a model card beside it. Of several the page says in which settings they differ, compares them
    pair by pair on the images that judge both, and shows their curves in one picture. on: which images, "validation" or
    "test"; by default those of validation, unless a run has none and all were evaluated on the test set. Never trains.

    What cannot be shown (a model file that nobody vouched for, data that are gone) is said in the page. Raises
    UsageError, also for runs of different data, RunIncomplete, RunCorrupt, StoreError.
    """
    if not others:
        if on is not None:
            raise UsageError(f"given {on!r} images to compare runs on (--on), and one run; expected two or more")
        found = _find_complete(run, runs)
        summary = produce_report(found, data_dir=execution.data_dir, trust=trust, announce=tell)
        return Report(found.derived / PAGE, found.derived / CARD, summary)
    if trust is not None:
        raise UsageError("given --trust and several runs; their page executes no model, leave it out")
    if on not in (None, *SETS):
        raise UsageError(wrong_choice("on", on, SETS))
    found_all = [_find(each, runs) for each in (run, *others)]
    return SideBySideReport(*produce_side_by_side(found_all, on, execution.data_dir))


def plot_histories(histories: Mapping[str, Any], *, runs: str | Path = "runs") -> "Figure":
    """Training and validation curves in one picture, a colour for each name; returns the matplotlib figure.

    histories: by name a run (`TrainedModel`, path, or name in `runs`), what Keras' `fit` returns (`History`) or its
    `history`, a mapping with the columns loss, accuracy, val_loss, val_accuracy; or a list of these, of which mean and
    spread are shown, at each epoch over those still training. Raises UsageError for what is none of these.
    """
    if not isinstance(histories, Mapping):
        raise UsageError(f"given {type(histories).__name__}, expected a mapping from names to runs or histories")
    groups = {
        str(name): [each] if isinstance(each, AnyRun | Mapping) or not isinstance(each, Sequence) else list(each)
        for name, each in histories.items()
    }
    if len(groups) < len(histories):
        raise UsageError(f"given the names {', '.join(map(repr, histories))}, expected different texts")
    named = {name: [_history(each, name, runs) for each in group] for name, group in groups.items()}
    ours = all(isinstance(each, AnyRun) for group in groups.values() for each in group)
    display = draw_histories(named, nats=ours)
    # Matplotlib's figures show themselves in a notebook only where pyplot has been imported.
    vars(display.figure)["_repr_png_"] = display._repr_png_
    return display.figure


def _history(given: Any, name: str, runs: str | Path) -> RunHistory:
    if not isinstance(given, AnyRun):
        return RunHistory.given(given, name)
    run = _find_complete(given, runs)
    found = RunHistory.of(run)
    if found is None:
        raise UsageError(f"run {run.name}: {NO_EPOCHS}")
    return found


def _find_complete(run: AnyRun, runs: str | Path) -> Run:
    found = _find(run, runs)
    found.require_complete()
    return found


def _find(run: AnyRun, runs: str | Path) -> Run:
    if isinstance(run, TrainedModel):
        return run._run
    for kind in ("study", "search"):
        for path in (Path(runs) / run, Path(run)):
            if str(run) and (path / f"{kind}.json").is_file():
                raise UsageError(
                    f"given {run}, a {kind}, expected a run; {command(f'open_{kind}', run)} shows the {kind} itself"
                    + (f", and its runs are in {path / 'runs'}" if kind == "study" else "")
                )
    return find_run(Path(runs), str(run))
