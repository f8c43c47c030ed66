"""Memory of the machine, so that too large a series is refused before it is read."""

from __future__ import annotations

import os
from pathlib import Path

_LIMITS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)


def available_memory() -> int | None:
    """Return the bytes that this process may take; None if the system does not tell.

    A container may have less than the machine.
    """
    found = []
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        known = dict(line.split(":", 1) for line in lines)
        found.append(1024 * int(known["MemAvailable"].split()[0]))
    except (OSError, ValueError, KeyError):
        if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for limit, used in _LIMITS:
        try:
            most = int(Path(limit).read_text(encoding="ascii"))
            found.append(most - int(Path(used).read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return min(found, default=None)


def refuse_too_large(needed: int, what: str) -> None:
    """Refuse data that do not fit into memory.

    Parameters
    ----------
    needed
        Bytes of the data.
    what
        Description of the data.

    Raises
    ------
    ValueError
        If they are more than are available.
    """
    available = available_memory()
    if available is not None and needed > available:
        raise ValueError(
            f"{what} takes {needed / 1e9:.1f} GB in memory, and {available / 1e9:.1f} "
            "GB are available; pass a coarser --sampling, fewer --inputs, or fewer "
            "times with --select"
        )
