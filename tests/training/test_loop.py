"""The loop's decisions, with a runner whose losses the test writes itself."""

import math
from contextlib import nullcontext
from itertools import count

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from fashionlab.errors import Interrupted, NonFiniteLoss, RunCorrupt
from fashionlab.recipe.config import TrainingConfig
from fashionlab.training.loop import Loop, LoopHooks, Progress
from fashionlab.training.runners.runner import Sums
from fashionlab.workers.events import ChunkDone, EpochDone

LABELS = np.array([0, 1])
IMAGES = np.zeros((2, 4, 4), np.uint8)


class ScriptedRunner:
    """Its one weight is the number of steps taken; validation losses come from a list, by epoch."""

    steps = 5

    def __init__(self, val_losses, loss=lambda step: 1.0):
        self.val_losses, self.loss, self.taken, self.epoch = val_losses, loss, 0, 0
        self.rates = []

    def prepare_epoch(self, epoch):
        self.epoch = epoch

    @property
    def state(self):
        return self

    def judged(self):
        return nullcontext()

    def start_epoch(self, epoch):
        self.sum = 0.0

    def run(self, first, last):
        for _ in range(first, last):
            self.taken += 1
            self.sum += self.loss(self.taken)
        return Sums(last, self.sum, last)

    def logits(self, images):
        # Two rows whose true class has log-odds z: their cross-entropy is log(1 + exp(-z)).
        wanted = self.val_losses[self.epoch - 1]
        z = -math.log(math.expm1(wanted)) if math.isfinite(wanted) else math.nan
        return np.array([[z, 0.0], [0.0, z]])

    def set_learning_rate(self, rate):
        self.rates.append(rate)

    def weights(self):
        return [np.array([float(self.taken)])]

    def save(self):
        return {"taken": np.array(self.taken), "sum": np.array(self.sum if self.epoch else 0.0)}

    def restore(self, saved):
        self.taken, self.sum = int(saved["taken"]), float(saved["sum"])


def make_loop(runner, saves=None, events=None, stop=lambda: False, validation=(IMAGES, LABELS), refit=0, **settings):
    saves = [] if saves is None else saves

    def save(progress, tensors):
        saves.append((msgspec.json.decode(msgspec.json.encode(progress), type=Progress), tensors))

    events = events if events is not None else []
    hooks = LoopHooks(events.append, stop, save, checkpoint_seconds=0, picture=lambda weights: None)
    return Loop(runner, TrainingConfig(**settings), refit, ["layer/kernel"], [True], validation, hooks)


def test_the_best_weights_are_kept_when_early_stopping_triggers():
    loop = make_loop(ScriptedRunner([0.9, 0.5, 0.6, 0.7, 0.8]), patience=2, epochs=5)
    loop.run()
    assert loop.progress.stopped == "patience"
    assert (loop.progress.epoch, loop.progress.best_epoch) == (4, 2)
    assert loop.best[0] == 10
    assert [row.val_loss for row in loop.progress.history] == pytest.approx([0.9, 0.5, 0.6, 0.7])


def test_without_early_stopping_all_epochs_are_run_and_the_last_weights_kept():
    events = []
    loop = make_loop(
        ScriptedRunner([0.9, 0.5, 0.6, 0.7, 0.8]), events=events, patience=1, epochs=5, early_stopping=False
    )
    loop.run()
    assert (loop.progress.stopped, loop.progress.epoch, loop.progress.best_epoch) == ("epochs", 5, 5)
    assert loop.best[0] == 25
    assert {event.best_epoch for event in events if isinstance(event, EpochDone)} == {None}


def test_the_best_weights_are_kept_when_early_stopping_never_triggers():
    loop = make_loop(ScriptedRunner([0.9, 0.5, 0.6]), patience=9, epochs=3)
    loop.run()
    assert loop.progress.stopped == "epochs"
    assert loop.progress.best_epoch == 2
    assert loop.best[0] == 10


PLATEAU = {"schedule": "plateau", "learning_rate": 1.0, "drop_factor": 0.1, "plateau_patience": 2, "epochs": 8}


def test_on_a_plateau_of_the_validation_loss_the_learning_rate_drops():
    runner = ScriptedRunner([0.9, 0.8, 0.8, 0.85, 0.7, 0.7, 0.7, 0.7])
    loop = make_loop(runner, patience=9, **PLATEAU)
    loop.run()
    assert runner.rates == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.1, 0.01])
    assert [row.learning_rate for row in loop.progress.history] == pytest.approx(runner.rates)


