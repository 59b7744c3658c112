"""Which engine executes a study's runs, and where: what can be checked before anything is begun."""

import os
import socket
from importlib.util import find_spec

from fashionlab.errors import UsageError

ENGINES = ("local", "ray")

REACH = 5.0
"""Seconds that a cluster's port has to answer; Ray itself would try for minutes."""


def check_engine(engine: str, address: str | None) -> None:
    """Raise UsageError unless there is such an engine, it is installed, and something answers at the address."""
    if engine not in ENGINES:
        raise UsageError(f"--engine: given {engine!r}, expected one of: {', '.join(ENGINES)}")
    if engine != "ray":
        if address is not None:
            raise UsageError(f"--address: given {address!r}, which is for --engine ray")
        return
    if find_spec("ray") is None:
        raise UsageError("--engine ray needs Ray, which is not installed: pip install 'fashionlab[cluster]'")
    if address is not None:
        require_answer(address)


def require_answer(address: str) -> None:
    """Raise UsageError unless something listens at the address of a cluster: auto, HOST:PORT or ray://HOST:PORT."""
    place = os.environ.get("RAY_ADDRESS", address) if address == "auto" else address
    if place == "auto":
        # Ray knows which cluster this machine is a node of, and says so at once if it is of none.
        return
    host, _, port = place.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"--address: given {place!r}, expected auto, HOST:PORT or ray://HOST:PORT")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"--address: no cluster answers at {place} ({reason}); begin one there with ray start --head"
        ) from None
