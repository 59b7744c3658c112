"""Fixtures that every room's tests share."""

import atexit
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from fashionlab.cli import main
from fashionlab.data import Dataset, load
from fashionlab.errors import DataUnavailable
from fashionlab.options import COMMAND_LINE
from fashionlab.store.executed import record_path
from fashionlab.workers.parent import environment

# JAX reads these when it is imported: what the tests compile themselves is computed as in the workers, and kept where
# they keep their programs.
for name, value in environment().items():
    if name.startswith(("JAX_COMPILATION_CACHE_", "JAX_PERSISTENT_CACHE_", "XLA_FLAGS")):
        os.environ.setdefault(name, value)

# What the tests train is not remembered as the user's own.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="fashionlab-tests-state-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)

# A deadline for single examples would fail tests on a machine that is busy with something else.
settings.register_profile("fashionlab", deadline=None)
settings.load_profile("fashionlab")

SAMPLE = Path(__file__).parent / "data" / "fashion-sample.npz"


LONGEST = (
    "test_tensorflow.py", "test_study.py", "test_cluster.py", "test_cli.py", "test_every_figure.py",
    "test_estimator_fits.py", "test_kill.py", "test_drive.py", "test_lab.py", "test_own_estimator_runs.py",
    "test_report.py", "test_notebook.py", "test_origin.py", "test_search.py", "test_full_disk.py", "test_tampering.py",
    "test_own_runs.py", "test_stranger.py",
)  # fmt: skip
"""The files that take longest: begun first, so that no process is left with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, the others in their order."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def keep_environment() -> None:
    """Undo that pytest writes each test's name into the environment.

    A kept worker is used again only where the environment is what it was when the worker began: as pytest leaves it,
    every test begins one of its own, with seconds of imports.
    """
    os.environ["PYTEST_CURRENT_TEST"] = "of fashionlab"


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup() -> None:
    """Before every fixture."""
    keep_environment()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call() -> None:
    """Before every test."""
    keep_environment()


@pytest.fixture(scope="session")
def fashion() -> Dataset:
    """The real Fashion-MNIST, from wherever this machine can have it; skips the test where it cannot."""
    try:
        return load("fashion-mnist")
    except DataUnavailable as error:
        pytest.skip(f"THE REAL DATA SET IS NOT TESTED: {error}")


@pytest.fixture(scope="session")
def sample() -> Dataset:
    """600 real images and 200 to test: `load` reads them in milliseconds, with no network."""
    return load(str(SAMPLE))


@pytest.fixture(scope="session")
def sample_path() -> Path:
    """Where `sample` lies, for what takes a path."""
    return SAMPLE


@pytest.fixture
def ask(tmp_path, monkeypatch, capfd):
    """Run a command in this process and in an empty folder, or in another one; its exit status, and what it printed on
    either stream."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments, cwd=tmp_path):
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["fashionlab", *map(str, arguments)])
        monkeypatch.setenv(COMMAND_LINE, "1")  # as the command does, and is undone here
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code, *capfd.readouterr()

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def undrawn():
    """No files of figures are drawn for the runs that a module trains, which take longer than the training."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fashionlab.lab.run_job.draw_run", lambda run: None)
        patch.setattr("fashionlab.lab.run_job.draw_samples", lambda folder, dataset: None)
        yield


@pytest.fixture
def as_another_user():
    """Call it to be somebody who has trained nothing on this machine."""
    return lambda: record_path().unlink(missing_ok=True)


@pytest.fixture
def execute_model_files(monkeypatch):
    """Let this process do what only workers may: execute model files, which the test wrote itself."""
    monkeypatch.setattr("fashionlab.models.registry._may_execute", True)
