"""Times of several runs in turn, and how a cost grows."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

Run = Callable[[], Any]


def seconds(
    run: Run, device: torch.device, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Time one run, including the release of its results, as in any loop.

    With ``clock=time.process_time``, other programs on the same processor do not count.
    """
    if device.type != "cuda":
        start = clock()
        run()
        return clock() - start
    start_event, end_event = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize(device)
    start_event.record()
    run()
    end_event.record()
    end_event.synchronize()
    return start_event.elapsed_time(end_event) / 1e3


def interleaved(
    runs: Mapping[str, Run],
    device: torch.device,
    rounds: int,
    budget: float,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Time each run several times, all of them in turn.

    A disturbance of the machine then affects all of them alike. A run takes part in
    as many rounds as it fits into ``budget`` seconds: at least 3 (2 if a single one
    takes longer than the budget), at most ``rounds``, spread evenly over all rounds.
    On a GPU there is no choice of a clock. The garbage collector is off meanwhile.

    Returns
    -------
    dict
        Seconds by name, in order, after one run to warm up.
    """
    wanted = {}
    for name, run in runs.items():
        run()
        once = seconds(run, device, clock)
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
                    found[name].append(seconds(run, device, clock))
    finally:
        if enabled:
            gc.enable()
    return found


def without_gradient(function: Callable[[Any], Any], x: Any) -> Run:
    """Return a run of a function, without recording for a gradient."""

    def run() -> Any:
        with torch.no_grad():
            return function(x)

    return run


def with_gradient(
    function: Callable[[Tensor], Tensor], x: Tensor, *parameters: Tensor
) -> Run:
    """Return a run of a function and of its gradients in x and parameters."""
    leaf = x.detach().clone().requires_grad_()
    with torch.no_grad():
        incoming = torch.ones_like(function(leaf))
    leaves = (leaf, *parameters)
    return lambda: torch.autograd.grad(function(leaf), leaves, incoming)


def slope(rows: Sequence[Mapping[str, float]], size: str, cost: str) -> float:
    """Exponent of a size that a cost grows with, by least squares of logarithms."""
    x, y = (np.log([row[name] for row in rows]) for name in (size, cost))
    return float(np.polyfit(x, y, 1)[0])
