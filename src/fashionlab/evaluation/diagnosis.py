"""What the learning curves show, in plain sentences, by criteria that are written down.

Read them with two things in mind: the training loss is measured during the epoch, with dropout and augmentation on and
before the epoch's own later steps, so it lies above what the finished network would score on these rows; and a
validation loss wavers from epoch to epoch, so nothing here rests on a single pair of epochs but the choice of the best.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

KINDS = {
    "ended": "how the training ended: all epochs, or stopped early",
    "no_curve": "fewer than three epochs: nothing to read from a curve",
    "did_not_learn": "the training loss hardly fell",
    "improving": "the validation loss was still falling at the end",
    "level": "the validation loss had levelled off at the end",
    "over_fitting": "from an epoch on the validation loss rose while the training loss fell",
    "gap": "training and validation loss at the best epoch, far apart",
    "harder_training": "the training loss lies above the validation loss",
    "unsteady": "the validation loss jumped up, several times",
    "no_validation": "a refit: training curve only",
}
"""What `kind` may be in a finding."""

IMPROVING = 0.01
"""Still improving: the last epochs lowered the best validation loss by more than this share of it."""

WINDOW = 0.2
"""The last epochs: this share of them, at least 2."""

RISE = 0.02
"""Over-fitting: at the end the validation loss lies above its best by more than this share of it."""

AT_THE_END = 3
"""Epochs, at most, over which "at the end" is averaged, all of them after the best."""

GAP = 0.25
"""A gap worth a sentence: the training loss lies below the validation loss by more than this share of the latter."""

JUMP = 0.15
"""A jump: an epoch's validation loss lies above the best before it by more than this share of it."""

LEARNED = 0.05
"""Learned anything: the training loss fell by more than this share of that of the first epoch."""


def diagnose(history: Mapping[str, Sequence[float]], stopped: str, best_epoch: int) -> dict[str, Any]:
    """What `history.csv` shows: {"findings": [{"kind", "epoch", "sentence"}, …], "text": all sentences}.

    history: by column (epoch, loss, val_loss at least; NaN val_loss for a refit); stopped: "epochs" or
    "patience"; best_epoch: the one whose weights were kept, counted from 1, 0 for none. `epoch` in a finding is where
    it begins, or None. The criteria, in the order of the findings (constants of this module in capitals):

        ended           always, but for a model without epochs (a history of no rows gives no findings at all)
        no_validation   val_loss is NaN throughout; then only did_not_learn can follow
        no_curve        fewer than 3 epochs; then nothing follows
        did_not_learn   the least training loss after the first epoch is not LEARNED below that of the first
        over_fitting    the mean validation loss of the last AT_THE_END epochs after the best one is RISE above the
                        best, and the last training loss lies below that of the best epoch; from the epoch after it
        improving       otherwise, if all epochs were run, and the best validation loss of the last WINDOW is IMPROVING
                        below the best of the epochs before
        level           otherwise
        gap             at the best epoch (loss < val_loss by GAP); harder_training: there, loss > val_loss
        unsteady        at least 3 epochs JUMP
    """
    losses, epochs = list(history["loss"]), len(history["loss"])
    validation = list(history["val_loss"])
    if not epochs:
        return {"findings": [], "text": ""}
    has_validation = not all(math.isnan(v) for v in validation)
    findings = [_ended(epochs, stopped, best_epoch)]
    if not has_validation:
        findings.append(_finding("no_validation", None, _NO_VALIDATION))
    if epochs < 3:
        few = f"{'One epoch is' if epochs == 1 else 'Two epochs are'} too few to read anything from the curves."
        findings.append(_finding("no_curve", None, few))
    else:
        if min(losses[1:]) >= losses[0] * (1 - LEARNED):
            findings.append(_did_not_learn(losses))
        if has_validation and best_epoch:
            # Not the epoch that was kept: without early stopping that is the last one, whatever the curve does.
            best = 1 + validation.index(min(validation))
            findings.append(_end_of_curve(losses, validation, stopped, best))
            findings += _gap(losses, validation, best)
            findings += _jumps(validation)
    return {"findings": findings, "text": " ".join(finding["sentence"] for finding in findings)}