def test_a_plateau_is_the_same_after_an_interruption():
    losses, saves = [0.9, 0.8, 0.8, 0.85, 0.7, 0.7, 0.7, 0.7], []
    asked = iter([False] * 5 + [True])
    with pytest.raises(Interrupted):
        make_loop(ScriptedRunner(losses), saves, stop=lambda: next(asked, False), patience=9, **PLATEAU).run()
    runner = ScriptedRunner(losses)
    resumed = make_loop(runner, patience=9, **PLATEAU)
    resumed.restore(*saves[-1])
    left = 8 - resumed.progress.epoch
    assert 2 < left < 8
    resumed.run()
    assert [row.learning_rate for row in resumed.progress.history] == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.1, 0.01])


def test_a_refit_has_no_validation_and_keeps_the_last_weights():
    loop = make_loop(ScriptedRunner([]), validation=None, refit=3, epochs=30)
    loop.run()
    assert (loop.progress.epoch, loop.progress.best_epoch) == (3, 3)
    assert loop.best[0] == 15
    assert loop.progress.history[0].val_loss is None


def test_a_loss_that_is_not_finite_stops_at_the_chunk_and_keeps_the_last_good_state():
    saves = []
    runner = ScriptedRunner([0.9, 0.5, 0.4], loss=lambda step: math.nan if step == 13 else 1.0)
    loop = make_loop(runner, saves, epochs=3)
    with pytest.raises(
        NonFiniteLoss, match=r"in epoch 3, between steps \d and \d of 5; .*best epoch so far is 2.*lower"
    ):
        loop.run()
    assert loop.progress.best_epoch == 2
    assert loop.best[0] == 10
    progress, tensors = saves[-1]
    assert all(np.isfinite(array).all() for array in tensors.values())
    assert progress.epoch == 2


def test_a_validation_loss_that_is_not_finite_is_never_the_best():
    loop = make_loop(ScriptedRunner([0.9, math.nan, 0.1]), epochs=3)
    with pytest.raises(NonFiniteLoss, match="in epoch 2, at its end"):
        loop.run()
    assert loop.progress.best_epoch == 1


def test_a_stop_is_heard_after_the_chunk_and_every_point_of_interruption_resumes_to_the_same_end(monkeypatch):
    monkeypatch.setattr("fashionlab.training.loop.CHUNK_SECONDS", 1e-12)  # every chunk is one step
    val_losses = [0.9, 0.5, 0.6, 0.4, 0.7]
    events = []
    whole = make_loop(ScriptedRunner(val_losses, loss=lambda s: 1 / s), events=events, epochs=5)
    whole.run()
    points = sum(isinstance(event, ChunkDone) for event in events)
    stopped_at = set()
    for chunks in range(1, points + 1):
        saves, asked = [], count(1)
        loop = make_loop(
            ScriptedRunner(val_losses, loss=lambda s: 1 / s),
            saves,
            stop=lambda asked=asked, chunks=chunks: next(asked) >= chunks,
            epochs=5,
        )
        with pytest.raises(Interrupted, match="stopped in epoch"):
            loop.run()
        progress, tensors = saves[-1]
        stopped_at.add((progress.epoch, progress.step))
        again = make_loop(ScriptedRunner(val_losses, loss=lambda s: 1 / s), epochs=5)
        again.restore(progress, tensors)
        again.run()
        assert again.best[0] == whole.best[0]
        assert again.progress.norms == whole.progress.norms
        assert again.snapshots.to_bytes() == whole.snapshots.to_bytes()
        for ours, theirs in zip(again.progress.history, whole.progress.history, strict=True):
            assert replace(ours, seconds=0.0) == replace(theirs, seconds=0.0)
    assert len(stopped_at) == points
    assert {step for _, step in stopped_at} == {1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("progress", "tensors"),
    [
        ({"step": 6}, {}),
        ({"epoch": 3}, {}),
        ({"best_epoch": 2}, {}),
        ({}, {"best/000": np.zeros(2)}),
        ({}, {"start/001": np.zeros(1)}),
    ],
)
def test_a_checkpoint_that_is_not_of_this_run_is_refused(progress, tensors):
    saves = []
    make_loop(ScriptedRunner([0.9, 0.5]), saves, epochs=2).run()
    known, arrays = saves[0]
    assert known.epoch == 0
    loop = make_loop(ScriptedRunner([0.9, 0.5]), epochs=2)
    with pytest.raises(RunCorrupt, match="does not belong to this"):
        loop.restore(replace(known, **progress), {**arrays, **tensors})


def test_events_tell_what_a_display_needs():
    events = []
    make_loop(ScriptedRunner([0.9, 0.5]), events=events, epochs=2).run()
    epochs = [event for event in events if isinstance(event, EpochDone)]
    assert [event.improved for event in epochs] == [True, True]
    assert epochs[-1].stopped == "epochs"
    chunk = next(event for event in events if isinstance(event, ChunkDone))
    assert (chunk.epoch, chunk.step, chunk.steps, chunk.loss) == (1, 1, 5, 1.0)
