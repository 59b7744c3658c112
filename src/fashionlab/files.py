"""Writing files whole or not at all.

The order is the one that survives a power cut on Linux: write a temporary file beside the target, fsync it, rename it
over the target, fsync the folder. A reader sees the old content or the new, never a mixture, and a full disk leaves
the old file in place.
"""

import errno
import os
import shutil
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from fashionlab.errors import StoreError


def write_atomically(path: Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Write `content` (bytes, or a function that writes to an open binary file) to `path`, durably and whole.

    Raises StoreError with the reason (disk full, no permission) and leaves what was at `path` as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with temporary.open("wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(explain_write_failure(path, error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def read_capped(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes; links are not followed.

    Raises FileNotFoundError, and OSError with a sentence for whatever else is wrong with it.
    """
    with open(path, "rb", opener=_open_regular) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise OSError(f"it has {size:,} bytes, at most {limit:,} are allowed")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(f"it has more than the {limit:,} bytes that are allowed")
    return content


def _open_regular(path: str, flags: int) -> int:
    # Without NONBLOCK, opening a pipe that somebody put there would wait for ever.
    descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is not a regular file")
    return descriptor


def make_folder(folder: Path) -> None:
    """Make a folder and those above it. Raises StoreError (disk full, no permission)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(explain_write_failure(folder, error)) from error


def make_stamped_folder(parent: Path, label: str) -> Path:
    """Make a new folder in `parent`, named after label and time. Raises StoreError (disk full, no permission)."""
    make_folder(parent)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for attempt in range(1000):
        path = parent / (f"{label}-{stamp}" + (f"-{attempt}" if attempt else ""))
        try:
            path.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise StoreError(explain_write_failure(path, error)) from error
        return path
    raise StoreError(f"cannot find a free name beginning with {label}-{stamp} in {parent}")


def folder_size(folder: Path) -> int:
    """Bytes on disk, all files in the folder and below it together."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def delete_folder(folder: Path) -> None:
    """Delete a folder with all that is in it. Raises StoreError (no permission)."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise StoreError(explain_write_failure(folder, error)) from error


def sync_folder(folder: Path) -> None:
    """Make the folder's own entries (new names, renames) durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def explain_write_failure(path: Path, error: OSError) -> str:
    """One sentence for a failed write: the file, the reason, the remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"cannot write {path}: the disk is full; free some space, and what was there before is unchanged"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"cannot write {path}: no permission; choose another folder or change its permissions"
    return f"cannot write {path}: {error.strerror or error}"
