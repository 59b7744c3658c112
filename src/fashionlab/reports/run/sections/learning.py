"""How it learned: curves, gap, norms, and a sentence for each finding of `evaluation.diagnose`."""

import math
from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct

from fashionlab.evaluation import Missing, Section, diagnose
from fashionlab.evaluation.diagnosis import (
    DidNotLearn,
    Ended,
    Finding,
    Level,
    NoValidation,
    Overfitting,
    StillImproving,
    TooFewEpochs,
    TrainingAbove,
    TrainingBelow,
    Unsteady,
)
from fashionlab.reports.run.sections.time import TimeSection, over_time
from fashionlab.reports.wording import counted, percent, value_text
from fashionlab.store import Gap, Run


def sentence(finding: Finding, unit: str) -> str:
    """A finding in a sentence or two. unit: what a row of the history is, "epoch", or "round" of a boosted model."""
    match finding:
        case Ended():
            return _ended(finding, unit)
        case NoValidation():
            return (
                "There is no validation curve: this run was trained on the validation images too, for the number of "
                f"{unit}s that an earlier run had chosen."
            )
        case TooFewEpochs(1):
            return f"One {unit} is too few to read anything from the curves."
        case TooFewEpochs():
            return f"{counted(finding.epochs, unit)} are too few to read anything from the curves."
        case DidNotLearn(first, last):
            return (
                f"The model hardly learned: its training loss went from {first:.3f} to {last:.3f}. "
                "Try another learning rate, or less regularization."
            )
        case Overfitting(epoch, lowest, end, training_loss):
            return (
                f"Overfitting from {unit} {epoch}: the validation loss rose from {lowest:.3f} to {end:.3f} while the "
                f"training loss continued to fall to {training_loss:.3f}."
            )
        case StillImproving(_, window, fall):
            return (
                f"It was still improving at the end: the last {counted(window, unit)} lowered the best validation loss "
                f"by {percent(fall)}. More {unit}s may help."
            )
        case Level(epoch, lowest, rise):
            rose = f", and ended {percent(rise)} above it" if rise else ""
            return f"The validation loss levelled off: its lowest was {lowest:.3f}, at {unit} {epoch}{rose}."
        case TrainingBelow(epoch, loss, val_loss):
            return (
                f"{_both(unit, epoch, loss, val_loss)}: the model knows its training images much better than others. "
                "More regularization or data may help."
            )
        case TrainingAbove(epoch, loss, val_loss):
            # Only a network's training loss is measured with dropout and augmentation on.
            why = "dropout and augmentation make training harder than validation, so " if unit == "epoch" else ""
            return f"{_both(unit, epoch, loss, val_loss)}: {why}there is no sign of overfitting."
        case Unsteady(epoch, jumps, threshold):
            return (
                f"The validation loss is unsteady: in {counted(jumps, unit)}, first in {unit} {epoch}, it was more "
                f"than {percent(threshold, 0)} above its best so far. A lower learning rate may help."
            )
        case _:
            assert_never(finding)


def _ended(finding: Ended, unit: str) -> str:
    epochs, best = finding.epochs, finding.best_epoch
    kept = f"the weights of epoch {best}" if unit == "epoch" else f"the trees up to {unit} {best}"
    if finding.stopped == "patience":
        return (
            f"Training stopped early at {unit} {epochs}: for {counted(epochs - best, unit)} the validation loss had "
            f"not fallen below that of {unit} {best}, and {kept} were kept."
        )
    ran = f"Training ran for all {counted(epochs, unit)}" if epochs > 1 else f"Training ran for its one {unit}"
    return f"{ran}; {kept} were kept." if best else f"{ran}."


def averaged(epochs: float) -> str:
    """Which weights the curves of a run are of whose weights were averaged over so many epochs."""
    return (
        f"The weights were averaged over {value_text(epochs)} epoch{'' if epochs == 1 else 's'}: the average is what "
        "was validated and kept. Training loss and accuracy, and the norms, are of the weights themselves, from which "
        "training went on."
    )


def _both(unit: str, epoch: int, loss: float, val_loss: float) -> str:
    return f"At {unit} {epoch} the training loss was {loss:.3f} and the validation loss {val_loss:.3f}"


NO_EPOCHS = "this model has no epochs, so there is no curve to show"


class Curves(Struct, frozen=True):
    """`history.csv` by column: fractions and nats; None where there is no such number, as in a refit's validation."""

    epoch: tuple[int, ...]
    loss: tuple[float | None, ...]
    accuracy: tuple[float | None, ...]
    val_loss: tuple[float | None, ...]
    val_accuracy: tuple[float | None, ...]
    learning_rate: tuple[float | None, ...]


class LayerNorms(Struct, frozen=True):
    """Euclidean norms of a layer's trained weights after each epoch, and of their change in it."""

    layer: str
    weight_norm: tuple[float | None, ...]
    update_norm: tuple[float | None, ...]


class LearningSection(Section, frozen=True, kw_only=True):
    """unit: what a row of the curves is, "epoch" or "round"; sentences: of the findings; best_epoch: 0 for none; gap:
    at the best epoch; norms: by layer, none of an estimator; time: of the snapshots."""

    unit: str
    findings: tuple[Finding, ...]
    sentences: tuple[str, ...]
    best_epoch: int
    gap: Gap | None
    curves: Curves
    norms: tuple[LayerNorms, ...]
    time: TimeSection | Missing


def learning(run: Run) -> LearningSection | Missing:
    """How a finished run's model learned; Missing for a model that has neither epochs nor rounds."""
    history, metrics = run.history, run.metrics
    if not history["epoch"]:
        remark = run.environment.remark
        return Missing(f"{NO_EPOCHS}." + (f" About its fit: {remark}." if remark else ""))
    findings = diagnose(history, metrics.stopped, metrics.best_epoch)
    sentences = [sentence(finding, metrics.unit) for finding in findings]
    training = run.spec.recipe.training
    if training and training.average:
        sentences.insert(1, averaged(training.average))
    return LearningSection(
        unit=metrics.unit,
        findings=findings,
        sentences=tuple(sentences),
        best_epoch=metrics.best_epoch,
        gap=metrics.generalization_gap,
        curves=Curves(
            tuple(map(int, history["epoch"])),
            *(_finite(history[column]) for column in Curves.__struct_fields__[1:]),
        ),
        norms=_norms(run),
        time=over_time(run),
    )


def _norms(run: Run) -> tuple[LayerNorms, ...]:
    norms = run.norms
    epochs = sorted(set(norms["epoch"]))
    keys = list(zip(norms["layer"], norms["epoch"], strict=True))

    def by_epoch(layer: str, column: str) -> tuple[float | None, ...]:
        given = dict(zip(keys, norms[column], strict=True))
        return _finite([given[layer, epoch] for epoch in epochs])

    layers = dict.fromkeys(norms["layer"])
    return tuple(LayerNorms(layer, by_epoch(layer, "weight_norm"), by_epoch(layer, "update_norm")) for layer in layers)


def _finite(values: Sequence[float]) -> tuple[float | None, ...]:
    return tuple(value if math.isfinite(value) else None for value in values)
