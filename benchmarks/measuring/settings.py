"""Threads and memory allocators of a measurement, as environments of processes."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

#: glibc's malloc as it comes: large blocks are mapped anew, so fresh tensors cost page
#: faults.
DEFAULT = "default"
#: glibc's malloc told never to return a page: what remains is the work itself.
NEUTRAL = "neutral"
#: glibc's malloc told to return pages at once, to measure the memory in use.
MEMORY = "memory"
#: glibc's malloc as it comes, to measure how large a process grows: gaps between
#: blocks, and pages kept for later, included.
RESIDENT = "resident"

_GLIBC = {
    DEFAULT: {},
    RESIDENT: {},
    NEUTRAL: {
        # No separate mappings at all: older releases refuse a threshold above 32 MB.
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": str(2**40),
        "MALLOC_TOP_PAD_": str(64 * 2**20),
    },
    MEMORY: {
        "MALLOC_MMAP_THRESHOLD_": str(64 * 2**10),
        "MALLOC_TRIM_THRESHOLD_": str(64 * 2**10),
        "MALLOC_TOP_PAD_": "0",
    },
}
_ALLOCATOR_NAMES = ("MALLOC_", "LD_PRELOAD", "GLIBC_TUNABLES")
_THREAD_NAMES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, order=True)
class Setting:
    """Device, number of threads and allocator of a measurement."""

    device: str
    threads: int
    allocator: str

    def environment(self) -> dict[str, str]:
        """Environment variables of a process in this setting."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_ALLOCATOR_NAMES)
        }
        threads = dict.fromkeys(_THREAD_NAMES, str(self.threads))
        return {**kept, **threads, **_GLIBC[self.allocator]}

    @property
    def title(self) -> str:
        """Name in tables."""
        if self.device == "cuda":
            return "CUDA"
        word = "thread" if self.threads == 1 else "threads"
        return f"{self.threads} {word}, {self.allocator}"


def on_glibc() -> bool:
    """Whether the allocator of the C library can be configured."""
    return platform.libc_ver()[0] == "glibc"


def default_threads() -> list[int]:
    """One thread, and two on machines with two or more cores."""
    return [1, 2] if (os.cpu_count() or 1) > 1 else [1]


def pages_stay(size: int = 2**24) -> bool:
    """Whether a tensor placed where another was freed causes no page faults.

    The tensors have 64 MB, more than glibc learns to keep by itself. It needs a few
    of them before it finds the place for the next.
    """
    faults = []
    for _ in range(6):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(size)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    # A page of 4096 bytes holds 1024 numbers; a few faults come from elsewhere.
    return min(faults) < size / 1024 / 4


def in_a_process(module: str, words: Sequence[str], setting: Setting) -> Any:
    """Run a benchmark in a process of its own and return the JSON that it prints.

    Parameters
    ----------
    module
        Its name, such as ``benchmarks.studies.scaling``.
    words
        Its options.

    Raises
    ------
    RuntimeError
        If the process fails, with the last line of its errors.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        env=setting.environment(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise RuntimeError(
            f"{module} {' '.join(words)} ended with {done.returncode}: {last[0]}"
        )
    return json.loads(done.stdout)
