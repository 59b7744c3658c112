"""What a study on a cluster is made of, without a cluster: data, runs, workers, versions, addresses, losses."""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import fakes
import loopback
import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from fashionlab.data import load
from fashionlab.data.transfer import TransferNote, note_of, receive
from fashionlab.errors import DataInvalid, RunCorrupt, UsageError, WorkerError
from fashionlab.lab import ExecutionOptions
from fashionlab.lab.origin import origins_of
from fashionlab.lab.study_job import run_study
from fashionlab.machine import usable_cores
from fashionlab.models.own.source import OwnSource
from fashionlab.recipe.config import ModelConfig
from fashionlab.store import Run
from fashionlab.studies.events import RunLost
from fashionlab.studies.execution import address, node
from fashionlab.studies.execution.address import check_executor
from fashionlab.studies.execution.drive import LOSSES
from fashionlab.studies.execution.local import Job, LocalExecutor, News
from fashionlab.studies.execution.tasks import RunOneArguments
from fashionlab.studies.execution.transfer import pack, unpack
from fashionlab.studies.execution.versions import SOURCE, first_difference, software
from fashionlab.studies.folder import StudyFolder
from fashionlab.studies.summary import RunCounts
from fashionlab.workers.events import TrainingStarted

OWN = """
import keras
from parts.head import Dense

def build(image_shape, classes):
    return keras.Sequential([keras.Input(image_shape), keras.layers.Flatten(), Dense(classes)])
"""


@pytest.fixture(scope="module")
def job():
    arm = fakes.make_plan().arms[0]
    return Job("00-baseline-seed3-1", arm.spec.with_seed(3), None)


@pytest.fixture
def made(job, tmp_path, monkeypatch):
    """A finished run of the job."""
    monkeypatch.setenv("FAKES", str(tmp_path))
    arguments = RunOneArguments(job.spec, None, str(tmp_path / "made"), None)

    class Deaf:
        def emit(self, event):
            pass

    return Run(Path(fakes.make_up(arguments, Deaf()).folder))


@pytest.mark.parametrize("name", [fakes.SAMPLE, "digits"])
def test_a_dataset_travels_without_its_test_set_and_is_known_by_its_hash(name):
    sent = load(name)
    note = msgspec.json.decode(msgspec.json.encode(note_of(sent)), type=TransferNote)
    received = receive(sent.images.copy(), sent.labels.copy(), note)
    assert (received.sha256, received.class_names, received.test.size) == (sent.sha256, sent.class_names, 0)
    assert not received.images.flags.writeable
    assert (received.split(5).train == sent.split(5).train).all()
    for change in ("image", "label", "name", "test"):
        images, labels, altered = sent.images.copy(), sent.labels.copy(), note
        if change == "image":
            images[7, 3, 3] ^= 1
        elif change == "label":
            labels[0] = (labels[0] + 1) % 10
        elif change == "name":
            altered = replace(note, class_names=("!", *note.class_names[1:]))
        else:
            altered = replace(note, test_sha256s=("0" * 64, note.test_sha256s[1]))
        with pytest.raises(DataInvalid, match="it was altered on its way"):
            receive(images, labels, altered)


def test_a_run_travels_as_the_bytes_of_its_files(made, job, tmp_path):
    arrived = Run(unpack(pack(made.path), tmp_path / "there" / "run", job))
    assert arrived.complete
    for path in made.path.iterdir():
        if path.is_file():
            assert (arrived.path / path.name).read_bytes() == path.read_bytes()


def test_what_is_not_the_run_is_refused(made, job, tmp_path):
    files, place = pack(made.path), tmp_path / "there"
    without = {name: content for name, content in files.items() if name != "weights.safetensors"}
    for odd in (without, {**files, "../../evil": b""}, {**files, "model.py": b"import os"}, {}):
        with pytest.raises(RunCorrupt, match="is no run: it lacks, or has too many of, "):
            unpack(odd, place, job)
        assert not place.exists()
    with pytest.raises(RunCorrupt, match="is not the file that was sealed"):
        unpack({**files, "predictions.npz": files["predictions.npz"][:-1] + b"x"}, place, job)
    with pytest.raises(RunCorrupt, match="is another run"):
        unpack(files, place, Job(job.key, replace(job.spec, results_version=0), None))


