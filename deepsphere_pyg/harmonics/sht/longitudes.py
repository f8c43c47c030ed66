"""Fourier transforms along rings: from signals to orders by ring, and back.

Orders are ``(parts, L, 2, batch, channel, rings)``: sums and differences of mirrored
rings (one part without mirrors), real and imaginary part, and northern rings last, as
the matrix products need them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor

# Signals in one Fourier transform on a CPU: intermediate values stay in its cache.
NUMBERS_AT_ONCE = 1 << 17


class Run(NamedTuple):
    """Consecutive northern rings, ``first`` to ``stop``, of equally many longitudes.

    ``north`` and ``south`` are the first vertices of the rings and of their mirrors, -1
    without mirrors; ``n_phi`` is the number of longitudes, 0 for a pole.
    """

    first: int
    stop: int
    north: int
    south: int
    n_phi: int

    @property
    def rings(self) -> slice:
        """The rings."""
        return slice(self.first, self.stop)

    def signals_on(self, x: Tensor, some: slice, south: bool = False) -> Tensor:
        """View some signals on these rings, or on their mirrors from south to north.

        From ``(batch, vertex, channel)`` to ``(some, channel, ring, longitude)``.
        """
        n_rings, n_phi = self.stop - self.first, max(self.n_phi, 1)
        start = self.south if south else self.north
        values = x[some, start : start + n_rings * n_phi]
        grid = values.view(len(values), n_rings, n_phi, x.shape[2])
        return grid.permute(0, 3, 1, 2)


def runs_of_rings(rings: Sequence[int], lone: int, pairs: int) -> list[Run]:
    """Return all northern rings in as few runs as possible."""
    starts = [0, *accumulate(max(n, 1) for n in rings)]
    n_rings = len(rings) - pairs
    runs = []
    first = 0
    for ring in range(1, n_rings + 1):
        edge = ring in (n_rings, lone, lone + pairs)
        if not edge and rings[ring] == rings[first]:
            continue
        mirrored = lone <= first < lone + pairs
        south = starts[len(rings) - (ring - lone)] if mirrored else -1
        runs.append(Run(first, ring, starts[first], south, rings[first]))
        first = ring
    return runs


def fill_orders(
    orders: Tensor, x: Tensor, runs: Sequence[Run], weights: Tensor, phases: Tensor
) -> None:
    """Write the orders of signals; parameters as for :func:`.operations.analysis`."""
    parts, L = orders.shape[:2]
    turns = _turns(phases)
    for run in runs:
        weight = weights[run.rings] if weights.numel() else None
        for some in _portions(x, run):
            values = run.signals_on(x, some)
            y = values.new_empty(parts, *values.shape)
            if run.south < 0:
                y.copy_(values)
            else:
                mirror = run.signals_on(x, some, south=True).flip(2)
                torch.add(values, mirror, out=y[0])
                torch.sub(values, mirror, out=y[1])
            if weight is not None:
                y *= weight
            f = _forward(y, run.n_phi, L)
            if turns is not None:
                f = f * turns[run.rings if len(turns) > 1 else slice(1)].conj_physical()
            real = torch.view_as_real(f).permute(0, 4, 5, 1, 2, 3)
            orders[:, :, :, some, :, run.rings] = real


def fill_signals(
    x: Tensor, orders: Tensor, runs: Sequence[Run], weights: Tensor, phases: Tensor
) -> None:
    """Write the signals of orders, of which those above 0 are halved."""
    parts, L = orders.shape[:2]
    turns = _turns(phases)
    for run in runs:
        weight = weights[run.rings] if weights.numel() else None
        bins = _bins(run.n_phi, L)
        for some in _portions(x, run):
            part = orders[:, :, :, some, :, run.rings].permute(0, 3, 4, 5, 1, 2)
            real = part.new_empty(*part.shape[:4], bins, 2)
            real[..., :L, :] = part
            real[..., L:, :] = 0
            f = torch.view_as_complex(real)
            if turns is not None:
                f[..., :L] *= turns[run.rings if len(turns) > 1 else slice(1)]
            y = _inverse(f, run.n_phi, L)
            if weight is not None:
                y *= weight
            values = run.signals_on(x, some)
            if run.south < 0:
                values.copy_(y.sum(0) if parts == 2 else y[0])
            else:
                torch.add(y[0], y[1], out=values)
                mirror = run.signals_on(x, some, south=True)
                mirror.copy_((y[0] - y[1]).flip(2))


def _turns(phases: Tensor) -> Tensor | None:
    """Return ``exp(i m phi)`` of the first longitudes, or None if all are 0."""
    return torch.view_as_complex(phases) if phases.numel() else None


def _portions(x: Tensor, run: Run) -> Iterator[slice]:
    """Cut the batch into parts that fit in the cache of a CPU."""
    batch, _, channels = x.shape
    together = batch
    if x.device.type == "cpu":
        vertices = (run.stop - run.first) * max(run.n_phi, 1)
        together = max(1, NUMBERS_AT_ONCE // (2 * vertices * channels))
    for first in range(0, batch, together):
        yield slice(first, min(batch, first + together))


def _forward(y: Tensor, n: int, L: int) -> Tensor:
    r"""Return :math:`\sum_j y_j e^{-2 \pi i j m / n}` for m below L."""
    f: Tensor
    if n == 0:
        # Functions of order above 0 vanish at a pole.
        f = y.new_zeros(*y.shape[:-1], L, dtype=y.dtype.to_complex())
        f[..., 0] = y[..., 0]
        return f
    if n >= 2 * L - 1:
        f = torch.fft.rfft(y)
    else:
        f = torch.fft.fft(y)
        if n < L:
            f = f.repeat(*[1] * (y.ndim - 1), -(-L // n))
    return f[..., :L]


def _bins(n: int, L: int) -> int:
    """Number of orders that :func:`_inverse` takes, those from L on zero."""
    return max(L, n // 2 + 1) if n == 0 or n >= 2 * L - 1 else -(-L // n) * n


def _inverse(f: Tensor, n: int, L: int) -> Tensor:
    r"""Return :math:`\sum_{|m| < L} f_m e^{2 \pi i j m / n}`; f is overwritten."""
    if n == 0:
        return f[..., :1].real
    if n >= 2 * L - 1:
        y: Tensor = torch.fft.irfft(f, n, norm="forward")
        return y
    # As 2 Re, of all orders that a ring of n longitudes does not tell apart.
    f[..., 0] *= 0.5
    if f.shape[-1] > n:
        f = f.view(*f.shape[:-1], -1, n).sum(-2)
    folded: Tensor = torch.fft.ifft(f, norm="forward")
    return 2 * folded.real
