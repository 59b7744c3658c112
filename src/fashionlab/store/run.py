"""One run: a folder whose core is sealed by `complete.json` and then never changed.

Until then the folder has a `checkpoint/`, and whoever trains in it holds a lock there. `derived/` can be made again.
"""

import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.errors import RunCorrupt, RunIncomplete, StoreError
from fashionlab.files import folder_size, make_folder, make_stamped_folder, sync_folder, write_atomically
from fashionlab.store.format import (
    CORE,
    FORMAT_VERSION,
    LARGEST_FILE,
    MODEL_FILE,
    from_csv,
    from_npz,
    from_tensors,
    identity,
    to_json,
)

SEAL = "complete.json"


class Run:
    """A run's folder. Reading a sealed file checks it against the seal first."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def create(runs: Path, label: str, request: Mapping[str, Any], model_source: bytes | None = None) -> "Run":
        """A new folder in `runs`, named after the label and the time, with `recipe.json` in it.

        model_source: the text of the user's own model file, kept as `model.py`.
        """
        run = Run(make_stamped_folder(runs, label))
        make_folder(run.checkpoint)
        if model_source is not None:
            run.write(MODEL_FILE, model_source)
        # Last, because a folder with a recipe counts as a run.
        run.write("recipe.json", to_json(dict(request)))
        sync_folder(runs)
        return run

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

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the core, whole or not at all. Raises StoreError if the run is sealed or the disk is full."""
        if self.complete:
            raise StoreError(f"run {self.name} is sealed; {name} can no longer be written")
        write_atomically(self.path / name, content)

    def seal(self) -> None:
        """Record the checksums of the core: from here on it never changes. Called under the lock, which then ends the
        checkpoint.
        """
        names = [*CORE, *([MODEL_FILE] if (self.path / MODEL_FILE).exists() else [])]
        missing = [name for name in names if not (self.path / name).is_file()]
        if missing:
            raise StoreError(f"run {self.name} cannot be sealed: {missing[0]} is missing")
        files = {name: _checksum(self.path / name) for name in names}
        seal = {"format_version": FORMAT_VERSION, "identity": identity(self.request), "files": files}
        write_atomically(self.path / SEAL, to_json(seal))

    def read(self, name: str) -> bytes:
        """A file's bytes, checked against the seal where there is one.

        Raises RunIncomplete if the run has no such file yet, RunCorrupt if it is not what was sealed.
        """
        path = self.path / name
        if not path.is_file():
            if self.complete:
                raise RunCorrupt(f"run {self.name} has lost {name}; restore it from a copy, or train again")
            raise RunIncomplete(
                f"run {self.name} is not finished and has no {name} yet; finish it with "
                f"fashionlab train --resume {self.path}"
            )
        if path.stat().st_size > LARGEST_FILE:
            raise RunCorrupt(f"{path} is larger than {LARGEST_FILE} bytes, which no file of a run is")
        content = path.read_bytes()
        if self.complete:
            sealed = self._seal["files"].get(name)
            if sealed is None or hashlib.sha256(content).hexdigest() != sealed["sha256"]:
                raise RunCorrupt(
                    f"{path} is not the file that was sealed (its SHA-256 differs); restore it from a copy, "
                    "or train again"
                )
        return content

    @cached_property
    def _seal(self) -> dict[str, Any]:
        seal = _parse(self.path / SEAL, (self.path / SEAL).read_bytes())
        version = seal.get("format_version")
        if version != FORMAT_VERSION or not isinstance(seal.get("files"), dict):
            raise RunCorrupt(
                f"run {self.name} has format version {version}, this fashionlab reads {FORMAT_VERSION}; "
                "use the version that wrote it"
            )
        return seal

    @cached_property
    def request(self) -> dict[str, Any]:
        """The content of `recipe.json`: recipe, data, trainer, precision and versions."""
        return _parse(self.path / "recipe.json", self.read("recipe.json"))

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The content of `metrics.json`."""
        return _parse(self.path / "metrics.json", self.read("metrics.json"))

    @cached_property
    def environment(self) -> dict[str, Any]:
        """The content of `environment.json`."""
        return _parse(self.path / "environment.json", self.read("environment.json"))

    @property
    def history(self) -> dict[str, list[float]]:
        """`history.csv` by column."""
        return from_csv(self.read("history.csv"))

    @property
    def norms(self) -> dict[str, list[Any]]:
        """`norms.csv` by column."""
        return from_csv(self.read("norms.csv"))

    @property
    def predictions(self) -> dict[str, np.ndarray]:
        """`predictions.npz`: logits float32 [n, classes], labels int32 [n] and rows of each part."""
        return from_npz(self.read("predictions.npz"))

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """`weights.safetensors` by name, in the order of the model's weights."""
        return from_tensors(self.read("weights.safetensors"), f"{self.path}/weights.safetensors")[0]

    @property
    def model_source(self) -> bytes | None:
        """The text of the user's own model file, or None for a model of the catalogue."""
        return self.read(MODEL_FILE) if (self.path / MODEL_FILE).exists() else None

    @property
    def size(self) -> int:
        """Bytes on disk, all files together."""
        return folder_size(self.path)

    def require_complete(self) -> None:
        """Raise RunIncomplete unless the core is sealed."""
        if not self.complete:
            raise RunIncomplete(
                f"run {self.name} is not finished; finish it with fashionlab train --resume {self.path}"
            )

    @contextmanager
    def lock(self, wait: float = 15.0) -> Iterator[None]:
        """Hold the run for training; the lock ends with the process, however it ends.

        Raises StoreError if another process still trains in it after `wait` seconds: a process whose parent was killed
        needs a moment to notice and to leave.
        """
        self.checkpoint.mkdir(exist_ok=True)
        with (self.checkpoint / "lock").open("w") as file:
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


def _checksum(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except ValueError:
        raise RunCorrupt(f"{path} is not valid JSON") from None
    if not isinstance(document, dict):
        raise RunCorrupt(f"{path} is not a JSON object")
    return document
