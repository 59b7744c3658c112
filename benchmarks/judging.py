"""How a case of damage is judged: what a verb says, takes and leaves behind.

A case passes if its verb ends well or raises a FashionlabError of one sentence. It fails with any other exception, a
warning of Python's, more than 30 s, 300 MB more memory than the same verb takes on sound files (here or in a worker),
and with anything executed, written or lost outside of what was damaged.
"""

import contextlib
import io
import os
import resource
import shutil
import signal
import time
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from fashionlab.errors import FashionlabError

SECONDS = 30
MEGABYTES = 300
LONGEST_SENTENCE = 1500

USUAL_WORKER = 600.0
"""MB of a new worker, where none was measured."""

HOSTILE_MODULE = "hostile.py"
"""A model file outside of everything; executed, it leaves a file beside itself."""

HOSTILE_CODE = """
from pathlib import Path

Path({target!r}).write_text("executed")


def build(image_shape, classes):
    raise SystemExit(7)
"""

KEPT = {"file", HOSTILE_MODULE}


class Fault(Struct, frozen=True):
    """What went wrong in a case. group: kind and place; text: the message."""

    case: str
    verb: str
    group: str
    text: str


class _TooLong(BaseException):
    """Raised by the alarm; no verb may catch it."""


class Judge:
    """Judges cases in a folder of its own: `scratch` holds what is damaged, `outside` what nothing may touch."""

    def __init__(self, work: Path) -> None:
        self.scratch, self.outside = work / "scratch", work / "outside"
        self._work, self._normal = work, Counter[str]()
        self._worker: float | None = None
        self.seconds = defaultdict[str, float](float)
        """That the verbs took in all, by name."""
        self._make_outside()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Relative paths and temporary files of this process lie in the folder, too, where they are seen."""
        for name in ("cwd", "tmp"):
            (self._work / name).mkdir(exist_ok=True)
        before = {name: os.environ.get(name) for name in ("TMPDIR",)}
        os.environ["TMPDIR"] = str(self._work / "tmp")
        try:
            with contextlib.chdir(self._work / "cwd"):
                yield
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})

    def learn(self, verb: str, work: Callable[[], object]) -> None:
        """Measure what a verb takes on sound files; where it fails on those, nothing can be said. Raises its error."""
        memory = Memory()
        with contextlib.redirect_stderr(io.StringIO()):
            work()
        here, workers = memory.growth(0.0)
        self._normal[verb] = max(self._normal[verb], int(here))
        self._worker = max(self._worker or 0.0, workers)

    def call(self, case: str, verb: str, work: Callable[[], object]) -> list[Fault]:
        """Execute a verb on damaged files; the fault, if there is one."""
        memory, found, start = Memory(), None, time.monotonic()
        with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("default")
            warnings.simplefilter("ignore", ResourceWarning)
            found = _outcome_of(work)
        self.seconds[verb] += time.monotonic() - start
        here, workers = memory.growth(USUAL_WORKER if self._worker is None else self._worker)
        if not found and max(here - self._normal[verb], workers) > MEGABYTES:
            found = "takes too much memory", f"{here:.0f} MB here, {workers:.0f} MB in a worker"
        if not found and warned:
            found = f"warning: {warned[0].category.__name__}", f"{warned[0].message} at {warned[0].filename}"
        return [Fault(case, verb, *found)] if found else []

    def traces(self, case: str, allowed: Callable[[str], bool]) -> list[Fault]:
        """What was executed, written or lost outside. allowed: names that may lie beside what was damaged."""
        faults = []
        names = {path.name for path in self.outside.iterdir()}
        if names != KEPT or (self.outside / "file").read_text(encoding="utf-8") != "precious":
            faults.append(Fault(case, "", "changed something outside", ", ".join(sorted(names - KEPT))))
            shutil.rmtree(self.outside)
            self._make_outside()
        places = [self._work, self._work / "cwd", self._work / "tmp", self.scratch]
        expected = {"scratch", "outside", "cwd", "tmp", "runs"}
        left = [path for place in places if place.is_dir() for path in place.iterdir() if path.name not in expected]
        runs = self.scratch / "runs"
        left += [path for path in runs.iterdir() if not allowed(path.name)] if runs.is_dir() else []
        if left:
            faults.append(Fault(case, "", "left something behind", str(left[0].relative_to(self._work))))
            for path in left:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return faults

    def _make_outside(self) -> None:
        self.outside.mkdir(parents=True, exist_ok=True)
        (self.outside / "file").write_text("precious", encoding="utf-8")
        code = HOSTILE_CODE.format(target=str(self.outside / "executed"))
        (self.outside / HOSTILE_MODULE).write_text(code, encoding="utf-8")


def outside_of(path: Path) -> Path:
    """The folder beside the scratch folder in which `path` lies."""
    return next(parent for parent in path.parents if parent.name == "scratch").parent / "outside"


class Memory:
    """The most memory, in MB, that this process and its workers take from here on."""

    def __init__(self) -> None:
        self._before = {pid: _megabytes(pid, "VmRSS") for pid in _family()}
        self._dead = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        for pid in self._before:
            with contextlib.suppress(OSError):
                # 5: set the high water mark back to what is resident now (man 5 proc).
                Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")

    def growth(self, new_worker: float) -> tuple[float, float]:
        """Of this process, and the largest of its workers, those included that have ended. new_worker: MB that one may
        take which was not there before."""
        peaks = {pid: _megabytes(pid, "VmHWM") - self._before.get(pid, new_worker) for pid in _family()}
        dead = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        here = peaks.pop(os.getpid())
        return here, max([0.0, *peaks.values(), dead - new_worker if dead > self._dead else 0.0])


def _family() -> list[int]:
    found = [os.getpid()]
    for path in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in path.read_text(encoding="ascii").split()]
    return found


def _megabytes(pid: int, field: str) -> float:
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
        return int(next(line for line in lines if line.startswith(f"{field}:")).split()[1]) / 1024
    return 0.0


def _outcome_of(work: Callable[[], object]) -> tuple[str, str] | None:
    """Group and text of what went wrong, or None."""
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(SECONDS)
    try:
        work()
    except FashionlabError as error:
        return _fault_of_sentence(error)
    except _TooLong:
        return "takes too long", place_of(traceback.format_exc())
    except Exception as error:  # what is looked for: an error that is not ours
        return f"{type(error).__name__} at {place_of(traceback.format_exc())}", str(error)[:300]
    finally:
        signal.alarm(0)
    return None


def _fault_of_sentence(error: FashionlabError) -> tuple[str, str] | None:
    text = str(error)
    if "worker task failed" in text or "broke its protocol" in text or "worker died" in text:
        note = "".join(getattr(error, "__notes__", []))
        return f"worker: {text.partition(' with ')[2].partition(':')[0]} at {place_of(note)}", text[:300]
    if not text.strip() or "Traceback" in text or len(text) > LONGEST_SENTENCE:
        return f"no sentence: {type(error).__name__} at {place_of(traceback.format_exc())}", text[:300]
    return None


def _alarm(*_: object) -> None:
    raise _TooLong


def place_of(trace: str) -> str:
    """The last line of ours in a traceback: "store/run.py:spec"."""
    ours = [line for line in trace.splitlines() if "/fashionlab/" in line and "File " in line]
    if not ours:
        return "?"
    path, _, name = ours[-1].strip().partition(", line")
    return f"{path.rpartition('/fashionlab/')[2].rstrip(chr(34))}:{name.rpartition(' in ')[2]}"


def grouped(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """By group: how many calls, and the first as an example."""
    first: dict[str, Fault] = {}
    for fault in faults:
        first.setdefault(fault.group, fault)
    return [
        {"group": group, "calls": count, "case": first[group].case, "verb": first[group].verb,
         "text": first[group].text}
        for group, count in Counter(fault.group for fault in faults).most_common()
    ]  # fmt: skip


def contents(run: Path) -> dict[str, bytes]:
    """The files of a run that can not be made again, by name."""
    return {path.name: path.read_bytes() for path in sorted(run.iterdir()) if path.is_file()}
