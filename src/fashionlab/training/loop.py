"""The loop that every trainer shares: epochs, validation, early stopping, checkpoints and events.

Between two chunks of a runner the loop looks at the loss, at the clock and at whether somebody asked it to stop. It
owns what must survive an interruption; a run resumed from its checkpoint makes the steps that it would have made.
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from fashionlab.errors import Interrupted, NonFiniteLoss
from fashionlab.recipe.recipe import Fit
from fashionlab.store import HISTORY_COLUMNS
from fashionlab.training.runner import Runner, Sums
from fashionlab.training.schedule import learning_rate_at
from fashionlab.training.softmax import mean_cross_entropy

CHUNK_SECONDS = 0.7
"""How long a chunk should take: news often enough for people, seldom enough to cost nothing."""

CHECKPOINT_SECONDS = 5.0
"""The most work that a power cut can take back."""


@dataclass
class Progress:
    """How far a run has come: plain data, kept in the checkpoint beside the tensors.

    `epoch` counts finished epochs and `step` the steps of the one under way, whose first `seconds` were spent before
    the last interruption. `stopped` is empty while there is work, then "epochs" (all done) or "patience".
    """

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    norms: list[dict[str, float | str]] = field(default_factory=list)
    best_epoch: int = 0
    best_loss: float = math.inf
    stopped: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data for the checkpoint; JSON has no infinity, so `best_loss` is null before the first epoch."""
        return {**asdict(self), "best_loss": self.best_loss if math.isfinite(self.best_loss) else None}

    @staticmethod
    def from_json(document: dict[str, Any]) -> "Progress":
        """The inverse of `to_json`."""
        best = document["best_loss"]
        return Progress(**{**document, "best_loss": math.inf if best is None else best})


@dataclass(frozen=True)
class Surroundings:
    """What the loop needs from outside: where news go, whether to stop, how a checkpoint is written."""

    emit: Callable[[dict[str, Any]], None]
    stop_requested: Callable[[], bool]
    save: Callable[[Progress, dict[str, np.ndarray]], None]
    checkpoint_seconds: float = CHECKPOINT_SECONDS


