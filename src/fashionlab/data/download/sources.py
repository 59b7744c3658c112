"""Where a published data set's bytes come from, and how they are known to be the right ones.

The order: a folder that the user names, the cache, the system's data set folder, public mirrors, the distribution's
package. Whatever the source, a file counts only if the SHA-256 of its decompressed content is the published one. (The
.gz files cannot be compared: every mirror compresses anew.) The check is made at every load; the cache is trusted no
more than a mirror. A file that passed is put into the cache, decompressed, by an atomic write.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fashionlab.data.cache import cache_folder
from fashionlab.data.download.debian import unpack_package
from fashionlab.data.download.http import Patience, configured_mirrors, download
from fashionlab.data.idx import inflate, read_idx
from fashionlab.errors import DataError, DataInvalid, DataUnavailable, StoreError, UsageError
from fashionlab.files import read_capped, write_atomically
from fashionlab.options import spelled
from fashionlab.text import tell


@dataclass(frozen=True)
class File:
    """One published file: its name without .gz, and size in bytes and SHA-256 of its decompressed content."""

    name: str
    size: int
    sha256: str
    dimensions: int


@dataclass(frozen=True)
class Files:
    """A published data set: its files, smallest first, and the places that offer them.

    Smallest first, so that a mirror that serves something else is found out after a few kilobytes.
    """

    title: str
    folder: str
    files: tuple[File, ...]
    mirrors: tuple[str, ...] = ()
    package: str = ""
    warning: str = ""


FASHION_MNIST = Files(
    title="Fashion-MNIST",
    folder="fashion-mnist",
    files=(
        File(
            "t10k-labels-idx1-ubyte",
            10_008,
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            1,
        ),
        File(
            "train-labels-idx1-ubyte",
            60_008,
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            1,
        ),
        File(
            "t10k-images-idx3-ubyte",
            7_840_016,
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            3,
        ),
        File(
            "train-images-idx3-ubyte",
            47_040_016,
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            3,
        ),
    ),
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    package="dataset-fashion-mnist",
    warning="a mirror once served digit MNIST under these names",
)

SYSTEM = Path("/usr/share/datasets")
"""Where Debian's data set packages put their files, one folder a data set."""

ORIGIN = "origin.txt"
"""The cache's note of where its files came from; a remark for people, which nothing relies on."""

Fetch = Callable[[File], bytes]


@dataclass(frozen=True)
class Obtained:
    """Verified contents, decompressed, by file name, and where they came from, for people."""

    contents: dict[str, bytes]
    source: str


def obtain(
    files: Files,
    *,
    data_dir: Path | str | None = None,
    announce: Callable[[str], None] | None = None,
    system: Path = SYSTEM,
    patience: Patience | None = None,
) -> Obtained:
    """All files of a published data set, verified, from the first source that has them.

    `data_dir`, else `$FASHIONLAB_DATA`, names a folder that is then the only source. `announce` receives what the user
    should know (a damaged cache, a download, a package); without it the messages go to standard error. `system` is the
    parent of the system's data set folders.

    Raises UsageError or DataError for a bad named folder, and DataUnavailable, listing every source tried and why it
    failed, when no source works.
    """
    announce = announce or tell
    named = data_dir or os.environ.get("FASHIONLAB_DATA")
    if named:
        return _from_named_folder(files, Path(named).expanduser())

    cache = cache_folder() / files.folder
    contents: dict[str, bytes] = {}
    origins: list[str] = []
    failures: list[str] = []
    fresh: list[str] = []
    for source in _sources(files, cache, system, announce, patience or Patience()):
        missing = [file for file in files.files if file.name not in contents]
        try:
            with source.opened as fetch:
                # What a source did supply is kept when a later file fails: its hash says what it is.
                for file in missing:
                    contents[file.name] = checked(file, fetch(file), files)
        except DataError as error:
            failures.append(f"{source.place}: {error}")
            if not source.local or isinstance(error, DataInvalid):
                announce(f"not used: {failures[-1]}")
        supplied = [file.name for file in missing if file.name in contents]
        if supplied:
            origins.append(source.place)
        if source.cached and not failures:
            return Obtained(contents, source.place + _origin(cache))
        if not source.cached:
            fresh += supplied
        if len(contents) == len(files.files):
            _keep(cache, {name: contents[name] for name in fresh}, origins, announce)
            return Obtained(contents, " and ".join(origins))
    raise DataUnavailable(*_nothing_worked(files, failures))


