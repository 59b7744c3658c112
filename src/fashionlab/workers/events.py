"""What a run tells: the typed events that `on_event` gets, in the order of this file.

A worker process tells what happens between the start and the end of a run; the three events about the fit are those of
a model without epochs.
"""

from collections.abc import Callable

from msgspec import Struct

from fashionlab.recipe.spec import RunSpec
from fashionlab.store.results import HistoryRow, Metrics


class RunStarted(Struct, frozen=True, tag="run_started", tag_field="event"):
    """A run begins or goes on, or a finished one is what was asked for. run: the path of its folder, in a study or a
    search that where it lies when it is finished; spec: all that decides its numbers, `spec.recipe.settings` by name.
    """

    run: str
    spec: RunSpec


class TrainingStarted(Struct, frozen=True, tag="training_started", tag_field="event"):
    """The model is built and its data are on the device.

    rows: training images; steps: per epoch; epoch: finished ones, above 0 where a run goes on; epochs: at most;
    parameters: all weights; trainable: those that training changes; device: in words; history: the rows of the
    finished epochs.
    """

    rows: int
    steps: int
    epoch: int
    epochs: int
    parameters: int
    device: str
    trainer: str
    history: tuple[HistoryRow, ...] = ()
    trainable: int | None = None


class ChunkDone(Struct, frozen=True, tag="chunk_done", tag_field="event"):
    """Some steps of an epoch are done. step: of steps; loss, accuracy: means of the epoch so far; images_per_second."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float
    images_per_second: float


class EpochDone(Struct, frozen=True, tag="epoch_done", tag_field="event"):
    """An epoch is done. row: as in `history.csv`; best_epoch: so far, None where the last one is kept; improved: it is
    the best; stopped: why training ends here ("epochs", "patience"), or ""."""

    row: HistoryRow
    epochs: int
    best_epoch: int | None
    improved: bool
    stopped: str


class FitStarted(Struct, frozen=True, tag="fit_started", tag_field="event"):
    """The fit of an estimator begins. unit: what it counts ("tree", "round"), total: of them; None where nothing is."""

    model: str
    rows: int
    unit: str | None
    total: int | None
    device: str


class FitProgress(Struct, frozen=True, tag="fit_progress", tag_field="event"):
    """A sign of life of a fit. done: units; seconds: since its start; row: of the latest round, where there are any."""

    done: int
    total: int | None
    unit: str | None
    seconds: float
    row: HistoryRow | None


class FitDone(Struct, frozen=True, tag="fit_done", tag_field="event"):
    """The fit is done. remark: how it ended, in words."""

    seconds: float
    remark: str


class Predicting(Struct, frozen=True, tag="predicting", tag_field="event"):
    """A model that takes its time is predicting. done: images; total: of them."""

    done: int
    total: int


class RunPredicted(Struct, frozen=True, tag="run_predicted", tag_field="event"):
    """One of several runs has predicted the images that it was given."""


class RunFinished(Struct, frozen=True, tag="run_finished", tag_field="event"):
    """A run is sealed. run: the path of its folder; metrics: what it is worth. Of a single run figures and page are
    there, too."""

    run: str
    metrics: Metrics


Event = TrainingStarted | ChunkDone | EpochDone | FitStarted | FitProgress | FitDone | Predicting | RunPredicted
"""What comes from a worker."""

RunEvent = RunStarted | Event | RunFinished


class RunTold(Struct, frozen=True, tag="run_told", tag_field="event"):
    """Of a study or a search, several of whose runs are under way at once: what one of them tells. run: the path of the
    folder in which it lies when it is finished; told: its event."""

    run: str
    told: RunEvent


OnEvent = Callable[[RunEvent], object]
"""Takes a single run's events: a display, or the user's own function."""
