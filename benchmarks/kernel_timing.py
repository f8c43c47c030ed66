"""Times of several things in turn, and the memory that one of them needs."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

Run = Callable[[], Any]


def seconds(run: Run, device: torch.device) -> float:
    """Time one run, the release of its results included, as in any loop."""
    if device.type != "cuda":
        start = time.perf_counter()
        run()
        return time.perf_counter() - start
    start_event, end_event = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize(device)
    start_event.record()
    run()
    end_event.record()
    end_event.synchronize()
    return start_event.elapsed_time(end_event) / 1e3


def interleaved(
    runs: Mapping[str, Run], device: torch.device, rounds: int, budget: float
) -> dict[str, list[float]]:
    """Time each run several times, all of them in turn.

    What disturbs the machine for a while then disturbs them alike. A run takes part in
    as many rounds as it fits into ``budget`` seconds: 3 at least (2 where a single one
    takes longer than that), ``rounds`` at most, spread evenly over all rounds. The
    collector of garbage stands still.

    Returns
    -------
    dict
        Seconds by name, in order, after one run for warming up.
    """
    wanted = {}
    for name, run in runs.items():
        run()
        once = seconds(run, device)
        least = 2 if once > budget else 3
        wanted[name] = min(rounds, max(least, int(budget / max(once, 1e-9))))
    total = max(wanted.values(), default=0)
    found: dict[str, list[float]] = {name: [] for name in runs}
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for turn in range(total):
            for name, run in runs.items():
                # As many turns as wanted, evenly spread, the first among them.
                n = wanted[name]
                if turn * n // total != (turn - 1) * n // total:
                    found[name].append(seconds(run, device))
    finally:
        if enabled:
            gc.enable()
    return found


class PeakMemory:
    """What runs need at most beyond what was there before the first of them.

    On a CUDA device PyTorch counts its allocations. On the CPU it is the high-water
    mark of the resident set (VmHWM), which Linux lets a process set back through
    ``/proc/self/clear_refs``: this counts every page that any library touches, whereas
    sampling from a thread may miss the peak. The process must give freed pages back at
    once (see ``kernel_settings.MEMORY``), or those of earlier runs would hide some.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        gc.collect()
        _trim()
        self.before = self._now()

    def of(self, run: Run) -> float:
        """Peak in MiB while it runs, above what there was at construction."""
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
    """Whether the high-water mark can be set back here."""
    if device.type == "cuda":
        return True
    try:
        reset_peak()
        return resident_peak() > 0
    except (OSError, LookupError):
        return False


def _status(key: str) -> int:
    """A line of /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = {name: value for name, value in (line.split(":", 1) for line in lines)}
    return int(found[key].split()[0]) * 1024


def _trim() -> None:
    """Give the freed pages at the end of the heap back to the system, on glibc."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def reset_peak() -> None:
    """Set the process's high-water mark back to what it has now (Linux).

    Raises
    ------
    OSError
        If the system has no such thing.
    """
    Path("/proc/self/clear_refs").write_text("5")


def resident_peak() -> int:
    """Peak resident memory of the process since its mark was set back, in bytes."""
    return _status("VmHWM")