def test_a_remote_worker_makes_a_run_with_the_data_it_was_sent(tmp_path, monkeypatch, job):
    loopback.share_programs(tmp_path)
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "cache"))
    for name in ("CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS"):
        monkeypatch.setenv(name, "")
    dataset = load(fakes.SAMPLE)
    # Nothing of that name is there: the data can only be those that were sent.
    data = replace(job.spec.recipe.data, dataset="/nowhere.npz")
    recipe = replace(job.spec.recipe, data=data, training=replace(job.spec.recipe.training, epochs=1))
    own = replace(recipe, model=ModelConfig("nowhere.py:build", {}))
    source = OwnSource(OWN.encode(), {"parts/head.py": b"from keras.layers import Dense\n"})
    plain, mine = replace(job.spec, recipe=recipe), replace(job.spec, recipe=own, model_sha256=source.sha256)
    jobs = {"one": Job("one", plain, None), "own": Job("own", mine, source)}
    worker = node.RemoteWorker(dataset.images, dataset.labels, note_of(dataset))
    other = node.RemoteWorker(dataset.images, dataset.labels, note_of(dataset))
    try:
        assert other._scratch != worker._scratch
        assert len({worker._core._core, other._core._core} - {None}) == min(2, len(usable_cores()))
        for name in ("one", "more", "own"):
            given = jobs[name]
            worker.start(msgspec.msgpack.encode(given))
            messages, deadline = [], time.monotonic() + 120
            while not (messages and messages[-1].event is None) and time.monotonic() < deadline:
                messages += node.MESSAGES.decode(worker.poll(1.0))
            assert messages[-1].files, messages[-1]
            assert {message.key for message in messages} == {given.key}
            assert any(isinstance(message.event, TrainingStarted) for message in messages[:-1])
            run = Run(unpack(messages[-1].files, tmp_path / "run", given))
            assert run.metrics.validation.n == 60
            assert run.model_source == given.model_source
            # Another one goes on from it, whose weights travel with it.
            weights = run.read("weights.safetensors")
            jobs.setdefault("more", Job("more", replace(plain, origins=origins_of(run)), None, weights))
        assert {path.name for path in worker._scratch.iterdir()} == {"lock"}
        assert node.MESSAGES.decode(worker.poll(0.01)) == []
    finally:
        worker.stop()
        other.stop()
    assert not worker._scratch.exists()


def test_a_remote_worker_whose_data_were_altered_says_so_and_may_be_tried_again(tmp_path, monkeypatch, job):
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "cache"))
    for name in ("CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS"):
        monkeypatch.setenv(name, "")
    dataset = load(fakes.SAMPLE)
    worker = node.RemoteWorker(np.zeros_like(dataset.images), dataset.labels, note_of(dataset))
    try:
        worker.start(msgspec.msgpack.encode(job))
        messages = node.MESSAGES.decode(worker.poll(120))
    finally:
        worker.stop()
    assert "it was altered on its way" in messages[-1].reason
    assert messages[-1].hopeless is False


def test_what_a_killed_worker_left_is_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path))
    code = "from fashionlab.studies.execution import node; a = node.make_scratch(); print(a[0], flush=True); input()"
    alive, dead = (
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    )
    kept, left = (process.stdout.readline().strip() for process in (alive, dead))
    dead.kill()
    dead.wait()
    scratch, lock = node.make_scratch()
    try:
        assert sorted(map(str, scratch.parent.glob("*/"))) == sorted([kept, str(scratch)])
        assert left not in (kept, str(scratch))
    finally:
        lock.close()
        alive.kill()
        alive.communicate()
        shutil.rmtree(tmp_path, ignore_errors=True)


