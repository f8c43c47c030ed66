"""The choice of sizes and kernels for this processor, measured once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from deepsphere_pyg.compilers import in_plain_mode
from deepsphere_pyg.propagation.choice_trials import (
    BUILT_IN,
    NUMBERS,
    WIDTHS,
    Choice,
    fastest_choice,
)
from samplings.arguments import choice_argument
from samplings.atomic_files import make_folder, write_json
from samplings.disk_cache import VARIABLE, cache_folder, read_or_compute

#: Environment variable that turns measurements off.
TUNING = "DEEPSPHERE_PYG_TUNING"
# Raise it when trials, choices or the layout of the files change.
_LAYOUT = 1


def choice_here() -> Choice:
    """Return the choice for this processor and the present number of threads.

    It is measured once for each processor, number of threads, and versions of PyTorch
    and of this package, and kept in the folder of :func:`samplings.cache_folder`. One
    process measures while others wait, so that all have the same choice. It holds until
    the process ends. It is the built-in choice where nothing can be kept, or the
    environment variable ``DEEPSPHERE_PYG_TUNING`` is ``off``.

    Raises
    ------
    ValueError
        If that variable is neither ``on`` nor ``off``.

    Warns
    -----
    RuntimeWarning
        If a file is damaged and therefore replaced, or cannot be written.
    """
    return _choice(torch.get_num_threads())


def processor() -> str:
    """Return the processor's model, and the widest vectors that PyTorch uses on it."""
    name = platform.processor() or platform.machine()
    path = Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.startswith("model name"):
            name = line.split(":", 1)[1].strip()
            break
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


@cache
def _choice(threads: int) -> Choice:
    """Return the choice that holds in this process for a number of threads."""
    wanted = choice_argument(TUNING, os.environ.get(TUNING, "on"), ("on", "off"))
    folder = cache_folder()
    if wanted == "off" or folder is None:
        return BUILT_IN
    found: Choice = in_plain_mode(lambda: _kept(folder / "kernels", threads))
    return found


def _kept(folder: Path, threads: int) -> Choice:
    """Read the choice from a folder, or measure it and write it there."""
    about = _conditions(threads)
    key = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]
    path = folder / f"choice-{key}.json"
    try:
        # Folders that may be read but not written to have no lock.
        return _read(path, about)
    except Exception:
        pass  # No choice is kept yet, or a damaged one: then its replacement warns.
    try:
        with _locked(path.with_suffix(".lock")):
            return read_or_compute(
                path,
                "measurements",
                lambda path: _read(path, about),
                fastest_choice,
                lambda path, choice: write_json(path, {**about, **asdict(choice)}),
                required=True,
            )
    except OSError as error:
        warnings.warn(
            f"the measured choice of kernels cannot be kept in {folder} ({error}); the "
            f"built-in one is used; set {VARIABLE} to a folder that can be written to, "
            f"or {TUNING} to off",
            RuntimeWarning,
            stacklevel=2,
        )
        return BUILT_IN


def _conditions(threads: int) -> dict[str, str | int]:
    """Return all that a choice is measured for."""
    try:
        package = version("deepsphere-pyg")
    except PackageNotFoundError:
        package = "not installed"
    return {
        "layout": _LAYOUT,
        "processor": processor(),
        "threads": threads,
        "torch": str(torch.__version__),
        "deepsphere-pyg": package,
    }


def _read(path: Path, about: dict[str, str | int]) -> Choice:
    """Read a choice; damaged files raise errors of several types."""
    content = json.loads(path.read_text())
    for name, value in about.items():
        if content.pop(name) != value:
            raise ValueError(f"its {name} is not {value!r}")
    choice = Choice(**content)
    if (
        choice.numbers not in NUMBERS
        or choice.csr_width not in WIDTHS[torch.float32]
        or choice.csr_width_double not in WIDTHS[torch.float64]
    ):
        raise ValueError("it holds sizes that are never chosen")
    return choice


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that one process has at a time; others wait.

    Raises
    ------
    OSError
        If the file cannot be written, or its disk has no locks.
    """
    make_folder(path.parent)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            # A process forked meanwhile has the file open too.
            fcntl.flock(file, fcntl.LOCK_UN)
