"""What the learning curves show, as findings with their numbers, by criteria that are written down.

Read them with two things in mind: the training loss is measured during the epoch, with dropout and augmentation on and
before the epoch's own later steps, so it lies above what the finished network would score on these rows; and a
validation loss fluctuates from epoch to epoch, so nothing here rests on a single pair of epochs but the choice of the
best. Epochs are counted from 1; of a boosted model they are its rounds. Losses are in nats.
"""

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

IMPROVING = 0.01
"""Still improving: the last epochs lowered the best validation loss by more than this share of it."""

WINDOW = 0.2
"""The last epochs: this share of them, at least 2."""

RISE = 0.02
"""Overfitting: at the end the validation loss lies above its best by more than this share of it."""

AT_THE_END = 3
"""Epochs, at most, over which "at the end" is averaged, all of them after the best."""

GAP = 0.25
"""A gap worth a sentence: the training loss lies below the validation loss by more than this share of the latter."""

JUMP = 0.15
"""A jump: an epoch's validation loss lies above the best before it by more than this share of it."""

LEARNED = 0.05
"""Learned anything: the training loss fell by more than this share of that of the first epoch."""


class Ended(Struct, frozen=True, tag="ended", tag_field="kind"):
    """How the training ended. epochs: run; stopped: "epochs" or "patience"; best_epoch: whose weights were kept, 0 for
    none."""

    epochs: int
    stopped: str
    best_epoch: int


class NoValidation(Struct, frozen=True, tag="no_validation", tag_field="kind"):
    """A refit: there is no validation loss."""


class TooFewEpochs(Struct, frozen=True, tag="too_few_epochs", tag_field="kind"):
    """Fewer than three epochs: nothing to read from a curve."""

    epochs: int


class DidNotLearn(Struct, frozen=True, tag="did_not_learn", tag_field="kind"):
    """The training loss hardly fell, from the first epoch's to the last one's."""

    first: float
    last: float


class Overfitting(Struct, frozen=True, tag="overfitting", tag_field="kind"):
    """From this epoch on the validation loss rose from its lowest to that at the end, while the training loss fell to
    this."""

    epoch: int
    lowest: float
    end: float
    training_loss: float


class StillImproving(Struct, frozen=True, tag="still_improving", tag_field="kind"):
    """The validation loss was still falling at the last epoch. window: the last epochs; fall: the share of the best
    validation loss before them by which they lowered it."""

    epoch: int
    window: int
    fall: float


class Level(Struct, frozen=True, tag="level", tag_field="kind"):
    """The validation loss had levelled off, lowest at this epoch. rise: the share of it by which the end lies above, 0
    or more."""

    epoch: int
    lowest: float
    rise: float


class TrainingBelow(Struct, frozen=True, tag="training_below", tag_field="kind"):
    """At the epoch of lowest validation loss the training loss lies far below it."""

    epoch: int
    loss: float
    val_loss: float


class TrainingAbove(Struct, frozen=True, tag="training_above", tag_field="kind"):
    """At the epoch of lowest validation loss the training loss lies above it."""

    epoch: int
    loss: float
    val_loss: float


class Unsteady(Struct, frozen=True, tag="unsteady", tag_field="kind"):
    """The validation loss jumped above its best so far, first at this epoch. jumps: how often; threshold: the share of
    the best that makes a jump."""

    epoch: int
    jumps: int
    threshold: float


Finding = (
    Ended
    | NoValidation
    | TooFewEpochs
    | DidNotLearn
    | Overfitting
    | StillImproving
    | Level
    | TrainingBelow
    | TrainingAbove
    | Unsteady
)


def diagnose(history: Mapping[str, Sequence[float]], stopped: str, best_epoch: int) -> tuple[Finding, ...]:
    """What `history.csv` shows.

    history: by column (loss and val_loss at least; NaN val_loss for a refit); stopped: "epochs" or "patience";
    best_epoch: the one whose weights were kept, 0 for none. The criteria, in the order of the findings (constants of
    this module in capitals):

        Ended           always, but for a model without epochs (a history of no rows gives no findings at all)
        NoValidation    val_loss is NaN throughout; then only TooFewEpochs and DidNotLearn can follow
        TooFewEpochs    fewer than 3; then nothing follows
        DidNotLearn     the least training loss after the first epoch is not LEARNED below that of the first
        Overfitting     the mean validation loss of the last AT_THE_END epochs after the best one is RISE above the
                        best, and the last training loss lies below that of the best epoch; from the epoch after it
        StillImproving  otherwise, if all epochs were run, and the best validation loss of the last WINDOW is IMPROVING
                        below the best of the epochs before
        Level           otherwise
        TrainingBelow   at the best epoch (loss < val_loss by GAP); TrainingAbove: there, loss > val_loss
        Unsteady        at least 3 epochs JUMP
    """
    losses, validation, epochs = list(history["loss"]), list(history["val_loss"]), len(history["loss"])
    if not epochs:
        return ()
    has_validation = not all(math.isnan(loss) for loss in validation)
    findings: list[Finding] = [Ended(epochs, stopped, best_epoch)]
    if not has_validation:
        findings.append(NoValidation())
    if epochs < 3:
        return (*findings, TooFewEpochs(epochs))
    if min(losses[1:]) >= losses[0] * (1 - LEARNED):
        findings.append(DidNotLearn(losses[0], losses[-1]))
    if has_validation and best_epoch:
        # Not the epoch that was kept: without early stopping that is the last one, whatever the curve does.
        best = 1 + validation.index(min(validation))
        findings.append(_end_of_curve(losses, validation, stopped, best))
        findings += _gap(losses[best - 1], validation[best - 1], best)
        findings += _jumps(validation)
    return tuple(findings)


def _end_of_curve(losses: list[float], validation: list[float], stopped: str, best: int) -> Finding:
    """Overfitting, still improving, or level: just one of them."""
    lowest = validation[best - 1]
    after = validation[best:][-AT_THE_END:]
    end = sum(after) / len(after) if after else lowest
    if after and end > lowest * (1 + RISE) and losses[-1] < losses[best - 1]:
        return Overfitting(best + 1, lowest, end, losses[-1])
    window = max(2, round(WINDOW * len(validation)))
    fall = 1 - min(validation[-window:]) / min(validation[:-window])
    if stopped != "patience" and fall > IMPROVING:
        return StillImproving(len(validation), window, fall)
    return Level(best, lowest, max(0.0, end / lowest - 1))


def _gap(loss: float, val_loss: float, best: int) -> list[Finding]:
    if loss < val_loss * (1 - GAP):
        return [TrainingBelow(best, loss, val_loss)]
    return [TrainingAbove(best, loss, val_loss)] if loss > val_loss else []


def _jumps(validation: list[float]) -> list[Finding]:
    jumps = [
        epoch
        for epoch, loss in enumerate(validation, start=1)
        if epoch > 1 and loss > min(validation[: epoch - 1]) * (1 + JUMP)
    ]
    return [Unsteady(jumps[0], len(jumps), JUMP)] if len(jumps) >= 3 else []
