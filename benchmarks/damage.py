"""How a file of a run or a study is damaged: each way by name, as a function of the file's path."""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from benchmarks.judging import HOSTILE_MODULE, outside_of

Tamper = Callable[[Path], object]

HOSTILE_TEXT = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>\n# {{7*7}} | \u202e"

OWN_CODE = "a model file that writes"
"""In a document, stands for the path of that file, which lies outside of everything that may be read."""

BAD_VALUES: dict[str, Any] = {
    "null": None,
    "text": HOSTILE_TEXT,
    "code": OWN_CODE,
    "negative": -1,
    "huge": 10**30,
    "largest float": 1.7e308,
    "large": 2**40,
    "zero": 0,
    "empty list": [],
    "object": {"a": 1},
}
"""What is put in place of every field of a document."""


def ways_of_any_file() -> Iterator[tuple[str, Tamper]]:
    """What may happen to a file whatever it holds."""
    contents: dict[str, Callable[[bytes], bytes]] = {
        "empty": lambda old: b"",
        "cut in half": lambda old: old[: len(old) // 2],
        "last byte lost": lambda old: old[:-1],
        "first byte flipped": lambda old: bytes([old[0] ^ 1]) + old[1:] if old else b"\x01",
        "middle byte flipped": _flip_middle,
        "NaN": lambda old: b"NaN",
        "10,000 brackets": lambda old: b"[" * 10_000,
        "not UTF-8": lambda old: b"\xff\xfe\x80" + old,
        "more behind it": lambda old: old + b"more" * 3000,
        "control characters": lambda old: HOSTILE_TEXT.encode(),
    }
    # mypy cannot tell the type of a parameter that only binds the loop's variable, here and below.
    for way, change in contents.items():
        yield way, lambda path, change=change: path.write_bytes(change(_content(path)))  # type: ignore[misc]
    yield "missing", lambda path: path.unlink(missing_ok=True)
    yield "a folder", lambda path: _replace(path, lambda: path.mkdir())
    yield "a pipe", lambda path: _replace(path, lambda: os.mkfifo(path))
    yield "a link out", lambda path: _replace(path, lambda: path.symlink_to(outside_of(path) / "file"))
    yield "a link to nothing", lambda path: _replace(path, lambda: path.symlink_to("/nonexistent/file"))
    yield "3 GB", lambda path: os.truncate(_present(path), 3 * 2**30)
    yield "code", lambda path: path.write_bytes((outside_of(path) / HOSTILE_MODULE).read_bytes())


def ways_of_document(content: bytes) -> Iterator[tuple[str, Tamper]]:
    """Each field of a JSON document replaced, missing, or joined by an unknown one."""
    document = json.loads(content)
    for place in _places(document):
        field = ".".join(map(str, place))
        for what, value in BAD_VALUES.items():
            yield f"{field} is {what}", _editor(place, partial(_put, value))
        yield f"{field} is missing", _editor(place, _take)
    yield "an unknown field", _add_unknown
    for place in _places(document):
        if place[-2:] == ("model", "name"):
            yield f"{'.'.join(map(str, place))} is code without a hash", partial(_name_code, place)


def _put(value: Any, parent: Any, key: Any) -> None:
    parent[key] = value


def _take(parent: Any, key: Any) -> None:
    parent.pop(key)


def _name_code(place: tuple[str | int, ...], path: Path) -> None:
    """A model file's path in place of the model's name, as if the model were of the registry."""
    _editor(place, partial(_put, OWN_CODE))(path)
    _editor((*place[:-3], "model_sha256"), partial(_put, None))(path)


def _add_unknown(path: Path) -> None:
    _rewrite(path, lambda found: {**found, "unknown": HOSTILE_TEXT} if isinstance(found, dict) else found)


def ways_of_table() -> Iterator[tuple[str, Tamper]]:
    """Other columns, rows and cells."""
    changes: dict[str, Callable[[list[list[str]]], list[list[str]]]] = {
        "no rows": lambda rows: rows[:1],
        "rows twice": lambda rows: [*rows, *rows[1:]],
        "a column less": lambda rows: [row[:-1] for row in rows],
        "a column more": lambda rows: [[*row, "7"] for row in rows],
        "a cell less": lambda rows: [*rows[:-1], rows[-1][:-1]],
        **{
            f"cells of column {column} are {value[:12]!r}": lambda rows, c=column, v=value: [  # type: ignore[misc]
                rows[0], *([*row[:c], v, *row[c + 1 :]] for row in rows[1:])
            ]
            for column in range(4)
            for value in ("nan", "inf", "-1", "1e308", "9" * 40, "", HOSTILE_TEXT.replace("\n", " "), "9" * 5000)
        },
    }  # fmt: skip
    for way, change in changes.items():
        yield way, lambda path, change=change: _edit_table(path, change)  # type: ignore[misc]


ARRAY_CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "shorter": lambda a: a[:-1] if a.ndim else a.reshape(1),
    "longer": lambda a: np.concatenate([a, a]) if a.ndim else np.stack([a, a]),
    "without rows": lambda a: a[:0] if a.ndim else np.empty(0, a.dtype),
    "of one more axis": lambda a: a[None],
    "flat": lambda a: a.reshape(-1),
    "a column less": lambda a: a[..., :-1] if a.ndim else a,
    "float64": lambda a: a.astype(np.float64),
    "int8": lambda a: a.astype(np.int8),
    "all NaN": lambda a: np.full_like(a, np.nan) if a.dtype.kind == "f" else np.full_like(a, np.iinfo(a.dtype).max),
    "infinite": lambda a: np.full_like(a, np.inf if a.dtype.kind == "f" else np.iinfo(a.dtype).min),
    "largest": lambda a: np.full_like(a, 3e38 if a.dtype.kind == "f" else 100_000 % np.iinfo(a.dtype).max),
    "negative": lambda a: -np.ones_like(a) if a.dtype.kind != "u" else a,
}
"""What is done to an array."""


