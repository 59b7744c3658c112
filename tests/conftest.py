"""Fixtures that every room's tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

from fashionlab.data import Dataset, load
from fashionlab.errors import DataUnavailable

# A deadline for single examples would fail tests on a machine that is busy with something else.
settings.register_profile("fashionlab", deadline=None)
settings.load_profile("fashionlab")

SAMPLE = Path(__file__).parent / "data" / "fashion-sample.npz"


@pytest.fixture(scope="session")
def fashion() -> Dataset:
    """The real Fashion-MNIST, from wherever this machine can have it; skips the test where it cannot."""
    try:
        return load("fashion-mnist")
    except DataUnavailable as error:
        pytest.skip(f"THE REAL DATA SET IS NOT TESTED: {error}")


@pytest.fixture(scope="session")
def sample() -> Dataset:
    """600 real pictures and 200 to test: `load` reads them in milliseconds, with no network."""
    return load(str(SAMPLE))


@pytest.fixture(scope="session")
def sample_path() -> Path:
    """Where `sample` lies, for what takes a path."""
    return SAMPLE
