"""Writing files whole or not at all.

The order is the one that survives a power cut on Linux: write a temporary file beside the target, fsync it, rename it
over the target, fsync the folder. A reader sees the old content or the new, never a mixture, and a full disk leaves
the old file in place.
"""

import errno
import os
import re
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from unicodedata import category

from fashionlab.errors import StoreError

MOST_NAMES = 10_000
"""Names of a folder among which a misspelt one is looked for."""


def write_atomically(path: Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Write `content` (bytes, or a function that writes to an open binary file) to `path`, durably and whole.

    Raises StoreError with the reason (disk full, no permission) and leaves what was at `path` as it was. What a writer
    of the same file left behind when it was killed, an hour ago or more, is swept away.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    sweep(path.parent, re.escape(path.name))
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


def append_line(path: Path, line: bytes) -> None:
    """As `append`, of a line."""
    append(path, line + b"\n")


def append(path: Path, content: bytes) -> None:
    """Add bytes to a file, made if missing, durably; links are not followed.

    One write in append mode: what processes write at the same moment does not mix. Raises StoreError.
    """
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags, 0o644)
        try:
            if os.write(descriptor, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreError(explain_write_failure(path, error)) from error


def read_capped(
    path: Path,
    limit: int,
    *,
    follow_links: bool = False,
    look: Callable[[BinaryIO, int], object] | None = None,
) -> bytes:
    """The content of a regular file of at most `limit` bytes.

    follow_links: for a path that the user has named; a link that is found in a run or a study is refused. look: gets
    the open file and its size before the content is read, and raises OSError with a sentence where that is not worth
    it. Raises FileNotFoundError, and OSError with a sentence for whatever else is wrong with it.
    """
    with open_regular(path, follow_links=follow_links) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise _refusal(path, f"it has {size:,} bytes, at most {limit:,} are allowed")
        if look:
            look(file, size)
            file.seek(0)
        content = file.read(size + 1) or b""
        if len(content) > size:  # it has grown, as a log does, or belongs to the kernel and has no size
            content += file.read(max(0, limit + 1 - len(content))) or b""
    if len(content) > limit:
        raise _refusal(path, f"it has more than the {limit:,} bytes that are allowed")
    return content


def open_regular(path: Path, *, follow_links: bool = False) -> BufferedReader:
    """A regular file, open for reading; nothing waits for a pipe or a device. Raises as `read_capped` does."""
    try:
        return open(path, "rb", opener=partial(_open_regular, follow_links=follow_links))
    except ValueError:  # Python's own for such a name, which a recipe may hold
        raise _refusal(path, "a name with a NUL byte is no file's") from None


def _refusal(path: Path | str, reason: str) -> OSError:
    return OSError(errno.EINVAL, reason, str(path))


def _open_regular(path: str, flags: int, *, follow_links: bool) -> int:
    no_links = 0 if follow_links else getattr(os, "O_NOFOLLOW", 0)
    # Without NONBLOCK, opening a pipe that somebody put there would wait for ever.
    descriptor = os.open(path, flags | no_links | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _refusal(path, "it is not a regular file")
    return descriptor


@contextmanager
def open_lock(path: Path) -> Iterator[int]:
    """A lock file, made if missing: its descriptor, for `fcntl.flock`. What is in it stays as it is.

    Raises StoreError (disk full, no permission), also where something else lies there, such as a link.
    """
    try:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags, 0o644)
    except OSError as error:
        raise StoreError(explain_write_failure(path, error)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise StoreError(f"cannot write {path}: it is not a regular file")
        yield descriptor
    finally:
        os.close(descriptor)


def require_plain(folder: Path) -> None:
    """Raise StoreError if anything in the folder, at any depth, is neither a file nor a folder: a link leads out of it,
    and a pipe or a device may never end."""
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                kind = "a link" if stat.S_ISLNK(mode) else "neither a file nor a folder"
                raise StoreError(f"{path} is {kind}, which nothing here is read or written through; remove it")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it. Raises StoreError (disk full, no permission)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(explain_write_failure(folder, error)) from error


@contextmanager
def new_stamped_folder(parent: Path, label: str) -> Iterator[tuple[Path, Path]]:
    """A new folder in `parent`, named after label and time, whole or not at all: where to fill it, in the block, and
    its path from the block's end on. What fails in the block leaves nothing behind.

    Of the label, letters and digits of all scripts stay: the folder's name is typed and passed on by people and shells.
    Raises StoreError (disk full, no permission).
    """
    make_folder(parent)
    sweep(parent, r".+-\d{8}-\d{6}(-\d+)?")
    temporary, path = _reserve(parent, label)
    try:
        yield temporary, path
        temporary.rename(path)
        sync_folder(parent)
    except OSError as error:
        raise StoreError(explain_write_failure(path, error)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def as_file_name(label: str) -> str:
    """A label made fit for a file's or folder's name, of which letters and digits of all scripts stay; may be empty."""
    return "".join(c if c.isalnum() or c in "._-" or category(c).startswith("M") else "-" for c in label).strip("-.")


def _reserve(parent: Path, label: str) -> tuple[Path, Path]:
    label = as_file_name(label) or "run"
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for attempt in range(1000):
        path = parent / (f"{label}-{stamp}" + (f"-{attempt}" if attempt else ""))
        # The same name for all who want the same path: the first has it.
        temporary = parent / f".{path.name}.part"
        try:
            temporary.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise StoreError(explain_write_failure(path, error)) from error
        if not path.exists():
            return temporary, path
        temporary.rmdir()
    raise StoreError(f"cannot find a free name beginning with {label}-{stamp} in {parent}")


def sweep(folder: Path, name: str = ".+", older_than: float = 3600) -> None:
    """Remove what writers that were killed left in the folder: unfinished files and folders whose own name matches the
    pattern `name`, not changed for `older_than` seconds."""
    left = re.compile(rf"\.{name}(\.\d+-\d+)?\.part")
    # Whoever cannot look or remove has no litter of its own there.
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if left.fullmatch(entry.name) and time.time() - entry.stat(follow_symlinks=False).st_mtime > older_than:
                    if entry.is_dir(follow_symlinks=False):
                        shutil.rmtree(entry.path)
                    else:
                        Path(entry.path).unlink()


def near_path(path: Path, suffix: str = "") -> list[str]:
    """What a path that leads nowhere may be a misspelling of, in at most one path that exists, as the user would type
    it: the nearest name in the deepest folder on the way that is there. suffix: what its name must end in."""
    from difflib import get_close_matches

    place, rest = path.parent, [path.name]
    while not place.is_dir() and place != place.parent:
        place, rest = place.parent, [place.name, *rest]
    for name in rest:
        names: list[str] = []
        with suppress(OSError), os.scandir(place) as entries:
            names = [entry.name for entry in islice(entries, MOST_NAMES) if not entry.name.startswith(".")]
        near = [name] if name in names else get_close_matches(name, names, n=1, cutoff=0.6)
        if not near:
            return []
        place /= near[0]
    return [str(place)] if place.name.endswith(suffix) else []


def folder_size(folder: Path) -> int:
    """Bytes on disk, all files in the folder and below it together."""
    paths = [Path(place, name) for place, _, files in os.walk(folder) for name in files]
    return sum(path.lstat().st_size for path in paths)


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
    if error.errno == errno.ELOOP:
        return f"cannot write {path}: it is a link, which nothing here is written through; remove it"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"cannot write {path}: no permission; choose another folder or change its permissions"
    if error.errno == errno.EROFS:
        return f"cannot write {path}: the file system is read-only; choose another folder"
    return f"cannot write {path}: {error.strerror or error}"
