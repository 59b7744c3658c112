"""A folder of image folders, one folder a class. Nothing that lies in it is left out uncounted."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from fashionlab.data.checks import RawArrays
from fashionlab.data.progress import shown_if_slow
from fashionlab.data.user.spellings import SETS, shown
from fashionlab.errors import DataInvalid
from fashionlab.images import AS_FOUND, Pixels, Preparation, Stack, collect, decode

SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".webp")

UNREAD = (
    ".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".svg", ".pgm", ".ppm", ".pbm", ".tga", ".ico", ".dng",
    ".raw", ".cr2", ".nef", ".dcm", ".exr", ".psd", ".pdf",
)  # fmt: skip
"""Formats that hold images, too, and are not read."""

ARRAYS = (".npy", ".npz", ".mat", ".h5", ".hdf5", ".pkl", ".pickle", ".pt", ".parquet", ".tfrecord")
"""Files that hold arrays, in forms that are not read from a folder."""

MOST_ENTRIES = 500_000
"""Files of a folder that are listed, seven times as many as Fashion-MNIST has images."""

DEEPEST = 32
"""Folders one in the other that are looked into."""

LAYOUT = "expected a folder of images for each class, or train/, val/ and test/ that hold such folders"

PREFIXES = {"training": "", "test": "test_", "validation": "validation_"}


@dataclass
class _Counts:
    """What lies in a folder beside the images in its classes' folders."""

    entries: int = 0
    hidden: list[Path] = field(default_factory=list)
    unread: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    loose: list[Path] = field(default_factory=list)
    deeper: list[Path] = field(default_factory=list)
    empty: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_image_folders(folder: Path, preparation: Preparation = AS_FOUND) -> RawArrays:
    """Classes are folders, in alphabetical order, directly or in train/ and perhaps val/ and test/ (or what else people
    call these); folders in a class's folder belong to the class.

    What is left out is counted in the notes. Raises DataInvalid, naming the file, for an image that cannot be decoded
    or differs in size without `preparation.resize`.
    """
    counts = _Counts()
    root = _unwrapped(folder, counts)
    sets = _sets(root)
    files = {each: _list_set(place, counts) for each, place in sets.items()}
    class_names = tuple(files["training"])
    if not class_names:
        raise DataInvalid(_nothing(sets["training"], counts))
    for each, place in sets.items():
        unknown = sorted(set(files[each]) - set(class_names))
        if unknown:
            raise DataInvalid(f"{place} holds the class {unknown[0]!r}, which {sets['training']} does not; {LAYOUT}")
    arrays: dict[str, np.ndarray | Stack] = {}
    side: int | None = None
    for each, found in files.items():
        paths = [path for name in class_names for path in found.get(name, [])]
        if not paths:
            raise DataInvalid(_nothing(sets[each], counts))
        with shown_if_slow(f"reading {len(paths):,} images"):
            stack = collect(_decoded(paths), len(paths), preparation, side)
        side = stack.grey.shape[1]
        arrays[f"{PREFIXES[each]}images"] = stack
        arrays[f"{PREFIXES[each]}labels"] = np.repeat(
            np.arange(len(class_names), dtype=np.int32), [len(found.get(name, [])) for name in class_names]
        )
    return RawArrays(
        **arrays,  # type: ignore[arg-type]
        class_names=class_names,
        notes=tuple(_notes(counts)),
        test_from=f"{sets['test'].name}/" if "test" in sets else "",
    )


def visible_names(folder: Path) -> list[str]:
    """What a folder holds, in alphabetical order, hidden files apart. Raises DataInvalid for too many."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, MOST_ENTRIES + 1)]
    if len(names) > MOST_ENTRIES:
        raise DataInvalid(f"{folder} holds more than {MOST_ENTRIES:,} files; use fewer, or IDX files instead")
    return sorted(name for name in names if not is_hidden(name))


def is_hidden(name: str) -> bool:
    """Whether a file or folder is a system's own, not the user's."""
    return name.startswith(".") or name in ("Thumbs.db", "desktop.ini", "__MACOSX", "__pycache__", "@eaDir")


def _decoded(paths: list[Path]) -> Iterator[tuple[str, Pixels]]:
    return ((str(path), decode(path)) for path in paths)


def _unwrapped(folder: Path, counts: _Counts) -> Path:
    """The folder that holds the classes: archives often unpack into a folder in a folder."""
    place = folder
    for _ in range(DEEPEST):
        inner = _folders(place)
        if len(inner) != 1 or _has_images(place) or inner[0].name.lower() in SETS or not _folders(inner[0]):
            break
        place = inner[0]
    if place != folder:
        counts.notes.append(f"the classes were read from {place}, the only folder in {folder}")
    return place


def _sets(root: Path) -> dict[str, Path]:
    """The folders of the sets, the training set's first; the whole is the training set where there are none."""
    folders = _folders(root)
    named: dict[str, Path] = {}
    for path in folders:
        each = SETS.get(path.name.lower())
        if each is None:
            continue
        name = next(name for name, prefix in PREFIXES.items() if prefix == each)
        if name in named:
            raise DataInvalid(f"{root} holds {named[name].name}/ and {path.name}/, both {name} sets; keep one of them")
        named[name] = path
    if not named or not any(_folders(path) for path in named.values()):
        if folders and len(named) == len(folders):
            raise DataInvalid(
                f"{root} holds {shown(f'{p.name}/' for p in folders)}, but no folders in these, so nothing says which "
                f"class an image is of; {LAYOUT}"
            )
        _refuse_sets_inside(root, folders)
        return {"training": root}
    if "training" not in named:
        raise DataInvalid(f"{root} holds {shown(f'{p.name}/' for p in named.values())}, but no train/; {LAYOUT}")
    others = [path.name for path in folders if path not in named.values()]
    if others:
        raise DataInvalid(
            f"{root} holds {others[0]}/ next to {named['training'].name}/; {LAYOUT}, and no other folder: move it away"
        )
    for path in named.values():
        _refuse_sets_inside(path, _folders(path))
    return {name: named[name] for name in PREFIXES if name in named}


