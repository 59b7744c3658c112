"""Whether there is a GPU that JAX will use."""

from importlib.util import find_spec
from pathlib import Path


def has_gpu() -> bool:
    """Whether JAX will find an NVIDIA GPU here: asked without importing JAX, which takes a second."""
    return Path("/dev/nvidia0").exists() and any(find_spec(f"jax_cuda{version}_plugin") for version in (12, 13))