def checked(file: File, content: bytes, files: Files) -> bytes:
    """The decompressed content of `file`, if it is what was published; raises DataInvalid if it is not."""
    content = inflate(content, file.size, file.name)
    found = hashlib.sha256(content).hexdigest()
    if found == file.sha256:
        return content
    read_idx(content, file.name, file.dimensions)  # the better message, where the IDX header is already wrong
    warning = f"; {files.warning}" if files.warning else ""
    raise DataInvalid(
        f"{file.name} is not {files.title}: the SHA-256 of its content is {found}, expected {file.sha256}{warning}"
    )


@dataclass(frozen=True)
class _Source:
    """One place to look: its name for people, a context that gives the function that fetches a file."""

    place: str
    opened: AbstractContextManager[Fetch]
    local: bool = False
    cached: bool = False


def _sources(
    files: Files, cache: Path, system: Path, announce: Callable[[str], None], patience: Patience
) -> Iterator[_Source]:
    """Every source, in order; nothing is touched before its context is entered."""
    yield _Source(f"cache {cache}", _folder(cache), local=True, cached=True)
    yield _Source(f"system folder {system / files.folder}", _folder(system / files.folder), local=True)
    deadline = time.monotonic() + patience.total
    for mirror in configured_mirrors(files.mirrors):
        yield _Source(f"mirror {mirror}", _mirror(mirror, patience, deadline, announce))
    if files.package:
        yield _Source(f"package {files.package}", _package(files, announce))


@contextmanager
def _folder(folder: Path) -> Iterator[Fetch]:
    if not folder.is_dir():
        raise DataUnavailable("there is no such folder")
    yield lambda file: _read(folder, file)


@contextmanager
def _mirror(mirror: str, patience: Patience, deadline: float, announce: Callable[[str], None]) -> Iterator[Fetch]:
    announce(f"downloading from {mirror}")
    # A compressed file may be a little longer than its content, if that does not compress at all.
    yield lambda file: download(
        f"{mirror.rstrip('/')}/{file.name}.gz", file.size + file.size // 100 + 1024, patience, deadline
    )


@contextmanager
def _package(files: Files, announce: Callable[[str], None]) -> Iterator[Fetch]:
    with tempfile.TemporaryDirectory(prefix="fashionlab-") as temporary:
        root = unpack_package(files.package, Path(temporary), announce)
        yield lambda file: _read(root / SYSTEM.relative_to("/") / files.folder, file)


def _read(folder: Path, file: File) -> bytes:
    """A file of a folder, as it is or with .gz, decompressed."""
    for path in (folder / file.name, folder / f"{file.name}.gz"):
        try:
            return inflate(path, file.size)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise DataUnavailable(f"{path.name} cannot be read: {error.strerror or error}") from None
    raise DataUnavailable(f"lacks {file.name} (or {file.name}.gz)")


def _from_named_folder(files: Files, folder: Path) -> Obtained:
    """The files from the folder that the user named; another source would not be what was asked for."""
    if not folder.is_dir():
        raise UsageError(f"data folder {folder}: there is no such folder; expected one that holds {_names(files)}")
    try:
        contents = {file.name: checked(file, _read(folder, file), files) for file in files.files}
    except DataError as error:
        raise type(error)(f"data folder {folder}: {error}") from None
    return Obtained(contents, f"folder {folder}")


def _keep(cache: Path, contents: dict[str, bytes], origins: list[str], announce: Callable[[str], None]) -> None:
    """Put verified contents into the cache; one that cannot be written costs time later, not the data now."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            write_atomically(cache / name, content)
        write_atomically(cache / ORIGIN, f"{' and '.join(origins)}, {date.today().isoformat()}\n".encode())
    except (OSError, StoreError) as error:
        announce(f"the data are good but could not be kept in the cache: {error}")


def _origin(cache: Path) -> str:
    """Where the cache's content once came from, as a remark; empty if nobody knows."""
    try:
        line = read_capped(cache / ORIGIN, 2**12).decode(errors="replace").strip()[:300]
    except OSError:
        return ""
    return f" (from {line})" if line.isprintable() and line else ""


def _names(files: Files) -> str:
    return ", ".join(sorted(file.name for file in files.files))


def _nothing_worked(files: Files, failures: list[str]) -> list[str]:
    return [
        f"{files.title} could not be had from any source:",
        *(f"  - {failure}" for failure in failures),
        "To supply it by hand, put these files (each as it is or with .gz) into one folder and name it with "
        f"{spelled('data_dir')} or $FASHIONLAB_DATA:",
        f"  {_names(files)}",
        *(["They are published, with .gz, at"] if files.mirrors else []),
        *(f"  {mirror}" for mirror in files.mirrors),
    ]
