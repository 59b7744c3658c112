"""A folder with a plan and the runs that are made for it: what a study's and a search's have in common."""

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Self

from fashionlab.errors import RunCorrupt, StoreError, UsageError
from fashionlab.files import (
    delete_folder,
    explain_write_failure,
    folder_size,
    make_folder,
    open_lock,
    require_plain,
    sync_folder,
    write_atomically,
)
from fashionlab.options import unknown_name
from fashionlab.recipe.spec import RunSpec
from fashionlab.store.run import Run


class Collection:
    """Finished runs lie in `runs`, what is under way in `work`. KIND: what people call it; PLAN: the plan's file."""

    KIND: ClassVar[str]
    PLAN: ClassVar[str]

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def work(self) -> Path:
        """Where runs are made."""
        return self.path / "work"

    def sweep(self) -> None:
        """Throw away what was left half done."""
        shutil.rmtree(self.work, ignore_errors=True)
        make_folder(self.work)

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the folder, whole or not at all."""
        write_atomically(self.path / name, content)

    @property
    def size(self) -> int:
        """Bytes on disk, its runs included."""
        return folder_size(self.path)

    def delete(self) -> int:
        """Delete it with all that is in it; return the bytes set free. Raises StoreError while it is being run."""
        size = self.size
        with self.lock():
            delete_folder(self.path)
        return size

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold it; the lock ends with the process. Raises StoreError while another process makes its runs."""
        require_plain(self.path)
        with open_lock(self.path / "lock") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(
                    f"{self.KIND} {self.name} is being run by another process; wait for it, or stop it"
                ) from None
            yield

    def _finished(self, place: Run, spec: RunSpec, whose: str) -> Run | None:
        """The run at its place, or None. whose: "trial 7". Raises RunCorrupt if something else lies there."""
        if not place.path.exists():
            return None
        if not place.complete or place.spec != spec:
            raise RunCorrupt(f"{place.path} is not the finished run of {whose}; delete it")
        return place

    def _adopt(self, folder: Path, place: Run, spec: RunSpec, whose: str) -> Run:
        """Move a finished run to its place: from here on it counts. Raises RunCorrupt if it is not it."""
        run = Run(folder)
        if not run.complete or run.spec != spec:
            raise RunCorrupt(f"{folder} is not the finished run of {whose}")
        try:
            folder.rename(place.path)
            sync_folder(place.path.parent)
        except OSError as error:
            raise StoreError(explain_write_failure(place.path, error)) from error
        return place

    @classmethod
    def find(cls, runs: Path, name: str, known: Sequence[Self], example: str) -> Self:
        """The one called `name` in `runs`, at the path `name`, or the last of the known for "last".

        known: all that are in `runs`; example: a command that makes one, for a message. Raises UsageError.
        """
        if name == "last" and known:
            return known[-1]
        for path in (runs / name, Path(name)):
            if name and (path / cls.PLAN).is_file():
                path = path if path.name not in ("", "..") else path.resolve()
                require_plain(path)
                return cls(path)
        if not known:
            raise UsageError(f"there is no {cls.KIND} in {runs} yet; make one with {example}")
        raise UsageError(unknown_name(cls.KIND, name, [each.name for each in known[-12:]], f"the folder {runs}"))
