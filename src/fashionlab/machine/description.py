"""The machine in words and numbers, for what is kept with results; imports no framework."""

import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from msgspec import Struct

from fashionlab.machine.cores import usable_cores

PACKAGES = ("fashionlab", "keras", "jax", "tensorflow", "scikit-learn", "lightgbm", "numpy", "scipy")


class MachineDescription(Struct, frozen=True):
    """cores: that may be used; memory_gib: of the machine, None where the system does not tell; packages: versions of
    those that are installed, by name."""

    processor: str
    cores: int
    memory_gib: float | None
    platform: str
    python: str
    packages: dict[str, str]


def describe_machine() -> MachineDescription:
    """This machine, and what is installed on it."""
    return MachineDescription(
        processor=processor_name(),
        cores=len(usable_cores()),
        memory_gib=_memory_gib(),
        platform=platform.platform(),
        python=platform.python_version(),
        packages={name: found for name in PACKAGES if (found := installed_version(name))},
    )


def processor_name() -> str:
    """The processor's name, as its maker gives it, with family and model, as very different ones share a name."""
    facts = _processor_facts()
    name = facts.get("model name") or platform.processor()
    if "cpu family" in facts and "model" in facts:
        name += f" (family {facts['cpu family']}, model {facts['model']})"
    return name


@cache
def has_bfloat16() -> bool:
    """Whether the processor has instructions for products in bfloat16 (AVX512-BF16 or AMX); False where the system does
    not tell."""
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(_processor_facts().get("flags", "").split())


def installed_version(package: str) -> str:
    """The version of a package, "" where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor_facts() -> dict[str, str]:
    """What Linux tells of the first processor, by name; the others are the same but for their numbers."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None
