"""Which figures a run gets, and what they are drawn from: for its page, for its folder, and for `TrainedModel`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from fashionlab.data import Dataset
from fashionlab.evaluation import Calibration, Missing, Mistakes
from fashionlab.evaluation.insight.document import ClassWeights, EmbeddingMap, Layers, Neighbours
from fashionlab.reports.figures import Display
from fashionlab.reports.figures.run.calibration import coverage, reliability
from fashionlab.reports.figures.run.confusion import confusion_matrix
from fashionlab.reports.figures.run.curves import learning_curves, learning_rate, update_norms, weight_norms
from fashionlab.reports.figures.run.images import mistakes, sample_grid
from fashionlab.reports.figures.run.inside import activations, first_layer, pixel_weights, point_map
from fashionlab.reports.figures.run.references import Reference, references
from fashionlab.reports.run.sections.answer import AnswerSection, SetResult
from fashionlab.reports.run.sections.inside import InsideSection, MapImages, PixelSection
from fashionlab.reports.run.sections.learning import LearningSection
from fashionlab.reports.run.summary import RunReport
from fashionlab.reports.wording import percent
from fashionlab.store import History, Run


def draw_samples(folder: Path, dataset: Dataset) -> list[Path]:
    """`samples.png` and `.svg`: a grid of the data set's training images, a row per class."""
    return samples_of(dataset).save(folder)


def has_figures(run: Run) -> bool:
    """Whether `draw_run` has been through: its last figure is there."""
    last = [f"confusion-{name}" for name in run.metrics.sets] or ["learning-curves"]
    return (run.derived / "figures" / f"{last[-1]}.svg").is_file()


def draw_run(run: Run) -> list[Path]:
    """Learning curves where there are epochs, and a confusion matrix of each set that was predicted.

    They go to the run's `derived/figures`.
    """
    folder, metrics, history = run.derived / "figures", run.metrics, run.history
    # A model without epochs has no curves.
    written = history_of(history, metrics.unit).save(folder) if history["epoch"] else []
    for name, found in metrics.sets.items():
        written += confusion_matrix(found.confusion, run.spec.data.class_names, name).save(folder)
    return written


def samples_of(dataset: Dataset, per_class: int = 10) -> Display:
    """Training images, a row per class."""
    return sample_grid(dataset.images, dataset.labels, dataset.class_names, per_class)


def history_of(history: History, unit: str) -> Display:
    """The learning curves of a history by column. unit: what a row is, "epoch" or "round"."""
    return learning_curves(
        history["epoch"], history["loss"], history["accuracy"], history["val_loss"], history["val_accuracy"], unit
    )


def mistakes_of(images: np.ndarray, wrong: Mistakes, class_names: Sequence[str]) -> Display:
    """Mistakes with their images. images: uint8 [n, height, width], of the whole set."""
    return mistakes(images[wrong.row], wrong.true, wrong.predicted, wrong.confidence, class_names)


def activations_of(layers: Layers, arrays: Mapping[str, np.ndarray], class_names: Sequence[str]) -> Display:
    """Mean activations of the hidden layers. arrays: of the insight."""
    return activations([(layer.name, arrays[f"{layer.key}/class_means"]) for layer in layers.items], class_names)


def page_figures(report: RunReport, arrays: Mapping[str, np.ndarray]) -> dict[str, Display]:
    """Those figures that the report has numbers for, by name. arrays: of the insight."""
    found: list[Display] = []
    if len(report.answer.references) > 1 and isinstance(report.answer.judged, SetResult):
        found.append(_references(report.answer, report.answer.judged))
    if not isinstance(report.learning, Missing):
        found += _learning(report.learning)
    if not isinstance(report.errors, Missing):
        errors = report.errors
        found.append(confusion_matrix(errors.confusion, report.class_names, errors.set, errors.shown))
    if not isinstance(report.confidence, Missing):
        found += _confidence(report.confidence.calibration)
    if isinstance(report.inside, PixelSection):
        found.append(_pixels(report.inside, arrays))
    elif isinstance(report.inside, InsideSection):
        found += _inside(report.inside, report.class_names, arrays)
    return {display.name: display for display in found}


def _references(answer: AnswerSection, judged: SetResult) -> Display:
    note = (
        "on the same test images; the bar is this run’s 95 % interval" if judged.name == "test"
        else "theirs on the test set, ours on the validation set"
    )  # fmt: skip
    others = [Reference(each.name, each.low, each.high) for each in answer.references]
    return references(judged.accuracy, judged.accuracy_low, judged.accuracy_high, others, note)


def _learning(learning: LearningSection) -> list[Display]:
    known, norms = learning.curves, learning.norms
    curves = learning_curves(known.epoch, known.loss, known.accuracy, known.val_loss, known.val_accuracy, learning.unit)
    # Only a network has layers, and a rate that changes.
    return [curves] if not norms else [
        curves,
        learning_rate(known.epoch, known.learning_rate),
        weight_norms(known.epoch, {layer.layer: layer.weight_norm for layer in norms}),
        update_norms(known.epoch, {layer.layer: layer.update_norm for layer in norms}),
    ]  # fmt: skip


def _confidence(calibration: Calibration) -> list[Display]:
    before, scaling = calibration.before, calibration.scaling
    curves = [("as trained", before.reliability.bins)]
    if scaling:
        curves.append((f"at temperature {scaling.temperature:.2f}", scaling.after.reliability.bins))
    return [reliability(curves), coverage(before.coverage.coverage, before.coverage.accuracy)]


def _pixels(inside: PixelSection, arrays: Mapping[str, np.ndarray]) -> Display:
    signed = isinstance(inside.pixels, ClassWeights)
    return pixel_weights(arrays["pixels"], inside.names, signed, inside.heading, inside.note)


def _inside(inside: InsideSection, names: Sequence[str], arrays: Mapping[str, np.ndarray]) -> list[Display]:
    network, found = inside.network, []
    if not isinstance(network.layers, Missing):
        found.append(activations_of(network.layers, arrays, names))
    if not isinstance(network.filters, Missing):
        filters = network.filters
        found.append(first_layer(arrays["filters/weights"], filters.units, filters.norms, filters.layer))
    if isinstance(network.map, EmbeddingMap) and inside.map:
        found += _maps(network.map, inside.map, names)
    return found


def _maps(plane: EmbeddingMap, drawn: MapImages, names: Sequence[str]) -> list[Display]:
    first, second = (f"{percent(share, 0)} of the variance" for share in plane.pca_share)
    axes = (f"first principal component ({first})", f"second principal component ({second})")
    found = [point_map("pca", "Principal components", drawn.pca, drawn.labels, names, axes)]
    if isinstance(plane.neighbours, Neighbours) and drawn.neighbours is not None:
        note = f"{plane.neighbours.method}: distances within a cloud mean more than those between clouds"
        axes = ("first direction (no unit)", "second direction (no unit)")
        found.append(point_map("neighbours", "Neighbour embedding", drawn.neighbours, drawn.labels, names, axes, note))
    return found