def ways_of_arrays(original: Path) -> Iterator[tuple[str, Tamper]]:
    """Each of the first arrays of a file with another length, shape, type, or with absurd values."""
    names = list(_arrays(original.read_bytes(), original.suffix)[0])
    for name in names[:8]:
        for way, change in ARRAY_CHANGES.items():
            yield f"{name} is {way}", partial(_edit_array, name, change)
        yield f"{name} is missing", partial(_lose_array, name)
    yield "an array more", partial(_edit_array, "extra", lambda _: np.zeros(3, np.float32))
    yield "no arrays", partial(_edit_arrays, change=lambda arrays: {})
    if original.suffix == ".npz":
        yield "a pickle", _pickle


STRANGERS = {
    "a function": ("FunctionNode", "os", "system"),
    "a type": ("TypeNode", "os", "system"),
    "another class": ("ObjectNode", "subprocess", "Popen"),
    "a method": ("MethodNode", "builtins", "function"),
    "an operator": ("OperatorFuncNode", "operator", "methodcaller"),
    "a constructor": ("ConstructorFromReduceNode", "builtins", "eval"),
}
"""Objects that a fitted estimator does not have: loader, module, class."""


def ways_of_estimator(original: Path) -> Iterator[tuple[str, Tamper]]:
    """Of a fitted estimator in skops' archive: its document as any document, and with other objects in it; its arrays
    as any arrays; other members."""
    with zipfile.ZipFile(original) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for way, tamper in ways_of_document(members[DOCUMENT]):
        yield f"document: {way}", partial(_edit_member, DOCUMENT, tamper)
    places = [place[:-1] for place in _places(json.loads(members[DOCUMENT]), 3) if place[-1] == "__class__"]
    for place in places:
        for what, marks in STRANGERS.items():
            put = partial(_put_marks, marks)
            where = ".".join(map(str, place)) or "all"
            yield f"document: {where} is {what}", partial(_edit_member, DOCUMENT, _editor((*place, "__class__"), put))
    for name in [name for name in members if name.endswith(".npy")][:8]:
        for way, change in ARRAY_CHANGES.items():
            yield f"{name} is {way}", partial(_edit_member, name, partial(_edit_npy, change))
        yield f"{name} is a pickle", partial(_edit_member, name, _pickle_npy)
        yield f"{name} is missing", partial(_edit_members, methodcaller("pop", name))
    yield "no document", partial(_edit_members, lambda found: found.pop(DOCUMENT))
    yield "no members", partial(_edit_members, lambda found: found.clear())
    yield "a member outside", partial(_edit_members, lambda found: found.update({"../../outside.txt": b"out"}))
    yield "a bomb", partial(_edit_members, lambda found: found.update({DOCUMENT: b"[" + b" " * 2**27 + b"]"}))


DOCUMENT = "schema.json"
"""Of an archive of skops."""


def _put_marks(marks: tuple[str, str, str], parent: Any, key: Any) -> None:
    parent.update(zip(("__loader__", "__module__", key), marks, strict=True))


def _edit_member(name: str, tamper: Tamper, path: Path) -> None:
    """Damage a member of an archive as a file: beside it, as a way may lead out of there."""
    part = path.with_name(f"member{Path(name).suffix}")

    def edit(members: dict[str, bytes]) -> None:
        part.write_bytes(members[name])
        tamper(part)
        members[name] = part.read_bytes()
        part.unlink()

    _edit_members(edit, path)


