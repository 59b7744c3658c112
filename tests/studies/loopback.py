"""A Ray cluster of separate processes on this machine, for tests: a head that executes nothing, and nodes.

Every node has a home, a working folder, a cache and a temporary folder of its own, and an address on the loopback
network, as if it were another machine. The cluster asks for a token, because Ray listens on every network.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fashionlab.data.cache import cache_folder

RAY = Path(sys.executable).with_name("ray")

STORE = 100_000_000
"""Bytes of a node's object store; Ray accepts no fewer than 75 MB."""

SECONDS = 150
"""That a node may take to begin: a few on a machine with nothing else to do."""


LIFETIME = 900
"""Seconds after which a node ends by itself, should the tests be killed."""


def share_programs(folder):
    """Give all who work side by side this user's compiled programs, and the sign that JAX was checked here: none needs
    to do again what another did."""
    (folder / "cache").mkdir(exist_ok=True)
    for name in ("jax", "checked"):
        store = (cache_folder() / name).resolve()
        store.mkdir(parents=True, exist_ok=True)
        (folder / "cache" / name).symlink_to(store)


class Node:
    """One node: its folders, its address, its processes."""

    def __init__(self, folder, address, environment, options, flags=()):
        self.folder, self.address = folder, address
        for name in ("home", "work", "cache"):
            (folder / name).mkdir(parents=True)
        share_programs(folder)
        places = {
            "HOME": str(folder / "home"),
            "FASHIONLAB_CACHE": str(folder / "cache"),
            # Where nobody could find the data, were it looked for.
            "FASHIONLAB_DATA": str(folder / "nothing"),
        }
        self._log = (folder / "log").open("w")
        # A short path: a socket's may have 107 characters, and Ray adds some 60.
        self._sockets = tempfile.mkdtemp()
        # A group of its own: all of the node's processes can be killed at once, and nothing else.
        options = {
            "--node-ip-address": address,
            "--object-store-memory": STORE,
            "--min-worker-port": 0,
            "--max-worker-port": 0,
            "--dashboard-agent-listen-port": 0,
            "--temp-dir": self._sockets,
            **options,
        }
        words = [*flags, *(str(word) for option in options.items() for word in option)]
        self._process = subprocess.Popen(
            ["timeout", "--signal=KILL", str(LIFETIME), RAY, "start", "--block", "--disable-usage-stats", *words],
            cwd=folder / "work", env={**environment, **places}, stdout=self._log, stderr=self._log,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def wait(self):
        """Wait until it is up."""
        deadline = time.monotonic() + SECONDS
        while "Ray runtime started" not in self.said:
            assert self._process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)

    @property
    def said(self):
        """What it printed."""
        return (self.folder / "log").read_text()

    @property
    def left(self):
        """What studies left on its disk, as far as fashionlab is concerned; compiled programs are to be kept."""
        return [path.name for path in self.folder.glob("cache/cluster/*/*")]

    def kill(self):
        """Kill all its processes at once, as a power cut would."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()
        shutil.rmtree(self._sockets, ignore_errors=True)


class Cluster:
    """A head, and nodes by name."""

    def __init__(self, folder):
        """Begin a head; `wait` for it, or for nodes, which can be begun as soon as its port answers."""
        self.folder, self.nodes = folder, {}
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.2", 0))
            other.bind(("127.0.0.2", 0))
            port, guests = one.getsockname()[1], other.getsockname()[1]
        self.address, self.guest_address = f"127.0.0.2:{port}", f"ray://127.0.0.2:{guests}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_USAGE_STATS_ENABLED": "0",
            # A node that other programs keep from the processor is slow to begin, not broken.
            "RAY_raylet_start_wait_time_s": "120",
        }
        options = {
            "--port": port,
            "--ray-client-server-port": guests,
            "--num-cpus": 0,
            "--memory": 200_000_000,
            "--include-dashboard": "false",
        }
        self.head = Node(folder / "head", "127.0.0.2", self.environment, options, ["--head"])

    def wait_for_port(self):
        """Wait until nodes may come."""
        host, _, port = self.address.partition(":")
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError(self.head.said)

    def add(self, name, **environment):
        """Begin a node with one processor."""
        address = f"127.0.0.{3 + len(self.nodes)}"
        options = {"--address": self.address, "--num-cpus": 1, "--memory": 2_000_000_000}
        self.nodes[name] = Node(self.folder / name, address, {**self.environment, **environment}, options)
        return self.nodes[name]

    def kill(self):
        """End everything."""
        for node in [*self.nodes.values(), self.head]:
            node.kill()
