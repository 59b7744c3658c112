"""`metrics.json`: what a run is worth, from its predictions and its history."""

import math

from fashionlab.evaluation.metrics import evaluate
from fashionlab.store import Gap, History, Metrics, Predictions, Seconds, SetMetrics, TrainingEnd


def summarise(
    class_names: tuple[str, ...],
    history: History,
    predictions: Predictions,
    ended: TrainingEnd,
    seconds: float,
    peak_memory_mb: float | None = None,
) -> Metrics:
    """Compose a run's metrics. seconds: the whole job's time in this process."""

    def figures(name: str) -> SetMetrics | None:
        found = predictions.of(name)
        return evaluate(found.logits, found.labels, class_names) if found else None

    return Metrics(
        validation=figures("validation"),
        test=figures("test"),
        best_epoch=ended.best_epoch,
        epochs=len(history["epoch"]),
        unit=ended.unit,
        stopped=ended.stopped,
        generalization_gap=_gap(history, ended.best_epoch),
        seconds=Seconds(training=ended.seconds, total=seconds),
        peak_memory_mb=peak_memory_mb,
    )


def _gap(history: History, best: int) -> Gap | None:
    if not best or math.isnan(history["val_loss"][best - 1]):
        return None
    loss, accuracy, val_loss, val_accuracy = (
        history[column][best - 1] for column in ("loss", "accuracy", "val_loss", "val_accuracy")
    )
    return Gap(loss=val_loss - loss, accuracy=accuracy - val_accuracy)
