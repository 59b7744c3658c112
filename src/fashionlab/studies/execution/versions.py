"""The software that a run's numbers come from, and whether two machines have the same: for studies on a cluster."""

import hashlib
import importlib.metadata
import sys
from collections.abc import Mapping
from pathlib import Path

from fashionlab.recipe.spec import RESULTS_VERSION

LIBRARIES = ("keras", "jax", "jaxlib", "numpy", "scipy", "scikit-learn", "lightgbm", "safetensors")
"""Whose versions must agree in every study; TensorFlow only where an arm is trained on it."""

SOURCE = "fashionlab's source files"


def software() -> dict[str, str]:
    """By name: versions of what is installed here, "" for what is not, and a hash of fashionlab's own files."""
    return {
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "fashionlab": _version("fashionlab"),
        "results version": str(RESULTS_VERSION),
        **{name: _version(name) for name in (*LIBRARIES, "tensorflow")},
        SOURCE: _source_hash(),
    }


def first_difference(here: Mapping[str, str], there: Mapping[str, str], tensorflow: bool) -> str | None:
    """How the software there differs from what it should be, in words that a sentence about a machine goes on with.

    tensorflow: whether it matters, too. None if runs made there are as good as runs made here.
    """
    for name, wanted in here.items():
        found = there.get(name, "")
        if found == wanted or (name == "tensorflow" and not tensorflow):
            continue
        if name == SOURCE:
            return f"has other source files of fashionlab (SHA-256 {found[:12]}…, here {wanted[:12]}…)"
        has = f"has {name} {found}" if found else f"has no {name}"
        return f"{has}, here it is {wanted or 'not installed'}"
    return None


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _source_hash() -> str:
    root, digest = Path(__file__).parents[2], hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
