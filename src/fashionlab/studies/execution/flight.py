"""A run under way: how far it is, and whether it is still alive. What a study's and a search's drivers share."""

import time
from dataclasses import dataclass, field

from fashionlab.workers.events import ChunkDone, EpochDone, Event, FitProgress, FitStarted, TrainingStarted

SILENCE = 120.0
"""Seconds without news after which a run counts as hung: compiling a large network takes a minute, answering a study's
6,000 images with a boosted model of 600 rounds 10 s."""

USUAL = 20
"""A run also counts as hung only if it is silent this many times as long as finished runs of its kind ever were."""


@dataclass(kw_only=True)
class Flight:
    """A run under way. Times are `time.monotonic`'s, in seconds.

    done, of: how far it is, in units (epochs; trees or rounds of an estimator), 0 before it says so; heard: when it was
    last heard of; silence: its longest so far, in seconds; spoken: whether anything came from it yet.
    """

    attempt: int
    started: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    silence: float = 0.0
    spoken: bool = False
    done: int = 0
    of: int = 0
    unit: str = "epoch"

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.started

    def hear(self) -> None:
        """There is news of it."""
        now = time.monotonic()
        self.silence, self.heard = max(self.silence, now - self.heard), now

    def follow(self, event: Event) -> None:
        """Read off a training's event how far the run is."""
        self.spoken = True
        match event:
            case TrainingStarted():
                self.done, self.of = event.epoch, event.epochs
            case ChunkDone():
                self.done = event.epoch
            case EpochDone():
                self.done, self.of = event.row.epoch, event.epochs
            case FitStarted():
                self.of, self.unit = event.total or 0, event.unit or ""
            case FitProgress():
                self.done, self.of, self.unit = event.done, event.total or 0, event.unit or ""

    def hung(self, usual: float, limit: float | None) -> str | None:
        """Why it counts as hung, in words, or None.

        usual: the longest silence of its kind that ended well, in seconds; limit: seconds of silence that the user
        allows, None for `SILENCE` and `USUAL`.
        """
        silent = time.monotonic() - self.heard
        # Before its first word a run's worker starts and imports, which on a busy machine takes as long as it takes.
        patience = limit if limit is not None and self.spoken else max(SILENCE, USUAL * usual)
        return f"hung: no sign of life for {silent:.0f} s" if silent > patience else None
