"""A user's surroundings neither change a number nor end a run."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from fashionlab.training.networks import in_order, name_weights
from fashionlab.workers.parent import environment


@pytest.fixture(scope="module")
def train(tmp_path_factory, sample_path):
    """Train in a folder and with variables of one's own; gives what was printed, and the run's metrics."""

    def run(variables, folder=None):
        folder = folder or tmp_path_factory.mktemp("place")
        command = [sys.executable, "-m", "fashionlab", "train", "--dataset", str(sample_path), "--widths", "16",
                   "--epochs", "2", "--no-report", "--json"]  # fmt: skip
        answer = subprocess.run(
            command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stderr
        metrics = json.loads(answer.stdout)["metrics"]
        return answer.stderr, {name: metrics[name] for name in ("validation", "test", "best_epoch")}

    return run


@pytest.fixture(scope="module")
def usual(train):
    return train({})[1]


HOSTILE = {
    "JAX_ENABLE_X64": "1",
    "JAX_PLATFORMS": "cuda",
    "JAX_DISABLE_JIT": "1",
    "JAX_DEBUG_NANS": "1",
    "JAX_DEFAULT_PRNG_IMPL": "rbg",
    "XLA_FLAGS": "--no_such_flag=1",
    "KERAS_BACKEND": "torch",
    "KERAS_MAX_EPOCHS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "MPLBACKEND": "nonsense",
    "PYTHONOPTIMIZE": "2",
}


def test_variables_of_the_libraries_change_nothing_and_are_named(train, usual, tmp_path):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text('{"floatx": "float16", "backend": "torch"}')
    said, found = train({**HOSTILE, "KERAS_HOME": str(tmp_path / "keras")})
    assert found == usual
    (line,) = [line for line in said.splitlines() if line.startswith("ignored")]
    assert "JAX_ENABLE_X64" in line
    assert "JAX_PLATFORMS" in line


def test_files_in_the_folder_are_not_taken_for_libraries(train, usual, tmp_path):
    for name in ("keras", "queue", "random", "msgspec"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('executed')")
    environment_of_a_script = {"PYTHONSAFEPATH": "1"}  # as the command `fashionlab` has it, unlike `python -m`
    assert train(environment_of_a_script, tmp_path)[1] == usual


def test_the_processor_may_be_wished_for_and_a_gpus_memory_shared(monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    monkeypatch.setenv("XLA_PYTHON_CLIENT_MEM_FRACTION", ".3")
    monkeypatch.setenv("JAX_ENABLE_X64", "1")
    found = environment()
    assert found["JAX_PLATFORMS"] == "cpu"
    assert found["XLA_PYTHON_CLIENT_MEM_FRACTION"] == ".3"
    assert "JAX_ENABLE_X64" not in found


def test_more_than_a_thousand_tensors_come_back_in_their_order():
    class Weight:
        path = "layer/kernel"

    class Model:
        weights = tuple(Weight() for _ in range(1203))

    arrays = [np.full(2, i, np.float32) for i in range(1203)]
    named = name_weights(Model, arrays)
    found = in_order(dict(sorted(named.items())))
    assert [float(a[0]) for a in found] == list(range(1203))
    named.pop("1000/layer/kernel")
    assert in_order(named) is None
