"""The machine that a study ran on, for its summary; imports no framework."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fashionlab.training.tasks import processor_name

PACKAGES = ("fashionlab", "keras", "jax", "tensorflow", "scikit-learn", "numpy", "scipy")


def describe_machine() -> dict[str, Any]:
    """Processor, cores that may be used, memory, system, versions of what is installed."""
    return {
        "processor": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
