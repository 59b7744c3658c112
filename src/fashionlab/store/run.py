"""One run: a folder whose core is sealed by `complete.json` and then never changed.

Until then the folder has a `checkpoint/`, and whoever trains in it holds a lock there. `derived/` can be made again.
"""

import fcntl
import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from fashionlab.errors import RunCorrupt, RunIncomplete, StoreError
from fashionlab.files import (
    folder_size,
    make_folder,
    new_stamped_folder,
    open_lock,
    require_plain,
    sweep,
    write_atomically,
)
from fashionlab.models.own.source import OwnSource
from fashionlab.options import command
from fashionlab.recipe.spec import FORMAT_VERSION, READABLE_VERSIONS, RunSpec
from fashionlab.store.checks import check_history, check_metrics, check_predictions
from fashionlab.store.format import (
    CORE,
    ESTIMATOR_FILE,
    MODEL_FILE,
    MODEL_FOLDER,
    REMEDY,
    History,
    from_csv,
    from_json,
    from_tensors,
    read_file,
    read_versioned,
    to_json,
)
from fashionlab.store.predictions import Predictions
from fashionlab.store.results import Environment, HistoryRow, Metrics, NormsRow
from fashionlab.store.snapshots import SNAPSHOTS, Snapshots

SEAL = "complete.json"


class SealedFile(Struct, frozen=True):
    """What a file of the core was when the run was sealed."""

    sha256: str
    bytes: int


class Seal(Struct, frozen=True):
    """`complete.json`. identity: of the run's spec; files: of the core, by name."""

    format: int
    identity: str
    files: dict[str, SealedFile]


