"""Workers that are kept for the next task."""

import os
import time
from types import NoneType

import pytest
from msgspec import Struct

from fashionlab.workers import Task, Worker, pool
from fashionlab.workers.pool import borrow

TASKS = """
import os
from fashionlab.errors import UsageError

def who(arguments, channel):
    return os.getpid()

def refuse(arguments, channel):
    raise UsageError("no")
"""


class Nothing(Struct):
    pass


WHO, REFUSE = Task("pool_tasks:who", int), Task("pool_tasks:refuse", NoneType)


@pytest.fixture(autouse=True)
def tasks(tmp_path, monkeypatch):
    (tmp_path / "pool_tasks.py").write_text(TASKS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pool.close_idle()
    yield
    pool.close_idle()


def who():
    with borrow("none") as worker:
        return worker.call(WHO, Nothing())


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_next_task_gets_the_same_process():
    assert who() == who()


def test_two_at_a_time_are_two_and_one_of_them_is_kept():
    with borrow("none") as first, borrow("none") as second:
        pids = {worker.call(WHO, Nothing()) for worker in (first, second)}
    assert len(pids) == 2
    assert who() in pids
    assert sum(map(gone, pids)) == 1


def test_a_worker_whose_task_failed_is_not_used_again():
    before = who()
    with pytest.raises(Exception, match="no"), borrow("none") as worker:
        worker.call(REFUSE, Nothing())
    assert gone(before)
    assert who() != before


def test_a_worker_that_died_meanwhile_is_replaced():
    with borrow("none") as worker:
        before = worker.call(WHO, Nothing())
    worker.kill()
    assert who() != before


@pytest.mark.parametrize("change", ["folder", "environment", "uses"])
def test_a_worker_that_a_new_one_would_differ_from_is_replaced(change, tmp_path, monkeypatch):
    before = who()
    if change == "folder":
        monkeypatch.chdir(tmp_path)
    elif change == "environment":
        monkeypatch.setenv("FASHIONLAB_DATA", "elsewhere")
    else:
        monkeypatch.setattr(pool, "MOST_USES", 1)
    assert who() != before
    assert gone(before)


def test_an_idle_worker_is_let_go_after_a_while(monkeypatch):
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.1)
    before, deadline = who(), time.monotonic() + 10
    while not gone(before) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert gone(before)


def test_train_predict_and_the_report_share_one_worker_that_loads_the_data_once(sample_path, tmp_path, monkeypatch):
    import fashionlab

    begun, init = [], Worker.__init__
    monkeypatch.setattr(Worker, "__init__", lambda self, *a, **k: (begun.append(a), init(self, *a, **k))[1])
    # Each load in the child writes a line.
    log = tmp_path / "loads"
    (tmp_path / "sitecustomize.py").write_text(
        "import fashionlab.data.dataset as d\n"
        "_read = d.load\n"
        f"def load(*a, **k):\n    open({str(log)!r}, 'a').write('load\\n'); return _read(*a, **k)\n"
        "d.load = load\n"
        "import fashionlab.data\nfashionlab.data.load = load\n"
    )
    run = fashionlab.train("mlp", dataset=str(sample_path), widths=(8,), epochs=1, runs=tmp_path / "runs")
    run.predict(fashionlab.load(str(sample_path)).images[:5])
    again = fashionlab.train("mlp", dataset=str(sample_path), widths=(8,), epochs=1, seed=1, runs=tmp_path / "runs")
    assert again.metrics.test.n == 200
    assert len(begun) == 1
    assert log.read_text().count("load") == 1
