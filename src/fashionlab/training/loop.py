"""The loop that every trainer shares: epochs, validation, early stopping, checkpoints and events.

Between two chunks of a runner the loop looks at the loss, at the clock and at whether somebody asked it to stop. It
owns what must survive an interruption; a run resumed from its checkpoint makes the steps that it would have made.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from msgspec import Struct

from fashionlab.errors import Interrupted, NonFiniteLoss, RunCorrupt
from fashionlab.options import spelled
from fashionlab.recipe.config import TrainingConfig
from fashionlab.store import HistoryRow, NormsRow
from fashionlab.store.results import Amount, Count
from fashionlab.store.snapshots import Snapshots, confusion_of
from fashionlab.training.runners.runner import Runner, Sums, check_saved
from fashionlab.training.runners.schedules import learning_rate_at
from fashionlab.training.softmax import mean_cross_entropy
from fashionlab.workers.events import ChunkDone, EpochDone

CHUNK_SECONDS = 0.7
"""How long a chunk should take: news often enough for people, seldom enough to cost nothing."""

CHECKPOINT_SECONDS = 5.0
"""The most work that a power cut can take back."""


class Progress(Struct):
    """How far a run has come: kept in the checkpoint beside the tensors.

    `epoch` counts finished epochs and `step` the steps of the one under way, whose first `seconds` were spent before
    the last interruption. `best_loss` is None before the first epoch and where the last epoch is the one to keep.
    `stopped` is empty while there is work, then "epochs" (all done) or "patience".
    """

    epoch: Count = 0
    step: Count = 0
    seconds: Amount = 0.0
    history: list[HistoryRow] = []
    norms: list[NormsRow] = []
    best_epoch: Count = 0
    best_loss: float | None = None
    stopped: Literal["", "epochs", "patience"] = ""


@dataclass(frozen=True)
class LoopHooks:
    """What the loop needs from outside: where events go, whether to stop, how a checkpoint is written, and after how
    many seconds (None: only at the end of the work)."""

    emit: Callable[[ChunkDone | EpochDone], None]
    stop_requested: Callable[[], bool]
    save: Callable[[Progress, dict[str, np.ndarray]], None]
    checkpoint_seconds: float | None = CHECKPOINT_SECONDS
    picture: Callable[[list[np.ndarray]], np.ndarray | None] | None = None


class _Validated(NamedTuple):
    """loss: mean cross-entropy, nats; accuracy: a fraction; confusion: for a snapshot. None for what there is not."""

    loss: float | None
    accuracy: float | None
    confusion: np.ndarray | None


class Loop:
    """Trains one model to the end of its recipe; `best` are then the weights to keep: of the epoch with the lowest
    validation loss, or of the last one in a refit and where the recipe has no early stopping.

    refit: as in the recipe. weight_names: "layer/variable" of each of the runner's weights; `trainable` says which of
    them are trained.
    validation: uint8 images [n, height, width] and labels [n], or None for a refit. `snapshots` are of some of the
    epochs; None where the hooks have no `picture`, or the checkpoint that a run goes on from has none.
    """

    def __init__(
        self,
        runner: Runner,
        config: TrainingConfig,
        refit: int,
        weight_names: list[str],
        trainable: list[bool],
        validation: tuple[np.ndarray, np.ndarray] | None,
        hooks: LoopHooks,
    ) -> None:
        self.progress = Progress()
        self.snapshots = Snapshots() if hooks.picture else None
        self.best = runner.state.weights()
        self._runner, self._config, self._validation, self._hooks = runner, config, validation, hooks
        self._epochs = refit or config.epochs
        self._names, self._trainable = weight_names, trainable
        self._epoch_start = self.best
        self._saved_at = time.monotonic()
        self._steps_per_second: float | None = None

    @property
    def device(self) -> str:
        """What the runner trains on, in words."""
        return self._runner.device

    def restore(self, progress: Progress, tensors: dict[str, np.ndarray]) -> None:
        """Go on from what `save` was given. Raises RunCorrupt if that is not of this model and recipe."""
        state, snapshots = (
            {name.removeprefix(kind): a for name, a in tensors.items() if name.startswith(kind)}
            for kind in ("state/", "snapshots/")
        )
        best, start = _numbered("best", self.best), _numbered("start", self.best)
        check_saved({**best, **start}, {n: a for n, a in tensors.items() if not n.startswith(("state/", "snapshots/"))})
        if not (
            progress.step <= self._runner.steps
            and progress.best_epoch <= progress.epoch <= self._epochs
            and [row.epoch for row in progress.history] == list(range(1, progress.epoch + 1))
        ):
            raise RunCorrupt("the checkpoint's progress does not belong to this run; delete the run and train anew")
        if self.snapshots is not None:
            try:
                self.snapshots = Snapshots.of(snapshots, progress.epoch) if snapshots else None
            except ValueError as error:
                raise RunCorrupt(f"the checkpoint's snapshots: {error}; delete the run and train anew") from None
        self.progress = progress
        self._runner.state.restore(state)
        self.best, self._epoch_start = [tensors[name] for name in best], [tensors[name] for name in start]

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
        runner.prepare_epoch(epoch)
        if not progress.step:
            runner.state.start_epoch(epoch)
            if self._config.schedule == "plateau":
                runner.state.set_learning_rate(self._learning_rate())
            self._epoch_start = runner.state.weights()
        while True:
            # A run that was stopped behind the last step of an epoch goes on with a chunk of no steps, for its sums.
            sums = self._run_chunk(epoch)
            if self._hooks.stop_requested():
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
        self._hooks.emit(
            ChunkDone(
                epoch,
                step=last,
                steps=runner.steps,
                loss=sums.loss / sums.rows,
                accuracy=sums.correct / sums.rows,
                images_per_second=self._steps_per_second * sums.rows / last,
            )
        )
        return sums

    def _finish_epoch(self, epoch: int, sums: Sums) -> None:
        progress, config = self.progress, self._config
        start = time.monotonic()
        weights = self._runner.state.weights()
        with self._runner.state.judged():
            kept = self._runner.state.weights()
            val_loss, val_accuracy, confusion = self._validate()
        if not all(np.isfinite(a).all() for a in weights) or (val_loss is not None and not math.isfinite(val_loss)):
            raise self._non_finite(epoch, "at its end")
        progress.norms += self._norms(epoch, weights)
        if self.snapshots is not None and self._hooks.picture is not None:
            self.snapshots.take(epoch, confusion, self._hooks.picture(kept))
        # Without validation, or without early stopping, the last epoch is the one to keep.
        chosen_by = val_loss if config.early_stopping else None
        choosing = chosen_by is not None
        improved = chosen_by is None or progress.best_loss is None or chosen_by < progress.best_loss
        if improved:
            self.best, progress.best_epoch, progress.best_loss = kept, epoch, chosen_by
        seconds = progress.seconds + time.monotonic() - start
        row = HistoryRow(
            epoch=epoch,
            seconds=seconds,
            loss=sums.loss / sums.rows,
            accuracy=sums.correct / sums.rows,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            learning_rate=self._learning_rate(),
        )
        progress.history.append(row)
        progress.epoch, progress.step, progress.seconds = epoch, 0, 0.0
        if epoch >= (self._epochs):
            progress.stopped = "epochs"
        elif choosing and epoch - progress.best_epoch >= config.patience:
            progress.stopped = "patience"
        self._hooks.emit(
            EpochDone(
                row,
                epochs=self._epochs,
                best_epoch=progress.best_epoch if choosing else None,
                improved=improved and choosing,
                stopped=progress.stopped,
            )
        )

    def _learning_rate(self) -> float:
        """Of the first step after the epochs that are finished."""
        progress, steps = self.progress, self._runner.steps
        val_losses = [row.val_loss for row in progress.history]
        return learning_rate_at(self._config, steps, progress.epoch * steps, val_losses)

    def _validate(self) -> _Validated:
        if self._validation is None:
            return _Validated(None, None, None)
        images, labels = self._validation
        logits = self._runner.logits(images)
        confusion = None if self.snapshots is None else confusion_of(logits, labels)
        return _Validated(
            mean_cross_entropy(logits, labels), float(np.mean(logits.argmax(axis=1) == labels)), confusion
        )

    def _norms(self, epoch: int, weights: list[np.ndarray]) -> list[NormsRow]:
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
            NormsRow(epoch, layer, weight_norm=math.sqrt(size), update_norm=math.sqrt(change))
            for layer, (size, change) in squares.items()
        ]

    def _checkpoint_is_due(self) -> bool:
        most = self._hooks.checkpoint_seconds
        return most is not None and time.monotonic() - self._saved_at >= most

    def _save(self) -> None:
        state = self._runner.state.save()
        if not all(np.isfinite(a).all() for a in state.values()):
            # A finite loss can still hide weights that its last step blew up: those are no state to go back to.
            raise self._non_finite(self.progress.epoch + 1, f"at step {self.progress.step}")
        self._hooks.save(
            self.progress,
            {
                **{f"state/{name}": array for name, array in state.items()},
                **_numbered("best", self.best),
                **_numbered("start", self._epoch_start),
                **{f"snapshots/{name}": array for name, array in self._snapshot_arrays().items()},
            },
        )
        self._saved_at = time.monotonic()

    def _snapshot_arrays(self) -> dict[str, np.ndarray]:
        return {} if self.snapshots is None else self.snapshots.arrays()

    def _non_finite(self, epoch: int, where: str) -> NonFiniteLoss:
        good = self.progress.best_epoch
        kept = f"the best epoch so far is {good}" if good else "no epoch was finished"
        config = self._config
        # A step takes the share rate x decay off every weight: more than all of it is no decay any more.
        decays = config.weight_decay > config.learning_rate and config.learning_rate * config.weight_decay >= 1
        blamed = "weight_decay" if decays else "learning_rate"
        remedy = f"{spelled(blamed)} than {getattr(config, blamed):g}"
        return NonFiniteLoss(
            f"the loss or a weight became NaN or infinite in epoch {epoch}, {where}; the last good state is kept "
            f"({kept}); try a lower {remedy}"
        )


def _numbered(kind: str, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays by the names that a checkpoint has for them."""
    return {f"{kind}/{i:03}": array for i, array in enumerate(arrays)}