def test_no_core_is_claimed_where_there_are_no_abstract_sockets(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr("os.sched_getaffinity")
    assert node.claim_core() == (None, None)


def test_a_machine_with_other_software_is_told_from_one_with_the_same():
    here = software()
    assert here["Python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert all(here[name] for name in ("fashionlab", "keras", "jax", "numpy"))
    assert first_difference(here, software(), tensorflow=True) is None
    assert first_difference(here, {**here, "keras": "3.0.0"}, False) == f"has keras 3.0.0, here it is {here['keras']}"
    assert first_difference(here, {}, False) == f"has no Python, here it is {here['Python']}"
    assert first_difference(here, {**here, "tensorflow": "1.0"}, tensorflow=False) is None
    assert "has tensorflow 1.0" in first_difference(here, {**here, "tensorflow": "1.0"}, tensorflow=True)
    assert "has other source files of fashionlab" in first_difference(here, {**here, SOURCE: "00"}, False)


def test_a_wrong_executor_or_address_gets_one_sentence(monkeypatch):
    for executor, where, words in (
        ("slurm", None, "executor: given 'slurm', expected one of local, ray"),
        ("local", "auto", "address: given 'auto', which is for executor='ray'"),
        ("ray", "head", "expected auto, HOST:PORT or ray://HOST:PORT"),
        ("ray", "ray://head", "expected auto, HOST:PORT or ray://HOST:PORT"),
    ):
        with pytest.raises(UsageError, match=words):
            check_executor(executor, where)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        begun = time.monotonic()
        with pytest.raises(
            UsageError, match=f"no cluster answers at 127.0.0.1:{port} .*begin one there with ray start"
        ):
            check_executor("ray", f"127.0.0.1:{port}")
        assert time.monotonic() - begun < 10
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
    with pytest.raises(UsageError, match=f"no cluster answers at 127.0.0.1:{port} "):
        check_executor("ray", "auto")
    monkeypatch.setattr(address, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"Ray, which is not installed: pip install 'fashionlab\[cluster\]'"):
        check_executor("ray", None)


def test_a_cluster_of_this_machine_that_is_no_more_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(address, "STATUS", 1.0)
    program = tmp_path / "ray"
    # What else is wrong, if anything, Ray says when it is to join: here it is only asked whether something answers.
    for content, silent in (("exec sleep 60", True), ("echo no cluster; exit 1", False), ("echo fine", False)):
        program.write_text(f"#!/bin/sh\n{content}\n")
        program.chmod(0o755)
        if silent:
            with pytest.raises(UsageError, match="that this machine was a node of does not answer; begin one with ray"):
                check_executor("ray", "auto")
        else:
            check_executor("ray", "auto")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("Version mismatch: started with:\n    Ray: 2.59.0\n"), "started with: Ray: 2.59.0"),
        (ConnectionError(), "ConnectionError"),
    ],
)
def test_what_ray_says_about_an_address_is_passed_on_in_one_sentence(error, reason, monkeypatch):
    connection = pytest.importorskip("fashionlab.studies.connection")

    def refuse(*arguments, **options):
        raise error

    monkeypatch.setattr(connection.ray, "init", refuse)
    with pytest.raises(UsageError, match=rf"address: head:1 cannot be joined \(.*{reason}\); this machine must have"):
        connection.Connection("head:1", None, load(fakes.SAMPLE))


class Unsteady:
    """An executor whose slots come and go: none at first, and some jobs are lost with them."""

    def __init__(self, work, losses):
        self._real, self._losses, self._turns, self._news = LocalExecutor(2, work, task=fakes.MAKE_UP), losses, 0, []

    @property
    def slots(self):
        return self.free

    @property
    def free(self):
        self._turns += 1
        return self._real.free if self._turns % 3 == 0 else 0

    def submit(self, job):
        if self._losses:
            self._losses -= 1
            self._news.append(News(job.key, reason="the worker on node x ended", lost=True))
        else:
            self._real.submit(job)

    def wait(self, seconds):
        return self._news.pop() if self._news else self._real.wait(seconds)

    def cancel(self, key):
        self._real.cancel(key)

    def close(self):
        self._real.close()


@pytest.mark.parametrize(("losses", "retried"), [(2, 0), (LOSSES, 0), (LOSSES + 2, 2)])
def test_a_run_that_goes_down_with_its_machine_has_not_failed_unless_it_does_so_again_and_again(
    losses, retried, tmp_path, monkeypatch
):
    monkeypatch.setenv("FAKES", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", fakes.__file__.rpartition("/")[0])
    folder = StudyFolder.create(tmp_path / "runs", "study", fakes.make_plan((0.0,), seeds=1))
    events = []
    execution = ExecutionOptions(report=False, on_event=events.append, workers=2)
    if retried:
        # The first run takes them all, being the first in line again each time.
        monkeypatch.setattr(Unsteady, "free", property(lambda self: min(1, self._real.free)))
    found = run_study(folder, load(fakes.SAMPLE), execution, lambda work: Unsteady(work, losses)).summary
    assert found.runs == RunCounts(done=2, failed=0, planned=2, retried=retried)
    assert sum(isinstance(event, RunLost) for event in events) == min(losses, LOSSES)


def test_a_cluster_that_stays_away_ends_the_study_which_can_be_continued(tmp_path):
    folder = StudyFolder.create(tmp_path / "runs", "study", fakes.make_plan((0.0,), seeds=1))

    class Gone(Unsteady):
        free = 0

        def wait(self, seconds):
            raise WorkerError("no node")

    with pytest.raises(WorkerError, match="no node"):
        run_study(
            folder, load(fakes.SAMPLE), ExecutionOptions(report=False, on_event=print, workers=2), lambda w: Gone(w, 0)
        )
    assert folder.summary.state == "stopped"
