"""A small data set in Fashion-MNIST's four files, and a web server that stands in for its mirrors."""

import gzip
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from fashionlab.data.idx import write_idx

NAMES = (
    "t10k-labels-idx1-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "train-images-idx3-ubyte",
)


def make_contents(seed: int) -> dict[str, bytes]:
    """The four files, decompressed: 40 and 20 images of 28 x 28 in 4 classes; another seed, other data."""
    generator = np.random.default_rng(seed)
    arrays = (
        np.arange(20) % 4, np.arange(40) % 4, generator.integers(0, 256, (20, 28, 28)),
        generator.integers(0, 256, (40, 28, 28)),
    )  # fmt: skip
    return {name: write_idx(array.astype(np.uint8)) for name, array in zip(NAMES, arrays, strict=True)}


Answer = Callable[[BaseHTTPRequestHandler], None]


class Mirrors:
    """A bounded web server: `offer` puts files below a path and returns the base address."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.server = server
        self.stopped = threading.Event()
        self.answers: dict[str, bytes | Answer] = {}
        self.requests: list[str] = []

    def offer(self, base: str, files: dict[str, bytes | Answer]) -> str:
        self.answers |= {f"/{base}/{name}.gz": answer for name, answer in files.items()}
        return f"http://127.0.0.1:{self.server.server_port}/{base}/"

    def offer_good(self, contents: dict[str, bytes], base: str = "good", level: int = 1) -> str:
        return self.offer(base, {name: gzip.compress(content, level) for name, content in contents.items()})

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append(handler.path)
        answer = self.answers.get(handler.path)
        if answer is None:
            handler.send_error(404)
        elif callable(answer):
            answer(handler)
        else:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(answer)))
            handler.end_headers()
            handler.wfile.write(answer)