def _refuse_sets_inside(root: Path, classes: list[Path]) -> None:
    """Refuse train/ and test/ within the classes: read as parts of the class they would mix the sets."""
    for path in classes[:100]:
        inside = [each.name for each in _folders(path) if each.name.lower() in SETS]
        if len(inside) > 1:
            raise DataInvalid(
                f"{root} holds {path.name}/{inside[0]}/ and {path.name}/{inside[1]}/; expected it the other way round, "
                f"{inside[0]}/{path.name}/ and {inside[1]}/{path.name}/"
            )


def _list_set(folder: Path, counts: _Counts) -> dict[str, list[Path]]:
    """The image files of each class of one set, as far as it has any."""
    classes: dict[str, list[Path]] = {}
    for path in _entries(folder, counts):
        if not path.is_dir():
            _sort(path, counts.loose, counts)
            continue
        files: list[Path] = []
        _walk(path, files, counts, 0)
        if files:
            classes[path.name] = files
        else:
            counts.empty.append(path)
    return classes


def _walk(folder: Path, files: list[Path], counts: _Counts, depth: int) -> None:
    """All images of a class: its folder's own first, then those of the folders in it."""
    if depth > DEEPEST:
        raise DataInvalid(f"{folder} lies more than {DEEPEST} folders deep; {LAYOUT}")
    entries = _entries(folder, counts)
    inner = [path for path in entries if path.is_dir()]
    before = len(files)
    for path in entries:
        if path not in inner:
            # Links that lead nowhere, pipes and devices stay: reading one says what it is.
            _sort(path, files, counts)
    if depth:
        counts.deeper += files[before:]
    for path in inner:
        if path.is_symlink():  # it may lead back to where it stands
            counts.others.append(path)
        else:
            _walk(path, files, counts, depth + 1)


def _sort(path: Path, images: list[Path], counts: _Counts) -> None:
    suffix = path.suffix.lower()
    (images if suffix in SUFFIXES else counts.unread if suffix in UNREAD else counts.others).append(path)


def _entries(folder: Path, counts: _Counts) -> list[Path]:
    """What a folder holds, in alphabetical order; hidden files are counted."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in islice(entries, MOST_ENTRIES + 1))
    counts.entries += len(names)
    if len(names) > MOST_ENTRIES or counts.entries > 2 * MOST_ENTRIES:
        raise DataInvalid(f"{folder} holds more than {MOST_ENTRIES:,} files; use fewer, or IDX files instead")
    counts.hidden += [folder / name for name in names if is_hidden(name)]
    return [folder / name for name in names if not is_hidden(name)]


def _folders(folder: Path) -> list[Path]:
    return [path for name in visible_names(folder) if (path := folder / name).is_dir()]


def _has_images(folder: Path) -> bool:
    return any(Path(name).suffix.lower() in SUFFIXES for name in visible_names(folder))


def _notes(counts: _Counts) -> list[str]:
    """What was left out or read in another way than its place says, in sentences."""
    notes = list(counts.notes)
    if counts.deeper:
        notes.append(
            f"{_files(counts.deeper, 'image')} in folders inside a class's folder count as that class, such as "
            f"{counts.deeper[0]}"
        )
    if counts.unread:
        kinds = Counter(path.suffix.lower() for path in counts.unread)
        notes.append(
            f"left out {_files(counts.unread)} in formats that are not read "
            f"({', '.join(f'{kind}: {n:,}' for kind, n in kinds.most_common(5))}), such as {counts.unread[0]}; save "
            "them as PNG"
        )
    if counts.loose:
        notes.append(
            f"left out {_files(counts.loose, 'image')} outside the classes' folders, such as {counts.loose[0]}"
        )
    if counts.others:
        notes.append(f"left out {_files(counts.others, 'file')} of other kinds, such as {counts.others[0]}")
    if counts.empty:
        one = len(counts.empty) == 1
        names = shown(path.name for path in counts.empty)
        notes.append(
            f"left out the {'folder' if one else 'folders'} {names}, which {'holds' if one else 'hold'} no images"
        )
    if counts.hidden:
        notes.append(f"left out {_files(counts.hidden, 'hidden file')}, such as {counts.hidden[0]}")
    return notes


def _files(paths: list[Path], what: str = "file") -> str:
    return f"{len(paths):,} {what}{'' if len(paths) == 1 else 's'}"


def _nothing(folder: Path, counts: _Counts) -> str:
    """Why a folder gives no images, from what it really holds."""
    if counts.loose:
        return (
            f"{folder} holds {_files(counts.loose, 'image')} and no folders with images, so nothing says which class "
            "each is of; put those of a class into a folder with its name"
        )
    if counts.unread:
        return (
            f"{folder} holds images in a format that is not read ({counts.unread[0].name}); expected "
            f"{', '.join(SUFFIXES)}: save them as PNG"
        )
    names = visible_names(folder)
    arrays = any(Path(name).suffix.lower() in ARRAYS for name in names)
    more = "; arrays are read from one .npz: np.savez('data.npz', x_train=…, y_train=…)" if arrays else ""
    if not names:
        return f"{folder} is empty; {LAYOUT}"
    return f"{folder} holds no images ({', '.join(SUFFIXES)}); it holds {shown(names)}; {LAYOUT}{more}"
