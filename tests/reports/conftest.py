"""Runs to report on, and a real browser to open the reports in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fashionlab
from fashionlab import lab
from fashionlab.store import Run

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "{{ 7 * 7 }} & co", "</script><b>bold</b>")
"""Class names that would do something if any layer forgot to escape them."""

HARMLESS = ("crbug/1173575",)
"""Remarks of Debian's Chromium about itself, which it prints on every page."""


@pytest.fixture(scope="session")
def real(tmp_path_factory, fashion):
    """A run on Fashion-MNIST (few rows and epochs, all 10,000 test pictures), its folder of runs, and its report."""
    runs = tmp_path_factory.mktemp("real")
    trained = fashionlab.train("mlp", runs=runs, limit=6000, epochs=3, widths=(64, 32))
    return Run(trained.path), lab.report(trained.path, runs=runs)


@pytest.fixture(scope="session")
def hostile_data(tmp_path_factory, sample):
    """The sample with class names that come from an attacker."""
    path = tmp_path_factory.mktemp("hostile") / "data.npz"
    names = np.array([*HOSTILE, *sample.class_names[len(HOSTILE) :]])
    images, labels = sample.test.open(lambda *_: None)
    np.savez(path, x_train=sample.images, y_train=sample.labels, x_test=images, y_test=labels, class_names=names)
    return path


@pytest.fixture(scope="session")
def hostile(tmp_path_factory, hostile_data):
    """A run on that data, and its report."""
    runs = tmp_path_factory.mktemp("hostile-runs")
    trained = fashionlab.train("mlp", dataset=str(hostile_data), runs=runs, epochs=3, widths=(32, 16), batch_size=32)
    return Run(trained.path), lab.report(trained.path, runs=runs)


@pytest.fixture(scope="session")
def convolved(tmp_path_factory, sample_path):
    """A small convolutional run on the sample, and its report."""
    runs = tmp_path_factory.mktemp("convolved")
    trained = fashionlab.train(
        "cnn", dataset=str(sample_path), runs=runs, epochs=2, filters=(8, 16), depth=(1,), batch_size=32
    )
    return Run(trained.path), lab.report(trained.path, runs=runs)


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
