"""Runs and studies that somebody has tampered with: does every verb end well, or with one sentence?

    python -m benchmarks.tampering --json evidence/tampering.json

A finished run, one that was stopped at its checkpoint, and a finished study are made from the tests' small data set.
Then each of their files is damaged in many ways, with the seal as it was and with checksums that fit the damaged file,
and every verb that reads that file is called, in this process.

How to read it: a case is one damaged folder. It passes if each verb ends well or raises a FashionlabError of one
sentence; it fails with any other exception, a verb that takes over 30 s, over 300 MB of additional memory here, or
anything changed outside of the folder. "Groups" count what failed, by exception and by the place that raised it.

Cost: some minutes on 2 cores; --most draws a sample.
"""

import argparse
import hashlib
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from benchmarks.common import ROOT, Evidence, announce, print_table
from fashionlab import lab
from fashionlab.errors import FashionlabError
from fashionlab.lab.study_job import make_page
from fashionlab.studies.folder import StudyFolder

SAMPLE = ROOT / "tests" / "data" / "fashion-sample.npz"
SETTINGS: dict[str, Any] = {"dataset": str(SAMPLE), "widths": (16,), "epochs": 1, "batch_size": 64}
QUIET = lab.ExecutionOptions(report=False, on_event=lambda event: None)

SECONDS = 30
MEGABYTES = 300

Tamper = Callable[[Path], None]
Verb = Callable[[Path], object]

HOSTILE_TEXT = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>\n# {{7*7}} | \u202e"
BAD_VALUES: dict[str, Any] = {
    "null": None,
    "text": HOSTILE_TEXT,
    "negative": -1,
    "huge": 10**30,
    "largest float": 1.7e308,
    "large": 2**40,
    "zero": 0,
    "empty list": [],
    "object": {"a": 1},
}
"""What is put in place of every field of a document."""

DOCUMENTS = {
    "run": ("recipe.json", "metrics.json", "environment.json", "complete.json", "derived/insight.json"),
    "half": ("recipe.json",),
    "study": ("study.json", "summary.json", "test.json", "evaluated.json"),
}
TABLES = {"run": ("history.csv", "norms.csv"), "half": (), "study": ()}
ARRAYS = {
    "run": ("weights.safetensors", "predictions.npz", "derived/insight.npz"),
    "half": ("checkpoint/state.safetensors",),
    "study": ("test.npz",),
}
LINES = {"run": (), "half": (), "study": ("failures.jsonl", "models/00.py")}


@dataclass(frozen=True)
class Case:
    """folder: which of the three is damaged; file: of it; way: how; fitted: the checksums are made to fit."""

    folder: str
    file: str
    way: str
    fitted: bool
    tamper: Tamper

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.folder}/{self.file}: {self.way}" + (", checksums fitted" if self.fitted else "")


def all_cases(originals: Path) -> list[Case]:
    """Every case, from the folders as they were made."""
    cases = []
    for folder in ("run", "half", "study"):
        ways: list[tuple[str, str, Tamper]] = []
        for name in (*DOCUMENTS[folder], *TABLES[folder], *ARRAYS[folder], *LINES[folder]):
            ways += [(name, way, tamper) for way, tamper in ways_of_any_file()]
        for name in DOCUMENTS[folder]:
            if (originals / folder / name).is_file():
                ways += [(name, way, tamper) for way, tamper in ways_of_document(originals / folder / name)]
        for name in TABLES[folder]:
            ways += [(name, way, tamper) for way, tamper in ways_of_table()]
        for name in ARRAYS[folder]:
            ways += [(name, way, tamper) for way, tamper in ways_of_arrays(originals / folder / name)]
        for name, way, tamper in ways:
            cases.append(Case(folder, name, way, False, tamper))
            if folder == "run" and name != "complete.json":
                cases.append(Case(folder, name, way, True, tamper))
    return cases


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
    yield "a link out", lambda path: _replace(path, lambda: path.symlink_to(_outside(path) / "file"))
    yield "a link to nothing", lambda path: _replace(path, lambda: path.symlink_to("/nonexistent/file"))
    yield "3 GB", lambda path: os.truncate(_present(path), 3 * 2**30)


