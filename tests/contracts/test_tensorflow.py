"""The contract of the trainers once more, in a process whose Keras runs on TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

CONTRACT = Path(__file__).with_name("test_trainers.py")


def test_every_trainer_on_tensorflow_keeps_the_contract(tmp_path):
    command = [sys.executable, "-m", "pytest", "--no-header", "--durations=0", "-p", "no:cacheprovider", str(CONTRACT)]

    def run(backend, *chosen):
        chosen_backend = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment = {**os.environ, **chosen_backend, "FASHIONLAB_TEST_WEIGHTS": str(tmp_path)}
        return subprocess.run([*command, *chosen], env=environment, capture_output=True, text=True)

    # What JAX makes of a hundred steps is left in the folder, for the trainers on TensorFlow to be held against.
    answer = run("jax", "-k", "hundred_steps and fused")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert len(list(tmp_path.glob("*.npz"))) == 2
    answer = run("tensorflow")
    assert answer.returncode == 0, answer.stdout[-6000:]
    assert len(list(tmp_path.glob("*tape on tensorflow.npz"))) == 2
    assert len(list(tmp_path.glob("*fit on tensorflow.npz"))) == 2
