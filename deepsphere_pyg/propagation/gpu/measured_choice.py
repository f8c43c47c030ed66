"""Choice between kernels by their times, measured once for each kind of sum."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Hashable, Mapping

import torch
from torch import Tensor

# Runs of a kernel after the first, which compiles it; the shortest counts.
RUNS = 5
# A kernel must be this much faster than the one that is taken without measurement, so
# that kernels as fast as each other give the same choice in every process.
MARGIN = 0.9

Runs = Mapping[str, Callable[[], Tensor]]

# Choices of this process, by kind of sum.
_choices: dict[Hashable, str] = {}


def chosen_by_time(kind: Hashable, runs: Runs, device: torch.device) -> str:
    """Return the name of the fastest of several kernels of one result.

    They are timed when a kind of sum comes for the first time; the choice is kept as
    long as the process lives. Nothing is timed where a result must not depend on
    times: under ``torch.use_deterministic_algorithms`` the last kernel is taken, whose
    sums have a fixed order. While a CUDA graph is captured, which cannot be timed, the
    kept choice is taken, or the first kernel.

    Parameters
    ----------
    kind
        What the time depends on.
    runs
        The kernels by name, each on the same signals. The first is taken unless
        another needs less than 0.9 of its time.
    device
        Of the signals.

    Warns
    -----
    RuntimeWarning
        If a kernel other than the first cannot run, once for each kind.
    """
    names = list(runs)
    if torch.are_deterministic_algorithms_enabled():
        return names[-1]
    if kind in _choices:
        return _choices[kind]
    if device.type == "cuda" and torch.cuda.is_current_stream_capturing():
        return names[0]
    best, least = names[0], MARGIN * _seconds(runs[names[0]], device)
    for name in names[1:]:
        try:
            needed = _seconds(runs[name], device)
        except Exception as error:  # compilers fail in any way
            warnings.warn(
                f"kernel {name!r} cannot run here, so {names[0]!r} is used: {error}; "
                f"pass execution={names[0]!r} to try no other",
                RuntimeWarning,
                stacklevel=2,
            )
            continue
        if needed < least:
            best, least = name, needed
    _choices[kind] = best
    return best


def measured_choices() -> dict[Hashable, str]:
    """Return the choices of this process so far, by kind of sum."""
    return dict(_choices)


def _seconds(run: Callable[[], Tensor], device: torch.device) -> float:
    """Return the shortest time of some runs, after one that compiles."""
    run()
    return min(_time(run, device) for _ in range(RUNS))


def _time(run: Callable[[], Tensor], device: torch.device) -> float:
    _wait(device)
    start = time.perf_counter()
    run()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    """Wait until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
