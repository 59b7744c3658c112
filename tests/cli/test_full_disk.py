"""A full disk, for real: a small file system of its own, filled while a run is being trained on it."""

import os
import subprocess

import hasty
import pytest

from fashionlab.store import list_runs, load_checkpoint
from fashionlab.training.loop import Progress


@pytest.fixture
def disk(tmp_path):
    """A folder on a file system of 48 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and not subprocess.call(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder], stderr=subprocess.DEVNULL
    )
    if not mounted:
        pytest.skip("A FULL DISK IS NOT TESTED: mounting a small file system takes root's rights")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_is_a_clear_error_and_the_last_checkpoint_still_loads(disk, sample_path):
    command = [*hasty.COMMAND, "train", "--dataset", str(sample_path), "--runs", str(disk), "--epochs", "60",
               "--patience", "60", "--no-report"]  # fmt: skip
    child = subprocess.Popen(command, cwd=disk, stderr=subprocess.PIPE, text=True)
    for line in child.stderr:
        if line.startswith("epoch   3/"):
            break
    filler = disk / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(bytes(1 << 20))
                file.flush()
        except OSError:
            pass
    rest = child.stderr.read()
    assert child.wait(timeout=60) == 1
    assert "the disk is full; free some space" in rest
    assert "Traceback" not in rest
    run = list_runs(disk)[0]
    progress, tensors = load_checkpoint(run, Progress)
    assert tensors
    assert progress.epoch < 60
    filler.unlink()
    resumed = subprocess.run(
        [*hasty.COMMAND, "train", "--resume", "last", "--runs", str(disk), "--no-report"],
        capture_output=True,
        text=True,
    )
    assert resumed.returncode == 0, resumed.stderr
    assert run.complete