_NO_VALIDATION = (
    "There is no validation curve: this run was trained on the validation pictures too, for the number of epochs that "
    "an earlier run had chosen."
)


def _ended(epochs: int, stopped: str, best: int) -> dict[str, Any]:
    kept = f"the weights of epoch {best} were kept"
    if stopped == "patience":
        idle = epochs - best
        said = f"Training stopped early at epoch {epochs}: "
        said += (
            f"for {_count(idle, 'epoch')} the validation loss had not fallen below that of epoch {best}, and {kept}."
        )
        return _finding("ended", epochs, said)
    ran = f"Training ran for all {epochs} epochs" if epochs > 1 else "Training ran for its one epoch"
    return _finding("ended", None, f"{ran}; {kept}." if best else f"{ran}.")


def _did_not_learn(losses: list[float]) -> dict[str, Any]:
    sentence = (
        f"The network hardly learned: its training loss went from {losses[0]:.3f} to {losses[-1]:.3f}. "
        "Try another learning rate, or less regularization."
    )
    return _finding("did_not_learn", None, sentence)


def _end_of_curve(losses: list[float], validation: list[float], stopped: str, best: int) -> dict[str, Any]:
    """Over-fitting, still improving, or level: just one of them."""
    least = validation[best - 1]
    after = validation[best:][-AT_THE_END:]
    end = sum(after) / len(after) if after else least
    if after and end > least * (1 + RISE) and losses[-1] < losses[best - 1]:
        sentence = (
            f"Over-fitting from epoch {best + 1}: the validation loss rose from {least:.3f} to {end:.3f} while the "
            f"training loss went on falling to {losses[-1]:.3f}."
        )
        return _finding("over_fitting", best + 1, sentence)
    window = max(2, round(WINDOW * len(validation)))
    before = min(validation[:-window])
    fall = 1 - min(validation[-window:]) / before
    if stopped != "patience" and fall > IMPROVING:
        sentence = (
            f"It was still improving at the end: the last {window} epochs lowered the best validation loss by "
            f"{100 * fall:.1f} %. More epochs may help."
        )
        return _finding("improving", len(validation), sentence)
    rose = f", and ended {100 * (end / least - 1):.1f} % above it" if end > least else ""
    sentence = f"The validation loss levelled off: its lowest was {least:.3f}, at epoch {best}{rose}."
    return _finding("level", best, sentence)


def _gap(losses: list[float], validation: list[float], best: int) -> list[dict[str, Any]]:
    loss, val_loss = losses[best - 1], validation[best - 1]
    both = f"At epoch {best} the training loss was {loss:.3f} and the validation loss {val_loss:.3f}"
    if loss < val_loss * (1 - GAP):
        more = "the network knows its training pictures much better than others. More regularization or data may help."
        return [_finding("gap", best, f"{both}: {more}")]
    if loss > val_loss:
        more = "dropout and augmentation make training harder than the test, so there is no sign of over-fitting."
        return [_finding("harder_training", best, f"{both}: {more}")]
    return []


def _jumps(validation: list[float]) -> list[dict[str, Any]]:
    jumps = [
        epoch
        for epoch, loss in enumerate(validation, start=1)
        if epoch > 1 and loss > min(validation[: epoch - 1]) * (1 + JUMP)
    ]
    if len(jumps) < 3:
        return []
    sentence = (
        f"The validation loss is unsteady: in {len(jumps)} epochs, first in epoch {jumps[0]}, it was more than "
        f"{100 * JUMP:.0f} % above its best so far. A lower learning rate may help."
    )
    return [_finding("unsteady", jumps[0], sentence)]


def _finding(kind: str, epoch: int | None, sentence: str) -> dict[str, Any]:
    return {"kind": kind, "epoch": epoch, "sentence": sentence}


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