def ways_of_document(original: Path) -> Iterator[tuple[str, Tamper]]:
    """Each field of a JSON document replaced, missing, or joined by an unknown one."""
    document = json.loads(original.read_bytes())
    for place in _places(document):
        field = ".".join(map(str, place))
        for what, value in BAD_VALUES.items():
            yield f"{field} is {what}", _editor(place, partial(_put, value))
        yield f"{field} is missing", _editor(place, _take)
    yield "an unknown field", _add_unknown


def _put(value: Any, parent: Any, key: Any) -> None:
    parent[key] = value


def _take(parent: Any, key: Any) -> None:
    parent.pop(key)


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


def ways_of_arrays(original: Path) -> Iterator[tuple[str, Tamper]]:
    """Each of the first arrays of a file with another length, shape, type, or with absurd values."""
    names = list(_arrays(original.read_bytes(), original.suffix)[0])
    changes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
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
    for name in names[:8]:
        for way, change in changes.items():
            yield f"{name} is {way}", partial(_edit_array, name, change)
        yield f"{name} is missing", partial(_lose_array, name)
    yield "an array more", partial(_edit_array, "extra", lambda _: np.zeros(3, np.float32))
    yield "no arrays", partial(_edit_arrays, change=lambda arrays: {})
    if original.suffix == ".npz":
        yield "a pickle", _pickle


def _edit_array(name: str, change: Callable[[np.ndarray], np.ndarray], path: Path) -> None:
    _edit_arrays(path, lambda arrays: {**arrays, name: change(arrays.get(name, np.zeros(0)))})


def _lose_array(name: str, path: Path) -> None:
    _edit_arrays(path, lambda arrays: {key: array for key, array in arrays.items() if key != name})


def _pickle(path: Path) -> None:
    file = io.BytesIO()
    np.savez(file, validation_logits=np.array([_Bomb(str(_outside(path) / "pickled"))], dtype=object))
    path.write_bytes(file.getvalue())


class _Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.path, "w")


def _outside(path: Path) -> Path:
    """The folder beside the scratch folder, which nothing may touch."""
    return next(parent for parent in path.parents if parent.name == "scratch").parent / "outside"


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
    path.write_text(json.dumps(change(json.loads(path.read_bytes()))), encoding="utf-8")


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
    """Make the run's seal, or its insight's checksums, agree with the damaged file."""
    path = run / file
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 2**30:
        return
    content = path.read_bytes()
    if file == "derived/insight.npz":
        _rewrite(run / "derived/insight.json", lambda d: {**d, "arrays_sha256": hashlib.sha256(content).hexdigest()})
    if file.startswith("derived/"):
        return
    seal = json.loads((run / "complete.json").read_bytes())
    seal["files"][file] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (run / "complete.json").write_text(json.dumps(seal), encoding="utf-8")
    if file == "weights.safetensors":
        digest = seal["files"][file]["sha256"]
        _rewrite(run / "derived/insight.json", lambda d: {**d, "weights": digest})


def make_originals(folder: Path) -> None:
    """The three folders that are damaged, under these names."""

    def keep_half(event: object) -> None:
        if type(event).__name__ == "ChunkDone" and not (folder / "half").exists():
            (made,) = (path for path in (folder / "made").iterdir() if path.is_dir())
            # Files that are being written have names that begin with a dot, and may be gone a moment later.
            shutil.copytree(made, folder / "half", ignore=shutil.ignore_patterns(".*"))

    options = lab.ExecutionOptions(report=True, on_event=keep_half, checkpoint_seconds=0.0)
    finished = lab.train(runs=folder / "made", execution=options, **SETTINGS)
    finished.path.rename(folder / "run")
    study = lab.study(changes=["dropout=0"], seeds=2, runs=folder / "studies", execution=QUIET, **SETTINGS)
    study.path.rename(folder / "study")
    failures = folder / "study" / "failures.jsonl"
    line = {"arm": "dropout=0", "seed": 0, "attempt": 1, "reason": HOSTILE_TEXT, "final": False}
    failures.write_text(json.dumps(line) + "\n", encoding="utf-8")


