"""These tests use Keras in the test process itself, on JAX; and share a run that took a moment to train."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import pytest

from fashionlab import ExecutionOptions, lab
from fashionlab.store import Run


@pytest.fixture(scope="session")
def small_run(sample_path, tmp_path_factory) -> Run:
    """A dense network on the 600 images; tests may write to its `derived/` only."""
    runs = tmp_path_factory.mktemp("runs")
    trained = lab.train(
        "mlp", dataset=str(sample_path), runs=runs, execution=ExecutionOptions(report=False),
        widths=(32, 16), epochs=4, batch_size=32,
    )  # fmt: skip
    return Run(trained.path)
