"""Standard streams that are closed, full or without a reader, and names that are no text."""

import os
import subprocess
import sys

import pytest

TRAIN = ["train", "--widths", "16", "--epochs", "2", "--no-report"]
RUN = f'"{sys.executable}" -m fashionlab '


@pytest.fixture
def shell(tmp_path, sample_path):
    """Run a shell's line that trains on the sample; status, standard output and error."""

    def run(line):
        line = line.replace("TRAIN", f"{RUN} {' '.join(TRAIN)} --dataset '{sample_path}'")
        return subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize("line", ["TRAIN <&- >&- 2>&-", "set -o pipefail; TRAIN 2>/dev/full | true"])
def test_a_run_is_whole_whatever_becomes_of_its_streams(shell, tmp_path, line):
    answer = shell(line)
    assert answer.returncode == 0, answer.stderr
    assert len(list(tmp_path.glob("runs/*/complete.json"))) == 1


def test_a_full_disk_for_the_result_is_said(shell):
    answer = shell(f"{RUN} runs >/dev/full")
    assert answer.returncode == 1
    assert "No space left on device" in answer.stderr.splitlines()[-1]


def test_a_name_that_is_no_text_is_refused_in_a_sentence(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    (tmp_path / name).mkdir()
    command = [sys.executable, "-m", "fashionlab", "train", "--dataset", name]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (answer.returncode, len(answer.stderr.splitlines())) == (2, 1)
    assert "expected UTF-8 text; rename the file or folder" in answer.stderr
