"""A run that took a moment to train."""

import pytest

import fashionlab
from fashionlab import ExecutionOptions


@pytest.fixture(scope="session")
def small(sample_path, tmp_path_factory):
    """A dense network on the 600 images."""
    return fashionlab.train(
        "mlp", dataset=str(sample_path), runs=tmp_path_factory.mktemp("runs"), widths=(64, 32), epochs=15,
        batch_size=32, execution=ExecutionOptions(report=False),
    )  # fmt: skip