class Loop:
    """Trains one model to the end of its recipe; `best` are then the weights to keep: of the epoch with the lowest
    validation loss, or of the last one in a refit and where the recipe has no early stopping.

    refit: as in the recipe. weight_names: "layer/variable" of each of the runner's weights; `trainable` says which of
    them are trained.
    validation: uint8 images [n, height, width] and labels [n], or None for a refit.
    """

    def __init__(
        self,
        runner: Runner,
        fit: Fit,
        refit: int,
        weight_names: list[str],
        trainable: list[bool],
        validation: tuple[np.ndarray, np.ndarray] | None,
        surroundings: Surroundings,
    ) -> None:
        self.progress = Progress()
        self.best = runner.weights()
        self._runner, self._fit, self._validation, self._outside = runner, fit, validation, surroundings
        self._epochs = refit or fit.epochs
        self._names, self._trainable = weight_names, trainable
        self._epoch_start = self.best
        self._saved_at = time.monotonic()
        self._steps_per_second: float | None = None

    @property
    def device(self) -> str:
        """What the runner trains on, in words."""
        return self._runner.device

    def restore(self, progress: Progress, tensors: dict[str, np.ndarray]) -> None:
        """Go on from what `save` was given."""
        self.progress = progress
        self._runner.restore({n.removeprefix("state/"): a for n, a in tensors.items() if n.startswith("state/")})
        self.best = [tensors[f"best/{i:03}"] for i in range(len(self.best))]
        self._epoch_start = [tensors[f"start/{i:03}"] for i in range(len(self.best))]

    def run(self) -> None:
        """Train until the recipe's epochs are done or patience ends.

        Raises Interrupted when asked to stop, with the checkpoint written, and NonFiniteLoss with the last checkpoint
        left as it was.
        """
        if not self.progress.epoch and not self.progress.step:
            self._save()
        while not self.progress.stopped:
            self._run_epoch()
            if self._checkpoint_is_due() or self.progress.stopped:
                self._save()

    def _run_epoch(self) -> None:
        progress, runner = self.progress, self._runner
        epoch = progress.epoch + 1
        if progress.step:
            runner.lay_out(epoch)
        else:
            runner.begin_epoch(epoch)
            self._epoch_start = runner.weights()
        while True:
            # A run that was stopped behind the last step of an epoch goes on with a chunk of no steps, for its sums.
            sums = self._run_chunk(epoch)
            if self._outside.stop_requested():
                self._save()
                raise Interrupted(f"stopped in epoch {epoch}, at step {progress.step} of {runner.steps}")
            if progress.step == runner.steps:
                break
            if self._checkpoint_is_due():
                self._save()
        self._finish_epoch(epoch, sums)

    def _run_chunk(self, epoch: int) -> Sums:
        progress, runner = self.progress, self._runner
        # The first chunk of a process also compiles: one step, so that it does not pass for the speed of the others.
        steps = 1 if self._steps_per_second is None else max(1, round(self._steps_per_second * CHUNK_SECONDS))
        last = min(runner.steps, progress.step + steps)
        start = time.monotonic()
        sums = runner.run(progress.step, last)
        seconds = time.monotonic() - start
        if not math.isfinite(sums.loss):
            raise self._non_finite(epoch, f"between steps {progress.step} and {last} of {runner.steps}")
        if self._steps_per_second is None:
            self._steps_per_second = 32 / CHUNK_SECONDS
        else:
            self._steps_per_second = (last - progress.step) / max(seconds, 1e-9)
        progress.step = last
        progress.seconds += seconds
        self._outside.emit(
            {
                "event": "chunk",
                "epoch": epoch,
                "step": last,
                "steps": runner.steps,
                "loss": sums.loss / sums.rows,
                "accuracy": sums.correct / sums.rows,
                "images_per_second": self._steps_per_second * sums.rows / last,
            }
        )
        return sums

    def _finish_epoch(self, epoch: int, sums: Sums) -> None:
        progress, fit = self.progress, self._fit
        start = time.monotonic()
        weights = self._runner.weights()
        val_loss, val_accuracy = self._validate()
        if not all(np.isfinite(a).all() for a in weights) or (self._validation and not math.isfinite(val_loss)):
            raise self._non_finite(epoch, "at its end")
        progress.norms += self._norms(epoch, weights)
        # Without validation, or without early stopping, the last epoch is the one to keep.
        choosing = self._validation is not None and fit.early_stopping
        improved = val_loss < progress.best_loss if choosing else True
        if improved:
            self.best, progress.best_epoch = weights, epoch
            progress.best_loss = val_loss if choosing else math.inf
        seconds = progress.seconds + time.monotonic() - start
        rate = learning_rate_at(fit, self._runner.steps, (epoch - 1) * self._runner.steps)
        values = (
            epoch,
            seconds,
            sums.loss / sums.rows,
            sums.correct / sums.rows,
            val_loss,
            val_accuracy,
            rate,
        )
        row = dict(zip(HISTORY_COLUMNS, values, strict=True))
        progress.history.append(row)
        progress.epoch, progress.step, progress.seconds = epoch, 0, 0.0
        if epoch >= (self._epochs):
            progress.stopped = "epochs"
        elif choosing and epoch - progress.best_epoch >= fit.patience:
            progress.stopped = "patience"
        self._outside.emit(
            {
                "event": "epoch",
                **{name: (None if math.isnan(value) else value) for name, value in row.items()},
                "epochs": self._epochs,
                "best_epoch": progress.best_epoch if choosing else None,
                "improved": improved and choosing,
                "stopped": progress.stopped,
            }
        )

    def _validate(self) -> tuple[float, float]:
        if self._validation is None:
            return math.nan, math.nan
        images, labels = self._validation
        logits = self._runner.logits(images)
        return mean_cross_entropy(logits, labels), float(np.mean(logits.argmax(axis=1) == labels))

    def _norms(self, epoch: int, weights: list[np.ndarray]) -> list[dict[str, float | str]]:
        """By layer: the Euclidean norm of its trained weights, and of their change over the epoch."""
        squares: dict[str, tuple[float, float]] = {}
        for name, trainable, now, before in zip(self._names, self._trainable, weights, self._epoch_start, strict=True):
            if trainable:
                layer = name.rpartition("/")[0]
                size, change = squares.get(layer, (0.0, 0.0))
                squares[layer] = (
                    size + float(np.vdot(now, now)),
                    change + float(np.sum((now - before) ** 2)),
                )
        return [
            {"epoch": epoch, "layer": layer, "weight_norm": math.sqrt(size), "update_norm": math.sqrt(change)}
            for layer, (size, change) in squares.items()
        ]

    def _checkpoint_is_due(self) -> bool:
        return time.monotonic() - self._saved_at >= self._outside.checkpoint_seconds

    def _save(self) -> None:
        state = self._runner.save()
        if not all(np.isfinite(a).all() for a in state.values()):
            # A finite loss can still hide weights that its last step blew up: those are no state to go back to.
            raise self._non_finite(self.progress.epoch + 1, f"at step {self.progress.step}")
        self._outside.save(
            self.progress,
            {
                **{f"state/{name}": array for name, array in state.items()},
                **{f"best/{i:03}": array for i, array in enumerate(self.best)},
                **{f"start/{i:03}": array for i, array in enumerate(self._epoch_start)},
            },
        )
        self._saved_at = time.monotonic()

    def _non_finite(self, epoch: int, where: str) -> NonFiniteLoss:
        good = self.progress.best_epoch
        kept = f"the best epoch so far is {good}" if good else "no epoch was finished"
        return NonFiniteLoss(
            f"the loss or a weight became NaN or infinite in epoch {epoch}, {where}; the last good state is kept "
            f"({kept}); try a lower --learning-rate than {self._fit.learning_rate:g}"
        )
