"""Worker processes: errors arrive as what they are, and a worker's death is told."""

import os
import signal
import sys
from pathlib import Path
from types import NoneType

import msgspec
import pytest
from msgspec import Struct

from fashionlab.errors import Interrupted, UsageError, WorkerError
from fashionlab.workers import Task, Worker
from fashionlab.workers.events import FitDone
from fashionlab.workers.parent import new_scratch

TASKS = """
import os, signal, sys, time
from msgspec import Struct
from fashionlab.errors import UsageError, Interrupted
from fashionlab.workers.events import FitDone

class Terms(Struct):
    a: int
    b: int = 0

def add(arguments: Terms, channel):
    print("noise on standard output")
    channel.emit(FitDone(arguments.a, "half"))
    return {"sum": arguments.a + arguments.b, "backend": os.environ["KERAS_BACKEND"]}

def refuse(arguments, channel):
    raise UsageError("given 1, expected 2")

def fault(arguments, channel):
    raise ZeroDivisionError("by zero")

def die_untidily(arguments, channel):
    import tempfile
    open(tempfile.mkstemp()[1], "w").close()
    os.kill(os.getpid(), signal.SIGKILL)

def die(arguments, channel):
    print("last words", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

def until_stopped(arguments, channel):
    channel.emit(FitDone(0, "started"))
    while not channel.stop_requested():
        time.sleep(0.01)
    raise Interrupted("stopped")

def deaf(arguments, channel):
    while True:
        channel.emit(FitDone(0, "still here"))
        time.sleep(0.2)

def odd(arguments, channel):
    return {"value": object()}

def leave(arguments, channel):
    sys.exit("leaving")
"""


class Terms(Struct):
    a: int = 1
    b: int | str = 1


class Sum(Struct):
    sum: int
    backend: str


ADD = Task("some_tasks:add", Sum)


def task(name):
    return Task(f"some_tasks:{name}", NoneType)


@pytest.fixture
def worker(tmp_path, monkeypatch):
    (tmp_path / "some_tasks.py").write_text(TASKS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Worker() as worker:
        yield worker


def test_a_task_gets_arguments_sends_events_and_returns_a_result(worker):
    events = []
    for b in (2, 3):
        result = worker.call(ADD, Terms(1, b), events.append)
        assert result == Sum(1 + b, "jax")
    assert events == [FitDone(1, "half")] * 2


def test_arguments_and_results_of_other_types_are_refused_and_the_worker_goes_on(worker):
    with pytest.raises(WorkerError, match=r"Expected `int`, got `str` - at `\$.b`"):
        worker.call(ADD, Terms(1, "many"))
    with pytest.raises(msgspec.ValidationError, match="Expected `null`, got `object`"):
        worker.call(task("add"), Terms())
    assert worker.call(ADD, Terms()).sum == 2


def test_our_errors_arrive_as_they_were_raised_and_the_worker_goes_on(worker):
    with pytest.raises(UsageError, match="given 1, expected 2"):
        worker.call(task("refuse"), Terms())
    with pytest.raises(WorkerError, match="ZeroDivisionError: by zero") as caught:
        worker.call(task("fault"), Terms())
    assert "Traceback" in caught.value.__notes__[0]
    assert worker.call(ADD, Terms()).sum == 2


def test_a_workers_death_is_an_error_with_its_last_words(worker):
    with pytest.raises(WorkerError, match="killed by signal 9") as caught:
        worker.call(task("die"), Terms())
    assert "last words" in caught.value.__notes__[0]


def test_what_a_killed_worker_leaves_in_the_temporary_folder_goes_with_it(worker, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    with Worker("none") as doomed, pytest.raises(WorkerError, match="killed by signal 9"):
        doomed.call(task("die_untidily"), Terms())
    assert set(tmp_path.iterdir()) - before <= {tmp_path / "__pycache__"}


@pytest.fixture(autouse=True)
def hear_ctrl_c():
    """A test run in the background inherits an ignored SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c(event):
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_asks_the_task_to_stop_and_the_worker_goes_on(worker):
    with pytest.raises(Interrupted, match="stopped"):
        worker.call(task("until_stopped"), Terms(), press_ctrl_c)
    assert worker.call(ADD, Terms()).sum == 2


def test_ctrl_c_is_heard_even_if_the_task_comes_to_its_end(worker):
    with pytest.raises(Interrupted, match="stopped"):
        worker.call(ADD, Terms(), press_ctrl_c)


def test_a_second_ctrl_c_ends_a_task_that_does_not_listen(worker):
    with pytest.raises(Interrupted, match="stopped at once"):
        worker.call(task("deaf"), Terms(), press_ctrl_c)


def test_what_a_task_cannot_return_and_what_it_exits_with_are_errors_not_deaths(worker):
    with pytest.raises(WorkerError, match="type object is unsupported"):
        worker.call(task("odd"), Terms())
    with pytest.raises(WorkerError, match="SystemExit"):
        worker.call(task("leave"), Terms())
    assert worker.call(ADD, Terms()).sum == 2


def test_a_worker_may_be_pinned_to_a_core_and_its_parent_keeps_its_own(tmp_path, monkeypatch):
    (tmp_path / "affinity.py").write_text("import os\ndef cores(a, c): return sorted(os.sched_getaffinity(0))")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    before = os.sched_getaffinity(0)
    core = max(before)
    with Worker("none", core=core) as worker:
        assert worker.call(Task("affinity:cores", list), Terms()) == [core]
    assert os.sched_getaffinity(0) == before


def test_a_worker_does_not_outlive_its_parent(tmp_path):
    import subprocess
    import time

    code = (
        "import os, signal\nfrom fashionlab.workers import Worker\nw = Worker()\n"
        "print(w._child.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    pid = int(answer.stdout)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().split()[2]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the worker still runs")


def test_a_worker_sweeps_what_nobody_is_left_to_remove(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folders = {name: new_scratch() for name in ("forsaken", "in use", "young")}
    foreign = tmp_path / "fashionlab-worker-foreign"
    foreign.mkdir()
    (tmp_path / "fashionlab-worker-link").symlink_to(tmp_path)
    for name in ("forsaken", "young"):
        os.close(folders[name][1])  # as when its owner is killed
    for path in (folders["forsaken"][0], folders["in use"][0], foreign):
        os.utime(path, (0, 0))
    last, lock = new_scratch()
    left = {path.name for path in tmp_path.iterdir()}
    kept = {folders["in use"][0].name, folders["young"][0].name, foreign.name, "fashionlab-worker-link", last.name}
    assert left == kept
    os.close(lock)
    os.close(folders["in use"][1])
