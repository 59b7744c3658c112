"""How much memory this process may still take."""

from pathlib import Path


def available_memory() -> int | None:
    """Bytes that are free or can be freed at once, within the limit of the process's control group where it has one;
    None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    free = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
    limit, used = (_control_group(name) for name in ("memory.max", "memory.current"))
    if free is None or limit is None or used is None:
        return free
    # Pages of files count as used, but give way.
    return min(free, max(0, limit - used + _cached()))


def _control_group(name: str) -> int | None:
    try:
        text = Path("/sys/fs/cgroup", name).read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def _cached() -> int:
    try:
        lines = Path("/sys/fs/cgroup/memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(("inactive_file ", "active_file ")))
