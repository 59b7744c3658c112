"""Runs as TensorBoard shows them: event files, written with tensorboardX's messages.

    RUNS/tensorboard/RUN/             hyperparameters; at the end results (`final/…`) and `images/…`
    RUNS/tensorboard/RUN/train/       curves/loss, curves/accuracy, curves/learning_rate, by epoch
    RUNS/tensorboard/RUN/validation/  curves/loss, curves/accuracy: the same tags, so that a plot has both curves

A summary that a folder has is not written again. So it makes no difference how often a run was stopped, killed and
resumed, and a run that was finished before is logged from its own files.
"""

import errno
import math
import struct
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from msgspec import convert
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.record_writer import masked_crc32c
from tensorboardX.summary import hparams

from fashionlab.errors import StoreError
from fashionlab.files import append, explain_write_failure, make_folder, read_capped
from fashionlab.options import as_typed
from fashionlab.recipe.spec import RunSpec
from fashionlab.store import HistoryRow, Run, SetMetrics
from fashionlab.store.format import read_file
from fashionlab.text import one_line
from fashionlab.workers.events import EpochDone, RunEvent, RunFinished, RunStarted, TrainingStarted

LARGEST = 256 * 1024**2
"""Bytes of an event file; a run of a thousand epochs has 0.2 MB."""

PNG = b"\x89PNG\r\n\x1a\n"
"""How such a file begins; its width and height follow from byte 16 on."""

CURVES = "curves"
FINAL = "final"


class TensorBoard:
    """Logs the runs of one folder. log: where; runs: the folder of the runs, whose paths the log follows."""

    def __init__(self, log: Path, runs: Path) -> None:
        self._log, self._runs = log, runs
        self._specs: dict[Path, RunSpec] = {}
        self._folders: dict[Path, EventFolder] = {}

    def take(self, run: Path, event: RunEvent) -> None:
        """Log an event of a run, by the path of its folder. Raises StoreError."""
        match event:
            case RunStarted():
                self._specs[run] = event.spec
            case TrainingStarted():
                self._add_rows(run, event.history)
            case EpochDone():
                self._add_rows(run, [event.row])
            case RunFinished():
                self._finish(run)

    def _folder(self, run: Path, part: str = "") -> "EventFolder":
        path = self._log / run.relative_to(self._runs) / part
        if path not in self._folders:
            for each in (path, *path.parents):
                if each.is_relative_to(self._log) and each.is_symlink():
                    raise StoreError(explain_write_failure(each, OSError(errno.ELOOP, "")))
            self._folders[path] = EventFolder(path)
        return self._folders[path]

    def _add_rows(self, run: Path, rows: Iterable[HistoryRow]) -> None:
        for row in rows:
            if spec := self._specs.pop(run, None):
                # Not before the first row: a run that fails until then leaves nothing behind.
                self._folder(run).add(0, _start(spec))
            training = {"loss": row.loss, "accuracy": row.accuracy, "learning_rate": row.learning_rate}
            validation = {"loss": row.val_loss, "accuracy": row.val_accuracy}
            self._folder(run, "train").add(row.epoch, _scalars(CURVES, training))
            if row.val_loss is not None:
                self._folder(run, "validation").add(row.epoch, _scalars(CURVES, validation))

    def _finish(self, path: Path) -> None:
        run = Run(path)
        metrics, root = run.metrics, self._folder(path)
        root.add(0, _start(run.spec))
        self._add_rows(path, _rows(run))
        for name, found in metrics.sets.items():
            root.add(metrics.best_epoch, _scalars(FINAL, _figures(name, found)))
        root.add(metrics.best_epoch, _images(run.derived / "figures"))
        root.add(metrics.best_epoch, _END)
        for folder in [each for each in self._folders if each.is_relative_to(root.path)]:
            del self._folders[folder]
        self._specs.pop(path, None)


