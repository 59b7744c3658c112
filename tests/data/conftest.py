"""Fixtures: the small data set, an empty place to look for it, and mirrors on the loopback interface."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from stand_ins import Mirrors, make_contents

from fashionlab.data.download.sources import File, Files


@pytest.fixture(scope="session")
def contents() -> dict[str, bytes]:
    return make_contents(seed=1)


@pytest.fixture(scope="session")
def published(contents: dict[str, bytes]) -> Files:
    """A registry like FASHION_MNIST, with the hashes of `contents`, and neither mirrors nor a package."""
    files = tuple(
        File(name, len(content), hashlib.sha256(content).hexdigest(), 3 if "images" in name else 1)
        for name, content in contents.items()
    )
    warning = "a mirror once served digit MNIST under these names"
    return Files("Little-MNIST", "little-mnist", files, warning=warning)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that holds the cache, and no other source: no mirrors, no folder of the user's."""
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONLAB_MIRRORS", "")
    monkeypatch.delenv("FASHIONLAB_DATA", raising=False)
    return tmp_path


@pytest.fixture
def mirrors() -> Iterator[Mirrors]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 20  # seconds: no connection outlives the test for long

        def do_GET(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # clients may leave early
                running.answer(self)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Mirrors(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield running
    running.stopped.set()
    server.shutdown()
    server.server_close()
    thread.join(5)
