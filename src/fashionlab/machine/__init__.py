"""This computer: the processor cores that may be used, its memory, its GPU, and which packages are installed."""

from fashionlab.machine.cores import cpu_device, pinned_to, usable_cores
from fashionlab.machine.description import (
    MachineDescription,
    describe_machine,
    has_bfloat16,
    installed_version,
    processor_name,
)
from fashionlab.machine.gpu import has_gpu
from fashionlab.machine.memory import available_memory

__all__ = [
    "MachineDescription",
    "available_memory",
    "cpu_device",
    "describe_machine",
    "has_bfloat16",
    "has_gpu",
    "installed_version",
    "pinned_to",
    "processor_name",
    "usable_cores",
]
