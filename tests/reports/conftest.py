"""Runs to report on, and a real browser to open the reports in."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fashionlab
from fashionlab import lab
from fashionlab.lab.results import Report
from fashionlab.reports.run.produce import CARD, PAGE
from fashionlab.reports.run.summary import RunReport
from fashionlab.store import Run, read_document

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "{{ 7 * 7 }} & co", "</script><b>bold</b>")
"""Class names that would do something if any layer forgot to escape them."""

HARMLESS = ("crbug/1173575",)
"""Remarks of Debian's Chromium about itself, which it prints on every page."""


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Make what takes long once for all processes that run tests: made_once(name, make) gives the folder."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def give(name, make):
        folder = shared / f"once-{name}"
        with (shared / f"once-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "made").exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                (folder / "made").touch()
        return folder

    return give


def run_with_report(folder, model="mlp", **settings):
    """A run, of the dense network unless another is named, in `runs` of a folder, with its report."""
    quiet = fashionlab.ExecutionOptions(report=False)
    trained = fashionlab.train(model, runs=folder / "runs", execution=quiet, **settings)
    lab.report(trained.path, runs=folder / "runs")


def opened(folder):
    """That run, and its report."""
    (path,) = folder.glob("runs/*/complete.json")
    run = Run(path.parent)
    summary = read_document(run.derived / "report.json", RunReport)
    return run, Report(run.derived / PAGE, run.derived / CARD, summary)


@pytest.fixture(scope="session")
def real(made_once, fashion):
    """A run on Fashion-MNIST (few rows and epochs, all 10,000 test pictures), its folder of runs, and its report."""
    return opened(made_once("real", lambda folder: run_with_report(folder, limit=6000, epochs=3, widths=(64, 32))))


@pytest.fixture(scope="session")
def hostile_folder(made_once, sample):
    """The sample with class names that come from an attacker, and a run on it with its report."""

    def make(folder):
        names = np.array([*HOSTILE, *sample.class_names[len(HOSTILE) :]])
        images, labels = sample.test.open(lambda *_: None)
        path = folder / "data.npz"
        np.savez(path, x_train=sample.images, y_train=sample.labels, x_test=images, y_test=labels, class_names=names)
        run_with_report(folder, dataset=str(path), epochs=3, widths=(32, 16), batch_size=32)

    return made_once("hostile", make)


@pytest.fixture(scope="session")
def hostile_data(hostile_folder):
    """The file of that data."""
    return hostile_folder / "data.npz"


@pytest.fixture(scope="session")
def hostile(hostile_folder):
    """The run on that data, and its report."""
    return opened(hostile_folder)


@pytest.fixture(scope="session")
def convolved(made_once, sample_path):
    """A small convolutional run on the sample, and its report."""
    settings = {"dataset": str(sample_path), "epochs": 2, "filters": (8, 16), "depth": (1,), "batch_size": 32}
    return opened(made_once("convolved", lambda folder: run_with_report(folder, "cnn", **settings)))


@pytest.fixture(scope="session")
def browser(request):
    """Debian's Chromium under Playwright; installed where that is allowed, and never skipped in silence."""
    from playwright.sync_api import sync_playwright

    # Pytest keeps what fixtures print to itself; that something is installed must be seen.
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        path = find_chromium()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Open a report; afterwards assert that the page said nothing on the console and asked for nothing outside."""
    contexts, complaints = [], []

    def opened(path, width=1280, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        address = path.resolve().as_uri()

        def heard(message):
            if not any(known in message.text for known in HARMLESS):
                complaints.append(f"console: {message.text}")

        def requested(request):
            if request.url != address and not request.url.startswith("data:"):
                complaints.append(f"request: {request.url}")

        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", requested)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def find_chromium() -> str:
    """The browser's path. As root on Debian it is installed if it is missing, and its absence is a failure."""
    may_install = Path("/etc/debian_version").exists() and os.geteuid() == 0
    if not shutil.which("chromium") and may_install:
        print("\ninstalling Debian's chromium for the browser tests (apt-get, about a minute) …", file=sys.stderr)
        apt = ["apt-get", "-o", "DPkg::Lock::Timeout=120"]
        quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "capture_output": True, "text": True}
        subprocess.run([*apt, "update"], **quiet)
        answer = subprocess.run([*apt, "install", "--yes", "--no-install-recommends", "chromium"], **quiet)
        if answer.returncode:
            pytest.fail(f"chromium could not be installed: {answer.stderr.strip()[-500:]}")
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found:
        return found
    if may_install:
        pytest.fail("there is no chromium, though this is Debian and we are root: apt-get install chromium")
    pytest.skip("THE PAGES ARE NOT TESTED IN A BROWSER: there is no chromium here; install it and run again")
