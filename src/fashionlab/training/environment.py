"""`environment.json`: where a run was trained."""

import platform
import sys
from collections.abc import Sequence

from fashionlab.machine import installed_version, processor_name, usable_cores
from fashionlab.store import Environment


def describe_environment(
    device: str,
    libraries: Sequence[str],
    parameters: int | None,
    size: str | None = None,
    remark: str | None = None,
    trainable: int | None = None,
) -> Environment:
    """This machine, and the versions of the libraries that a run's numbers come from."""
    packages = ("fashionlab", *libraries, "numpy", "safetensors")
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        processor=processor_name(),
        cores=len(usable_cores()),
        device=device,
        packages={name: installed_version(name) for name in packages},
        parameters=parameters,
        byte_order=sys.byteorder,
        size=size,
        remark=remark,
        trainable=trainable,
    )