class Run:
    """A run's folder. Reading a sealed file checks it against the seal first."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def create(runs: Path, label: str, spec: RunSpec, model_source: OwnSource | None = None) -> "Run":
        """A new folder in `runs`, named after the label and the time, with `recipe.json` in it.

        model_source: the user's own model file, kept as `model.py`, and what it needs, kept in `model/`.
        """
        with new_stamped_folder(runs, label) as (folder, path):
            run = Run(folder)
            make_folder(run.checkpoint)
            if model_source is not None:
                run.write(MODEL_FILE, model_source.main)
                model_source.write_files(run.path / MODEL_FOLDER)
            run.write("recipe.json", to_json(spec))
        return Run(path)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def complete(self) -> bool:
        """Whether the core is sealed."""
        return (self.path / SEAL).is_file()

    @property
    def checkpoint(self) -> Path:
        """Where the state of an unfinished run is kept."""
        return self.path / "checkpoint"

    @property
    def derived(self) -> Path:
        """Where everything goes that can be made again from the core: figures, reports."""
        return self.path / "derived"

    @property
    def core(self) -> list[str]:
        """The names of all files that a seal is about."""
        kept = [name for name in (ESTIMATOR_FILE, SNAPSHOTS) if (self.path / name).exists()]
        return [*CORE, *model_files(self.model_source), *kept]

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the core, whole or not at all. Raises StoreError if the run is sealed or the disk is full."""
        if self.complete:
            raise StoreError(f"run {self.name} is sealed; {name} can no longer be written")
        write_atomically(self.path / name, content)

    def seal(self) -> None:
        """Record the checksums of the core: from here on it never changes. Called under the lock, which then ends the
        checkpoint.
        """
        names = self.core
        missing = [name for name in names if not (self.path / name).is_file()]
        if missing:
            raise StoreError(f"run {self.name} cannot be sealed: {missing[0]} is missing")
        files = {name: _checksum(self.path / name) for name in names}
        write_atomically(self.path / SEAL, to_json(Seal(FORMAT_VERSION, self.spec.identity, files)))

    def read(self, name: str) -> bytes:
        """A file's bytes, checked against the seal where there is one.

        Raises RunIncomplete if the run has no such file yet, RunCorrupt if it is not what was sealed.
        """
        path = self.path / name
        try:
            content = read_file(path)
        except FileNotFoundError:
            if self.complete:
                raise RunCorrupt(f"run {self.name} has lost {name}; {REMEDY}") from None
            raise RunIncomplete(
                f"run {self.name} is not finished and has no {name} yet; finish it with {command('resume', self.path)}"
            ) from None
        if self.complete:
            sealed = self._seal.files.get(name)
            if sealed is None or hashlib.sha256(content).hexdigest() != sealed.sha256:
                raise RunCorrupt(f"{path} is not the file that was sealed (its SHA-256 differs); {REMEDY}")
        return content

    @cached_property
    def _seal(self) -> Seal:
        path = self.path / SEAL
        return read_versioned(read_file(path), Seal, path, READABLE_VERSIONS)

    @cached_property
    def spec(self) -> RunSpec:
        """The content of `recipe.json`: all that decides the run's numbers."""
        path = self.path / "recipe.json"
        # Before the seal is looked at, which another version wrote differently.
        content = read_file(path) if path.exists() else self.read("recipe.json")
        spec = read_versioned(content, RunSpec, path, READABLE_VERSIONS)
        self.read("recipe.json")
        return spec

    @cached_property
    def metrics(self) -> Metrics:
        """The content of `metrics.json`."""
        metrics = from_json(self.read("metrics.json"), Metrics, self.path / "metrics.json")
        with self._sound("metrics.json"):
            check_metrics(metrics, self.spec.data)
        return metrics

    @cached_property
    def environment(self) -> Environment:
        """The content of `environment.json`."""
        return from_json(self.read("environment.json"), Environment, self.path / "environment.json")

    @property
    def history(self) -> History:
        """`history.csv` by column."""
        history = from_csv(self.read("history.csv"), HistoryRow, self.path / "history.csv")
        with self._sound("history.csv"):
            check_history(history, self.metrics.epochs if self.complete else None)
        return history

    @property
    def norms(self) -> dict[str, list[Any]]:
        """`norms.csv` by column."""
        return from_csv(self.read("norms.csv"), NormsRow, self.path / "norms.csv")

    @property
    def predictions(self) -> Predictions:
        """The content of `predictions.npz`."""
        path, classes = self.path / "predictions.npz", len(self.spec.data.class_names)
        predictions = Predictions.from_bytes(self.read("predictions.npz"), classes, path)
        if self.complete:
            with self._sound("predictions.npz"):
                check_predictions(predictions, self.metrics)
        return predictions

    @property
    def snapshots(self) -> Snapshots | None:
        """The content of `snapshots.npz`; None where none were taken."""
        path = self.path / SNAPSHOTS
        if not path.exists():
            return None
        return Snapshots.from_bytes(self.read(SNAPSHOTS), len(self.history["epoch"]), path)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """`weights.safetensors` by name, in the order of the model's weights."""
        return from_tensors(self.read("weights.safetensors"), self.path / "weights.safetensors")[0]

    @property
    def model_source(self) -> OwnSource | None:
        """The user's own model file and what it needs, or None for a model of the registry.

        Raises RunCorrupt. What stands beside the model file is held against `spec.model_sha256` by who executes it.
        """
        if not (self.path / MODEL_FILE).exists():
            return None
        try:
            return OwnSource.read(self.read(MODEL_FILE), self.path / MODEL_FOLDER)
        except OSError as error:
            where = error.filename or self.path / MODEL_FOLDER
            raise RunCorrupt(f"{where} cannot be read: {error.strerror or error}; {REMEDY}") from None

    @property
    def estimator_kept(self) -> bool:
        """Whether the run has a user's own estimator, fitted, to predict with."""
        return (self.path / ESTIMATOR_FILE).exists()

    @property
    def can_predict(self) -> bool:
        """Whether the run has its model, and not its predictions alone: see `models.own.kept`."""
        found = self.spec.found
        return self.estimator_kept or not (found and found.estimator)

    @property
    def model_size(self) -> int | None:
        """Bytes on disk of the trained model; None where it was not kept."""
        if not self.can_predict:
            return None
        files = ["weights.safetensors", *([ESTIMATOR_FILE] if self.estimator_kept else [])]
        return sum((self.path / name).stat().st_size for name in files)

    @property
    def size(self) -> int:
        """Bytes on disk, all files together."""
        return folder_size(self.path)

    def require_complete(self) -> None:
        """Raise RunIncomplete unless the core is sealed."""
        if not self.complete:
            raise RunIncomplete(f"run {self.name} is not finished; finish it with {command('resume', self.path)}")

    @contextmanager
    def _sound(self, name: str) -> Iterator[None]:
        """Turn the ValueError of a check into RunCorrupt, with the file and the remedy."""
        try:
            yield
        except ValueError as error:
            raise RunCorrupt(f"{self.path / name} is damaged ({error}); {REMEDY}") from None

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Have the run for oneself, from its creation to its end, as the process that has it made.

        Raises StoreError at once if another process has it. The hold ends with the process, however it ends.
        """
        with self._locked("owner", wait=0):
            yield

    @contextmanager
    def lock(self, wait: float = 15.0) -> Iterator[None]:
        """Write to the run: for the process that trains, on behalf of the one that holds it.

        Raises StoreError if another process still writes after `wait` seconds: one whose parent was killed may need a
        moment to notice and to leave.
        """
        with self._locked("lock", wait):
            for folder in (self.path, self.checkpoint):
                sweep(folder, older_than=0)
            yield

    @contextmanager
    def _locked(self, name: str, wait: float) -> Iterator[None]:
        make_folder(self.checkpoint)
        require_plain(self.path)
        with open_lock(self.checkpoint / name) as file:
            deadline = time.monotonic() + wait
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise StoreError(
                            f"run {self.name} is being trained by another process; wait for it, or stop it"
                        ) from None
                    time.sleep(0.1)
            try:
                yield
            finally:
                if self.complete:
                    shutil.rmtree(self.checkpoint, ignore_errors=True)


def model_files(source: OwnSource | None) -> list[str]:
    """The names, in a run's folder, of the files of a user's own model."""
    return [] if source is None else [MODEL_FILE, *(f"{MODEL_FOLDER}/{name}" for name in sorted(source.files))]


def _checksum(path: Path) -> SealedFile:
    content = read_file(path)
    return SealedFile(hashlib.sha256(content).hexdigest(), len(content))