class EventFolder:
    """The event files of one of TensorBoard's runs, and what is in them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: set[tuple[str, int]] = set()
        found = sorted(path.glob("events.out.tfevents.*.fashionlab"))
        whole = False
        for file in found:
            events, whole = _read(file)
            self._known |= {(value.tag, event.step) for event in events for value in event.summary.value}
        # Nobody reads what stands behind a record that was cut off, so another file goes on.
        self._begun = whole
        self._file = found[-1] if whole else path / f"events.out.tfevents.{len(found) + 1:04}.fashionlab"

    def add(self, step: int, values: Iterable[Summary.Value]) -> None:
        """Write those values, of one step, that are not there yet. Raises StoreError."""
        new = [value for value in values if (value.tag, step) not in self._known]
        if not new:
            return
        events = [Event(wall_time=time.time(), step=step, summary=Summary(value=new))]
        if not self._begun:
            make_folder(self.path)
            events.insert(0, Event(wall_time=time.time(), file_version="brain.Event:2"))
        append(self._file, b"".join(_record(event.SerializeToString()) for event in events))
        self._begun = True
        self._known |= {(value.tag, step) for value in new}


def _record(data: bytes) -> bytes:
    """As TensorFlow frames its records: length, checksum of the length, content, checksum of the content."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc32c(length)) + data + struct.pack("<I", masked_crc32c(data))


def _read(path: Path) -> tuple[list[Event], bool]:
    """The events of a file, up to the first damage, and whether there is none. Raises StoreError."""
    try:
        content = read_capped(path, LARGEST)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}; remove it") from error
    events, place = list[Event](), 0
    while place < len(content):
        head, length = content[place : place + 12], int.from_bytes(content[place : place + 8], "little")
        end = place + 12 + length + 4
        data = content[place + 12 : end - 4]
        if len(head) < 12 or end > len(content) or _record(data) != content[place:end]:
            return events, False
        try:
            events.append(Event.FromString(data))
        except DecodeError:
            return events, False
        place = end
    return events, bool(events)


def _scalars(group: str, values: Mapping[str, float | None]) -> list[Summary.Value]:
    return [Summary.Value(tag=f"{group}/{name}", simple_value=value) for name, value in values.items()]


def _figures(name: str, found: SetMetrics) -> dict[str, float]:
    """The results on a set, by name: the interval of the accuracy is that of 95 %."""
    figures = {
        "accuracy": found.accuracy, "accuracy_low": found.accuracy_low, "accuracy_high": found.accuracy_high,
        "balanced_accuracy": found.balanced_accuracy, "macro_f1": found.macro.f1, "loss": found.loss,
    }  # fmt: skip
    return {f"{name}_{figure}": value for figure, value in figures.items()}


def _rows(run: Run) -> list[HistoryRow]:
    history = run.history
    # NaN is an empty cell, of a refit.
    rows = [
        {name: None if math.isnan(cell) else cell for name, cell in zip(history, cells, strict=True)}
        for cells in zip(*history.values(), strict=True)
    ]
    return convert(rows, list[HistoryRow])


def _start(spec: RunSpec) -> Iterable[Summary.Value]:
    """The run's hyperparameters: numbers and truth values as they are, all else as one types it."""
    recipe = spec.recipe
    settings = {
        "model": recipe.model.name, **recipe.settings, "seed": recipe.seed, "trainer": spec.trainer,
        "backend": spec.backend,
    }  # fmt: skip
    if recipe.refit:
        settings["refit"] = True
    _, started, _ = hparams({name: _plain(value) for name, value in settings.items()}, {})
    return started.value


def _plain(value: Any) -> Any:
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    return value if value is None or isinstance(value, bool | int | float) else one_line(as_typed(value))


_END = hparams({}, {})[2].value


def _images(figures: Path) -> Iterable[Summary.Value]:
    """The run's figures but its curves, which TensorBoard draws itself."""
    for path in sorted(figures.glob("*.png")):
        content = b"" if path.stem == "learning-curves" else read_file(path)
        if content.startswith(PNG) and len(content) >= 24:
            width, height = struct.unpack(">II", content[16:24])
            image = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=content)
            yield Summary.Value(tag=f"images/{path.stem}", image=image)
