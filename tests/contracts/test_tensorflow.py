"""The contract of the trainers once more, in a process whose Keras runs on TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

CONTRACT = Path(__file__).with_name("test_trainers.py")

SAME_ON_ANY_BACKEND = (
    # The loop's own decision, and of arrays that are NumPy's.
    "test_patience_ends_the_training_and_the_best_weights_are_kept",
    "test_a_state_of_another_model_is_refused",
    # The trainer `fit` is Keras' own step; on TensorFlow weights, losses and logits of both are held against each
    # other and against those of JAX.
    "test_without_dropout_it_agrees_with_kerass_own_training_step",
    "test_a_convolutional_network_takes_the_same_steps_as_with_keras[fit]",
)


def test_every_trainer_on_tensorflow_keeps_the_contract(tmp_path):
    command = [sys.executable, "-m", "pytest", "--no-header", "--durations=0", "-p", "no:cacheprovider", str(CONTRACT)]

    def run(backend, *chosen):
        chosen_backend = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment = {**os.environ, **chosen_backend, "FASHIONLAB_TEST_WEIGHTS": str(tmp_path)}
        return subprocess.run([*command, *chosen], env=environment, capture_output=True, text=True)

    # What JAX makes of the same steps is left in the folder, for the trainers on TensorFlow to be held against.
    answer = run("jax", "-k", "(hundred_steps or fifty_steps) and fused")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert len(list(tmp_path.glob("*.npz"))) == 2 + 6
    # By node id: relative to the root.
    contract = CONTRACT.relative_to(CONTRACT.parents[2]).as_posix()
    answer = run("tensorflow", *(f"--deselect={contract}::{name}" for name in SAME_ON_ANY_BACKEND))
    assert answer.returncode == 0, answer.stdout[-6000:]
    assert "7 deselected" in answer.stdout
    assert len(list(tmp_path.glob("*tape on tensorflow.npz"))) == 2 + 6
    assert len(list(tmp_path.glob("*fit on tensorflow.npz"))) == 2 + 2
