"""The machine and the libraries that numbers come from."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch

from deepsphere_pyg.propagation.kept_choice import processor

LIBRARIES = ("torch", "torch-geometric", "numpy", "scipy")


def machine(device: str) -> dict[str, Any]:
    """Processor, versions, date, and how busy the machine is now."""
    facts: dict[str, Any] = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}, "
        + (" ".join(platform.libc_ver()).strip() or "unknown C library"),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "load": load(),
    }
    if device == "cuda":
        facts["device"] = torch.cuda.get_device_name()
        facts["cuda"] = torch.version.cuda
    return facts


def load() -> list[float] | None:
    """Load averages over 1, 5 and 15 minutes, if the system reports them."""
    try:
        return [round(value, 2) for value in os.getloadavg()]
    except (AttributeError, OSError):
        return None


def one_line(facts: dict[str, Any]) -> str:
    """Summarise the machine for a caption."""
    where = facts.get("device", f"{facts['cores']} cores {facts['processor']}")
    versions = f"torch {facts['torch']}, PyG {facts['torch-geometric']}"
    busy = "" if facts["load"] is None else f", load {facts['load'][0]:.1f}"
    return f"{where}; {versions}; {facts['date']}{busy}"


def caption(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what rows of times with ``threads`` and ``machine`` say of the machine."""
    threads, where = rows[0]["threads"], rows[0]["machine"]
    return f"{threads} thread{'s' if threads > 1 else ''}\n{where}"
