"""What the learning curves show, in sentences: a sentence for each finding of `evaluation.diagnose`."""

from typing import assert_never

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
from fashionlab.reports.wording import counted, percent


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


def _both(unit: str, epoch: int, loss: float, val_loss: float) -> str:
    return f"At {unit} {epoch} the training loss was {loss:.3f} and the validation loss {val_loss:.3f}"
