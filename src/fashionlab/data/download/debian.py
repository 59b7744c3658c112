"""The distribution's package of a data set: fetched by its package manager, unpacked, and never installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from fashionlab.data.progress import shown_if_slow
from fashionlab.errors import DataUnavailable

DOWNLOAD_SECONDS = 600
REFRESH_SECONDS = 180


def unpack_package(package: str, folder: Path, announce: Callable[[str], None]) -> Path:
    """Download the Debian or Ubuntu `package` into `folder` and unpack it there; return the root of what it
    holds.

    apt-get verifies the package's signature chain. Where it does not know the package and we are root, the
    package lists are refreshed once. Everything that touches the network is announced first. Raises
    DataUnavailable with the reason.
    """
    missing = [tool for tool in ("apt-get", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        raise DataUnavailable(f"{' and '.join(missing)} not found (not a Debian or Ubuntu system)")
    download = [
        "apt-get",
        "-q",
        "-o",
        "Acquire::Retries=1",
        "-o",
        "Acquire::http::Timeout=15",
        "download",
        package,
    ]
    announce(
        f"fetching the distribution's package {package} with apt-get; it is unpacked into the cache, not installed"
    )
    try:
        _run(download, folder, DOWNLOAD_SECONDS)
    except DataUnavailable as failure:
        # Lists that were never fetched, as in a fresh container, or that name a version since replaced (404).
        if not any(sign in str(failure) for sign in ("Unable to locate package", "No packages found", "404")):
            raise
        if os.geteuid() != 0:
            raise DataUnavailable(f"{failure}; run `sudo apt-get update` and try again") from None
        announce(f"refreshing the package lists (apt-get update), because apt-get does not find {package}")
        _run(["apt-get", "-q", "-o", "Acquire::http::Timeout=15", "update"], folder, REFRESH_SECONDS)
        _run(download, folder, DOWNLOAD_SECONDS)
    archives = list(folder.glob("*.deb"))
    if len(archives) != 1:
        raise DataUnavailable(f"apt-get download left {len(archives)} packages; expected one")
    root = folder / "root"
    _run(["dpkg-deb", "-x", str(archives[0]), str(root)], folder, DOWNLOAD_SECONDS)
    archives[0].unlink()
    return root


def _run(command: list[str], folder: Path, seconds: int) -> None:
    """Run a package tool in `folder`; raises DataUnavailable with its own complaint."""
    what = " ".join([command[0], *(word for word in command[1:] if word in ("download", "update", "-x"))])
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    # Into a file and not a pipe: a timeout must not wait for a grandchild that still holds the pipe's other
    # end.
    with tempfile.TemporaryFile() as complaints:
        try:
            with shown_if_slow(what):
                done = subprocess.run(
                    command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=complaints, timeout=seconds, check=False,
                )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise DataUnavailable(f"{what} took longer than {seconds} s") from None
        except OSError as error:
            raise DataUnavailable(f"{what} could not be started: {error.strerror or error}") from None
        if done.returncode != 0:
            complaints.seek(0)
            lines = complaints.read(2**20).decode(errors="replace").splitlines() or ["no reason given"]
            reason = next((line for line in lines if line.startswith(("E:", "dpkg-deb: error"))), lines[-1])
            raise DataUnavailable(f"{what} failed with status {done.returncode}: {reason.strip()}")