def _everything(run: Path) -> None:
    """Every property of an opened run."""
    opened = lab.open_run("it", runs=run.parent)
    repr(opened)
    _ = opened.metrics, opened.history, opened.recipe_for_refit()


def _figures(run: Path) -> None:
    # Drawn by `report` too, which is why they are not drawn here once more.
    for figure in lab.open_run("it", runs=run.parent).plots().values():
        repr(figure)


def _predict(run: Path) -> None:
    lab.open_run("it", runs=run.parent).predict(np.zeros((2, 28, 28), np.uint8))


def _study(folder: Path) -> None:
    opened = lab.open_study("it", runs=folder.parent)
    repr(opened)
    _ = opened.table(), opened.verdicts, opened.lines()


def _plot_each(run: Path) -> None:
    opened = lab.open_run("it", runs=run.parent)
    for figure in (opened.plot_confusion("validation"), opened.plot_history(), opened.plot_mistakes()):
        repr(figure)


RUN_VERBS: dict[str, Verb] = {
    "list_runs": lambda run: lab.list_runs(runs=run.parent),
    "show_run": lambda run: lab.show_run("it", runs=run.parent),
    "open_run": _everything,
    "plot": _plot_each,
    "plots": _figures,
    "report": lambda run: lab.report("it", runs=run.parent),
    "predict": _predict,
    "resume": lambda run: lab.resume("it", runs=run.parent, execution=QUIET),
    "delete_runs": lambda run: lab.delete_runs(["it"], runs=run.parent),
}
STUDY_VERBS: dict[str, Verb] = {
    "list_studies": lambda folder: lab.list_studies(runs=folder.parent),
    "open_study": _study,
    "page of the study": lambda folder: make_page(StudyFolder(folder)),
    "resume_study": lambda folder: lab.resume_study("it", runs=folder.parent, execution=QUIET),
    "delete_runs": lambda folder: lab.delete_runs(["it"], runs=folder.parent),
}  # fmt: skip


def verbs_of(case: Case) -> dict[str, Verb]:
    """Those that read the damaged file."""
    if case.folder == "study":
        return STUDY_VERBS
    if case.file in ("metrics.json", "history.csv", "norms.csv", "environment.json", "predictions.npz"):
        return {name: verb for name, verb in RUN_VERBS.items() if name != "predict"}
    return RUN_VERBS


class _TooLong(BaseException):
    """Raised by the alarm; no verb may catch it."""


def _alarm(*_: object) -> None:
    raise _TooLong


@dataclass(frozen=True)
class Fault:
    """What went wrong in a case. group: kind and place; text: the message."""

    case: str
    verb: str
    group: str
    text: str


def judge(case: Case, originals: Path, scratch: Path, slow: bool = True) -> list[Fault]:
    """Damage a fresh copy in `scratch`, call the verbs, and return what went wrong. slow: also those with workers."""
    shutil.rmtree(scratch, ignore_errors=True)
    place = scratch / "runs" / "it"
    shutil.copytree(originals / case.folder, place)
    outside = scratch.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "file").write_text("precious", encoding="utf-8")
    case.tamper(place / case.file)
    if case.fitted:
        fit_checksums(place, case.file)
    faults = []
    for name, verb in verbs_of(case).items():
        if not slow and name in ("resume_study", "resume", "predict"):
            continue
        if found := _call(verb, place):
            faults.append(Fault(case.name, name, *found))
    if sorted(path.name for path in outside.iterdir()) != ["file"] or (outside / "file").read_text() != "precious":
        faults.append(Fault(case.name, "", "changed something outside", ""))
    return faults


