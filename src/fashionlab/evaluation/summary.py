"""`metrics.json`: what a run is worth, from its predictions and its history."""

import math

from fashionlab.errors import RunCorrupt
from fashionlab.evaluation.metrics import evaluate, without_shared
from fashionlab.evaluation.tasks import StoppingFigures
from fashionlab.store import Gap, History, Metrics, Predictions, Seconds, SetMetrics, TrainingEnd


def summarise(
    class_names: tuple[str, ...],
    history: History,
    predictions: Predictions,
    ended: TrainingEnd,
    seconds: float,
    stopping: StoppingFigures,
    peak_memory_mb: float | None = None,
) -> Metrics:
    """Compose a run's metrics. seconds: the whole job's time in this process; stopping: of `tasks.evaluate`.

    Raises RunCorrupt if the weights are not those of the epoch that was kept.
    """
    _require_kept(history, ended, stopping)

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
        shared_test=without_shared(predictions.test) if predictions.test else None,
    )


def _require_kept(history: History, ended: TrainingEnd, stopping: StoppingFigures) -> None:
    """The sealed weights give what the kept epoch gave, but for the last bits of another batch's sums: or else they
    were put together wrongly, and nothing in the run would be true."""
    if not stopping.n or not ended.best_epoch or ended.unit != "epoch":
        return
    loss, accuracy = (history[column][ended.best_epoch - 1] for column in ("val_loss", "val_accuracy"))
    off = abs(stopping.loss - loss) > 0.01 * max(loss, 0.1) or abs(stopping.accuracy - accuracy) * stopping.n > max(
        2, 0.002 * stopping.n
    )
    if off:
        raise RunCorrupt(
            f"the run is not sealed: its weights give a validation accuracy of {stopping.accuracy:.4f} and a loss of "
            f"{stopping.loss:.4f}, but epoch {ended.best_epoch}, which was kept, gave {accuracy:.4f} and {loss:.4f}; "
            "train it anew, and report this as a fault of fashionlab"
        )


def _gap(history: History, best: int) -> Gap | None:
    if not best or math.isnan(history["val_loss"][best - 1]):
        return None
    loss, accuracy, val_loss, val_accuracy = (
        history[column][best - 1] for column in ("loss", "accuracy", "val_loss", "val_accuracy")
    )
    return Gap(loss=val_loss - loss, accuracy=accuracy - val_accuracy)