def _edit_members(change: Callable[[dict[str, bytes]], object], path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _edit_npy(change: Callable[[np.ndarray], np.ndarray], path: Path) -> None:
    with np.errstate(all="ignore"):
        changed = change(np.load(path, allow_pickle=False))
    np.save(path, changed)


def _pickle_npy(path: Path) -> None:
    np.save(path, np.array([Bomb(str(outside_of(path) / "pickled"))], dtype=object), allow_pickle=True)


def _edit_array(name: str, change: Callable[[np.ndarray], np.ndarray], path: Path) -> None:
    _edit_arrays(path, lambda arrays: {**arrays, name: change(arrays.get(name, np.zeros(0)))})


def _lose_array(name: str, path: Path) -> None:
    _edit_arrays(path, lambda arrays: {key: array for key, array in arrays.items() if key != name})


def _pickle(path: Path) -> None:
    file = io.BytesIO()
    np.savez(file, validation_logits=np.array([Bomb(str(outside_of(path) / "pickled"))], dtype=object))
    path.write_bytes(file.getvalue())


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.path, "w")


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _present(path: Path) -> Path:
    path.touch()
    return path


def _flip_middle(old: bytes) -> bytes:
    middle = len(old) // 2
    return old[:middle] + bytes([old[middle] ^ 4]) + old[middle + 1 :] if old else b"\x04"


def _replace(path: Path, make: Callable[[], object]) -> None:
    path.unlink(missing_ok=True)
    make()


def _places(document: Any, most_items: int = 1) -> Iterator[tuple[str | int, ...]]:
    """The path of each field; of lists of the first item alone."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(document, dict):
        items = list(document.items())
    elif isinstance(document, list):
        items = list(enumerate(document[:most_items]))
    for key, value in items:
        yield (key,)
        for rest in _places(value):
            yield (key, *rest)


def _editor(place: tuple[str | int, ...], change: Callable[[Any, Any], object]) -> Tamper:
    def edit(path: Path) -> None:
        def at_place(document: Any) -> Any:
            parent = document
            for key in place[:-1]:
                parent = parent[key]
            change(parent, place[-1])
            return document

        _rewrite(path, at_place)

    return edit


def _rewrite(path: Path, change: Callable[[Any], Any]) -> None:
    text = json.dumps(change(json.loads(path.read_bytes())))
    code = json.dumps(str(outside_of(path) / HOSTILE_MODULE) + ":build")
    path.write_text(text.replace(json.dumps(OWN_CODE), code), encoding="utf-8")


def _edit_table(path: Path, change: Callable[[list[list[str]]], list[list[str]]]) -> None:
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("".join(",".join(row) + "\n" for row in change(rows)), encoding="utf-8")


def _arrays(content: bytes, suffix: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    if suffix == ".npz":
        with np.load(io.BytesIO(content)) as found:
            return dict(found), {}
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return load_tensors(content), header.get("__metadata__", {})


def _edit_arrays(path: Path, change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]) -> None:
    """Write the arrays anew; a checkpoint's own checksum is made to fit."""
    arrays, metadata = _arrays(path.read_bytes(), path.suffix)
    with np.errstate(all="ignore"):
        changed = change(arrays)
    if path.suffix == ".npz":
        file = io.BytesIO()
        np.savez(file, **changed)  # type: ignore[arg-type]  # numpy's stub takes the names for its own keywords
        path.write_bytes(file.getvalue())
        return
    if "sha256" in metadata:
        from fashionlab.store import Run
        from fashionlab.store.checkpoint import _digest

        identity = Run(path.parents[1]).spec.identity
        metadata["sha256"] = _digest(identity, metadata["progress"], changed)
    path.write_bytes(save_tensors({name: np.ascontiguousarray(a) for name, a in changed.items()}, metadata))


def fit_checksums(run: Path, file: str) -> None:
    """Make the run's seal, the hash in its recipe, or its insight's checksums agree with the damaged file."""
    path = run / file
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 2**30:
        return
    content = path.read_bytes()
    if file == "derived/insight.npz":
        _rewrite(run / "derived/insight.json", lambda d: {**d, "arrays_sha256": hashlib.sha256(content).hexdigest()})
    if file.startswith("derived/"):
        return
    if file == "model.py":
        _rewrite(run / "recipe.json", lambda d: {**d, "model_sha256": hashlib.sha256(content).hexdigest()})
        fit_checksums(run, "recipe.json")
    if not (run / "complete.json").is_file():
        return
    seal = json.loads((run / "complete.json").read_bytes())
    seal["files"][file] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (run / "complete.json").write_text(json.dumps(seal), encoding="utf-8")
    if file == "weights.safetensors" and (run / "derived/insight.json").is_file():
        digest = seal["files"][file]["sha256"]
        _rewrite(run / "derived/insight.json", lambda d: {**d, "weights": digest})