def _call(verb: Verb, place: Path) -> tuple[str, str] | None:
    """Group and text of what went wrong, or None."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(SECONDS)
    try:
        verb(place)
    except FashionlabError as error:
        text = str(error)
        worker = "worker task failed" in text or "broke its protocol" in text
        if worker:
            note = "".join(getattr(error, "__notes__", []))
            return f"worker: {text.partition(' with ')[2].partition(':')[0]} at {_place_of(note)}", text[:300]
        if "Traceback" in text or len(text) > 3000:
            return f"no sentence: {type(error).__name__}", text[:300]
    except _TooLong:
        return "takes too long", ""
    except Exception as error:  # what is looked for: an error that is not ours
        return f"{type(error).__name__} at {_place_of(traceback.format_exc())}", str(error)[:300]
    finally:
        signal.alarm(0)
    if (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 > MEGABYTES:
        return "takes too much memory", ""
    return None


def _place_of(trace: str) -> str:
    """The last line of ours in a traceback: "store/run.py:spec"."""
    ours = [line for line in trace.splitlines() if "/fashionlab/" in line and "File " in line]
    if not ours:
        return "?"
    path, _, name = ours[-1].strip().partition(", line")
    return f"{path.rpartition('/fashionlab/')[2].rstrip(chr(34))}:{name.rpartition(' in ')[2]}"


def measure(folder: Path, most: int | None, slow_share: float, match: str = "") -> dict[str, Any]:
    """Make the folders, judge the cases. slow_share: of the study's cases that are also resumed."""
    announce("a run, half a run and a study are made")
    make_originals(folder / "originals")
    cases, chance = all_cases(folder / "originals"), random.Random(0)
    cases = [case for case in cases if match in case.name]
    if most and most < len(cases):
        cases = chance.sample(cases, most)
    announce(f"{len(cases)} cases")
    faults: list[Fault] = []
    failed, resumed = 0, 0
    for number, case in enumerate(cases):
        if number % 100 == 0:
            announce(f"{number} of {len(cases)}, {failed} failed")
        slow = (case.folder == "run" and not case.file.startswith(("weights", "recipe", "derived"))) or (
            chance.random() < slow_share
        )  # fmt: skip
        resumed += slow
        found = judge(case, folder / "originals", folder / "case" / "scratch", slow)
        failed += bool(found)
        for fault in found:
            announce(f"{fault.case} ({fault.verb}): {fault.group}: {fault.text}")
        faults += found
    groups = Counter(fault.group for fault in faults)
    examples: dict[str, Fault] = {}
    for fault in faults:
        examples.setdefault(fault.group, fault)
    return {
        "cases": len(cases),
        "cases_by_file": dict(Counter(f"{case.folder}/{case.file}" for case in cases)),
        "with_workers": resumed,
        "failed": failed,
        "groups": [
            {"group": group, "calls": count, "case": examples[group].case, "verb": examples[group].verb,
             "text": examples[group].text}
            for group, count in groups.most_common()
        ],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, help="cases, drawn from all [all]")
    parser.add_argument(
        "--slow-share", type=float, default=0.1, help="of the cases that need new workers, made with them [0.1]"
    )
    parser.add_argument("--match", default="", help="cases whose name holds this text alone")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given = parser.parse_args()
    evidence = Evidence("tampering")
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder), given.most, given.slow_share, given.match)
    print_table(
        [["what failed", "calls"], *([each["group"], str(each["calls"])] for each in results["groups"])]
    )  # fmt: skip
    print(f"{results['failed']} of {results['cases']} cases failed")
    evidence.write(given.json, results["cases"], results)
    return 1 if results["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
