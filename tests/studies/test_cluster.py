"""Studies on a Ray cluster: nothing lost, nothing counted twice, whatever is killed; and what is refused."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import loopback
import pytest

import fashionlab
from fashionlab.recipe.spec import RESULTS_VERSION
from fashionlab.store import Run

SOURCE = Path(fashionlab.__file__).parent

SEEDS = 3
RUNS = 2 * SEEDS
WHAT = (
    "--widths", "64,32", "--epochs", "25", "--patience", "25", "--batch-size", "32", "--change", "dropout=0",
    "--seeds", str(SEEDS),
)  # fmt: skip

SECONDS = 240
"""That a command may take; a tenth of it on a machine with nothing else to do."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    # Short, because the paths of sockets may have 107 characters.
    folder = tmp_path_factory.mktemp("ray")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def calm(sample_path, place):
    """A cluster, one of whose nodes has another fashionlab, and a study on this machine's own workers, undisturbed."""
    cluster = loopback.Cluster(place)
    try:
        cluster.wait_for_port()
        for name in ("a", "b"):
            cluster.add(name)
        cluster.add("odd", PYTHONPATH=str(edited_copy(place / "odd-package", 1000)))
        folder = place / "calm"
        folder.mkdir()
        summary = end(begin(folder, cluster, "study", "--dataset", sample_path, *WHAT, executor=()))
        for node in (cluster.head, *cluster.nodes.values()):
            node.wait()
        yield cluster, summary
    finally:
        cluster.kill()


def edited_copy(folder, more):
    """A folder with a copy of fashionlab in it, whose results version is another."""
    shutil.copytree(SOURCE, folder / "fashionlab", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "fashionlab" / "recipe" / "spec.py"
    path.write_text(path.read_text().replace("RESULTS_VERSION = ", f"RESULTS_VERSION = {more} + "))
    return folder


def begin(folder, cluster, *arguments, executor=None, **more):
    """Begin a command in a folder that is also its home."""
    if not (folder / "cache").exists():
        loopback.share_programs(folder)
    words = [*arguments, *(("--executor", "ray", "--address", cluster.address) if executor is None else executor)]
    environment = {**cluster.environment, "HOME": str(folder), "FASHIONLAB_CACHE": str(folder / "cache"), **more}
    return subprocess.Popen(
        [sys.executable, "-m", "fashionlab", *map(str, words), "--no-test", "--no-report", "--json"],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=(folder / "said").open("a"), text=True,
    )  # fmt: skip


def end(command, status=0):
    """Wait for a command's end; its answer."""
    try:
        answer, _ = command.communicate(timeout=SECONDS)
    finally:
        command.kill()
    assert command.returncode == status
    return json.loads(answer) if answer else None


def finished(folder):
    """By name the finished runs of the folder's study."""
    return {path.parent.name: Run(path.parent) for path in folder.glob("runs/*/runs/*/complete.json")}


def wait_for_runs(command, folder, number):
    deadline = time.monotonic() + SECONDS
    while len(finished(folder)) < number:
        assert command.poll() is None, (folder / "said").read_text()
        assert time.monotonic() < deadline, (folder / "said").read_text()
        time.sleep(0.02)


def same(found, wanted):
    """Whether two studies say the same, to the last digit."""
    keys = ("name", "verdict", "pairs", "left_out", "failures", "changes")
    return (
        [{key: arm[key] for key in keys} for arm in found["arms"]]
        == [{key: arm[key] for key in keys} for arm in wanted["arms"]]
        and found["seeds"] == wanted["seeds"]
        and found["runs"] == wanted["runs"]
    )


def test_a_driver_and_then_a_node_killed_lose_nothing_count_nothing_twice_and_change_no_verdict(
    calm, place, sample_path
):
    cluster, wanted = calm
    folder = place / "killed"
    folder.mkdir()
    command = begin(folder, cluster, "study", "--dataset", sample_path, *WHAT)
    wait_for_runs(command, folder, 1)
    command.send_signal(signal.SIGKILL)
    command.wait()
    before = {name: run.path.stat().st_ino for name, run in finished(folder).items()}
    command = begin(folder, cluster, "study", "resume", "last")
    wait_for_runs(command, folder, len(before) + 1)
    cluster.nodes["b"].kill()
    found = end(command)
    assert same(found, wanted)
    assert found["runs"] == {"done": RUNS, "failed": 0, "planned": RUNS, "retried": 0}
    said = (folder / "said").read_text()
    assert "on 2 workers" in said
    assert said.count("lost, to be made elsewhere: the worker on node 127.0.0.4 ended") == 1
    after = finished(folder)
    assert before.items() <= {name: run.path.stat().st_ino for name, run in after.items()}.items()
    assert len(before) < len(after) == RUNS
    calm_runs = finished(place / "calm")
    for name, run in after.items():
        # Where threads do not share a sum, the same machine gives the same bits, whoever had the process begin.
        assert run.read("weights.safetensors") == calm_runs[name].read("weights.safetensors")
        assert run.environment.cores == 1
    assert not list(folder.glob("runs/*/work/*"))
    # The workers of the killed driver are gone, and so is what they had begun.
    assert cluster.nodes["a"].left == ["lock"]


def test_a_node_with_another_fashionlab_is_left_out(calm, place, sample_path):
    cluster, _ = calm
    here = RESULTS_VERSION
    why = f"has results version {1000 + here}, here it is {here}; install the same there as on the driver's machine"
    assert f"left out: node {cluster.nodes['odd'].address} {why}" in (place / "killed" / "said").read_text()
    assert not cluster.nodes["odd"].left
    # And where that goes for every node, nothing is run.
    folder = place / "refused"
    folder.mkdir()
    package = edited_copy(place / "own-package", 2000)
    command = begin(folder, cluster, "study", "--dataset", sample_path, *WHAT, PYTHONPATH=str(package))
    assert end(command, status=1) is None
    last = (folder / "said").read_text().splitlines()[-1]
    assert last.startswith("fashionlab: no node of the cluster may work on this study: node ")
    assert last.count(f"here it is {2000 + here}") == 2
    assert not finished(folder)
