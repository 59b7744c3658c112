"""What a worker process tells while a task is under way: typed events, the last three of a model without epochs."""

from msgspec import Struct

from fashionlab.store.results import HistoryRow


class TrainingStarted(Struct, frozen=True, tag="training_started", tag_field="event"):
    """The model is built and its data are on the device.

    rows: training images; steps: per epoch; epoch: finished ones, above 0 where a run goes on; epochs: at most;
    parameters: all weights; trainable: those that training changes; device: in words.
    """

    rows: int
    steps: int
    epoch: int
    epochs: int
    parameters: int
    device: str
    trainer: str
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


class RunPredicted(Struct, frozen=True, tag="run_predicted", tag_field="event"):
    """One of several runs has predicted the images that it was given."""


Event = TrainingStarted | ChunkDone | EpochDone | FitStarted | FitProgress | FitDone | RunPredicted
