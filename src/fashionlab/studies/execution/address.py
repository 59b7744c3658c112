"""Which executor makes a study's runs, and where: what can be checked before anything is begun."""

import os
import shutil
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from fashionlab.errors import UsageError
from fashionlab.options import spelled, wrong_choice

EXECUTORS = ("local", "ray")

REACH = 5.0
"""Seconds that a cluster's port has to answer; Ray itself would try for minutes."""

STATUS = 30.0
"""Seconds that `ray status` may take: one or two if the cluster lives, 41 if it does not."""


def check_executor(executor: str, address: str | None) -> None:
    """Raise UsageError unless there is such an executor, it is installed, and something answers at the address."""
    if executor not in EXECUTORS:
        raise UsageError(wrong_choice("executor", executor, EXECUTORS))
    if executor != "ray":
        if address is not None:
            raise UsageError(f"{spelled('address')}: given {address!r}, which is for {spelled('executor', 'ray')}")
        return
    if find_spec("ray") is None:
        raise UsageError(
            f"{spelled('executor', 'ray')} needs Ray, which is not installed: pip install 'fashionlab[cluster]'"
        )
    if address is not None:
        require_answer(address)


def require_answer(address: str) -> None:
    """Raise UsageError unless something listens at the address of a cluster: auto, HOST:PORT or ray://HOST:PORT."""
    place = (os.environ.get("RAY_ADDRESS") or address) if address == "auto" else address
    if place == "auto":
        _require_own_cluster()
        return
    host, _, port = place.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"{spelled('address')}: given {place!r}, expected auto, HOST:PORT or ray://HOST:PORT")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"{spelled('address')}: no cluster answers at {place} ({reason}); begin one there with ray start --head"
        ) from None


def _require_own_cluster() -> None:
    """Raise UsageError if the cluster that this machine is a node of, as far as Ray knows, does not answer.

    Where it is, Ray tells nobody: so Ray's own program is asked. Whatever else is wrong, Ray will say at once.
    """
    program = shutil.which("ray", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if program is None:
        return
    try:
        subprocess.run(
            [program, "status"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=STATUS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"{spelled('address')}: the cluster that this machine was a node of does not answer; begin one with ray "
            "start --head, "
            "or join one with ray start --address=HOST:PORT"
        ) from None
