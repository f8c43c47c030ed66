"""The memory that a run needs, and the largest that a process had."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

from benchmarks.measuring.timing import Run

T = TypeVar("T")


class PeakMemory:
    """Peak memory of runs, beyond the memory in use before the first of them.

    On a CUDA device PyTorch counts its allocations. On the CPU it is the high-water
    mark of the resident set (VmHWM), which Linux lets a process set back through
    ``/proc/self/clear_refs``: this counts every page that any library touches, while
    sampling from a thread may miss the peak. The process must return freed pages at
    once (see ``settings.MEMORY``), or those of earlier runs would hide some.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        gc.collect()
        _trim()
        self.before = self._now()

    def of(self, run: Run) -> float:
        """Peak in MiB during a run, above the memory in use at construction."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
            torch.cuda.reset_peak_memory_stats(self.device)
            run()
            torch.cuda.synchronize(self.device)
            peak = torch.cuda.max_memory_allocated(self.device)
            return (peak - self.before) / 2**20
        _trim()
        reset_peak()
        run()
        return (resident_peak() - self.before) / 2**20

    def _now(self) -> int:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
            return torch.cuda.memory_allocated(self.device)
        return _status("VmRSS")


def memory_is_measurable(device: torch.device) -> bool:
    """Whether the high-water mark can be set back on this system."""
    if device.type == "cuda":
        return True
    try:
        reset_peak()
        return resident_peak() > 0
    except (OSError, LookupError):
        return False


def reset_peak() -> None:
    """Set the high-water mark of the process back to its present memory (Linux).

    Raises
    ------
    OSError
        If the system cannot do so.
    """
    Path("/proc/self/clear_refs").write_text("5")


def resident_peak() -> int:
    """Peak resident memory of the process since its mark was set back, in bytes."""
    return _status("VmHWM")


def peak_gigabytes() -> float:
    """Peak resident memory of the process so far, on any system."""
    # Kilobytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def timed(stage: str, build: Callable[[], T]) -> T:
    """Run a stage, and print its seconds and the peak memory after it."""
    start = time.perf_counter()
    result = build()
    seconds = time.perf_counter() - start
    print(f"{stage:20s} {seconds:8.1f} s   peak {peak_gigabytes():6.2f} GB", flush=True)
    return result


def _status(key: str) -> int:
    """A line of /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = {name: value for name, value in (line.split(":", 1) for line in lines)}
    return int(found[key].split()[0]) * 1024


def _trim() -> None:
    """Return the freed pages at the end of the heap to the system, on glibc."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
