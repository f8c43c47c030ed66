"""Threads and memory allocators of a measurement, as environments of processes."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from kernel_cases import Case

#: glibc's malloc as it comes: large blocks are mapped anew, so that fresh tensors cost
#: page faults.
DEFAULT = "default"
#: glibc's malloc told never to return a page: what is left is the work itself.
NEUTRAL = "neutral"
#: glibc's malloc told to return pages at once, to see what memory is in use.
MEMORY = "memory"
#: glibc's malloc as it comes, to see what memory a process grows to: gaps between
#: blocks, and pages kept for later, included.
RESIDENT = "resident"

_GLIBC = {
    DEFAULT: {},
    RESIDENT: {},
    NEUTRAL: {
        # No separate mappings at all: a threshold would be refused above 32 MB by
        # older releases.
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
    """Where a case is measured."""

    device: str
    threads: int
    allocator: str

    def environment(self) -> dict[str, str]:
        """Of a process in this setting."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_ALLOCATOR_NAMES)
        }
        threads = dict.fromkeys(_THREAD_NAMES, str(self.threads))
        return {**kept, **threads, **_GLIBC[self.allocator]}

    @property
    def title(self) -> str:
        """In tables and pictures."""
        if self.device == "cuda":
            return "CUDA"
        word = "thread" if self.threads == 1 else "threads"
        return f"{self.threads} {word}, {self.allocator}"


def on_glibc() -> bool:
    """Whether the C library's allocator takes these orders."""
    return platform.libc_ver()[0] == "glibc"


def default_threads() -> list[int]:
    """One thread, and two where there are two cores or more."""
    return [1, 2] if (os.cpu_count() or 1) > 1 else [1]


def settings_of(
    case: Case,
    device: str,
    threads: Sequence[int],
    allocators: Sequence[str],
    every: bool,
) -> list[Setting]:
    """Where a case is timed.

    Parameters
    ----------
    every
        Whether to spare none for the time it takes.
    """
    if device == "cuda":
        return [Setting(device, max(threads), DEFAULT)]
    calm = NEUTRAL if NEUTRAL in allocators else allocators[0]
    if every or case.settings == "all":
        chosen = [(t, a) for a in allocators for t in threads]
        # With the default allocator one number of threads shows what pages cost.
        if not every and len(allocators) > 1:
            chosen = [(t, a) for t, a in chosen if a == calm or t == max(threads)]
    elif case.settings == "neutral":
        chosen = [(t, calm) for t in threads]
    else:
        chosen = [(max(threads), calm)]
    return sorted(Setting(device, t, a) for t, a in chosen)
