"""Transforms on rings that several processes share, with one exchange of orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.harmonics.sht.base import InnerTables, batched
from deepsphere_pyg.harmonics.sht.geometry import RingGeometry, ring_geometry
from deepsphere_pyg.harmonics.sht.iterated import IteratedTransform
from deepsphere_pyg.harmonics.sht.methods import (
    HEALPIX_ITERATIONS,
    exact_rule,
    healpix_weights,
)
from deepsphere_pyg.harmonics.sht.placed import Placed
from deepsphere_pyg.harmonics.sht.rings import RingTransform
from deepsphere_pyg.harmonics.sht.scalar_harmonics import ScalarHarmonics
from deepsphere_pyg.harmonics.sht.shares import Shares, shares_of
from deepsphere_pyg.harmonics.sht.tables import Interpolation
from deepsphere_pyg.operators.halo import exchanged
from samplings import HEALPix, Sampling
from samplings.arguments import integer_argument
from samplings.arrays import FloatArray

_OTHER = "least squares in one process (method='least-squares')"


class PartitionedRingTransform(InnerTables, FixedTensors):
    """Sums of signals on rings against harmonics, and their adjoint, by processes.

    Signals are those on the rings of this process, coefficients those of its orders.
    Fourier transforms along the rings give all orders there; they are exchanged for its
    own orders on all rings, which the sums over Legendre functions need.

    Parameters
    ----------
    local
        The transform on the rings of this process, but with the tables of all rings and
        of its orders.
    shares
        Rings and orders of all processes.
    components
        Numbers that a signal has at a vertex.
    """

    inner = "local"
    sent: Tensor
    placed: Tensor

    def __init__(self, local: RingTransform, shares: Shares, components: int) -> None:
        super().__init__()
        self.local = local
        self.n_vertices, self.n_rows = local.n_vertices, local.n_rows
        self._group = shares.group
        dealt = np.concatenate(shares.orders)
        self.keep("sent", dealt)
        self.keep("placed", np.argsort(dealt))
        # Rows of an order on a ring.
        parts, n_own = local.shape[:2]
        rows = 2 * parts * components
        self.sent_counts = [rows * n_own * len(some) for some in shares.orders]
        self.received_counts = [rows * len(shares.own) * n for n in shares.n_rings]
        self.bounds = shares.bounds
        self.fourier_shape = [len(dealt), *local.shape]
        zonal = int(shares.own[0] == 0)
        self.legendre_shape = [len(shares.own), parts, shares.bounds[-1], zonal]

    def analyze(self, x: Tensor) -> Tensor:
        """Return sums against harmonics, ``(*batch, vertex, channel)`` to rows."""
        return batched(self._sums, x)

    def synthesize(self, c: Tensor) -> Tensor:
        """Return sums of harmonics, rows to ``(*batch, vertex, channel)``."""
        return batched(self._values, c)

    def _sums(self, x: Tensor) -> Tensor:
        tables, layout, runs, _ = self.local.arguments()
        fourier, _, legendre, _ = self.local.steps
        y = fourier(x, tables, layout, runs, self.fourier_shape).movedim(1, 0)
        rows = self._by_order(y).index_select(0, self.sent)
        found = exchanged(
            rows.flatten(0, 1), self.received_counts, self.sent_counts, self._group
        )
        y = found.movedim(0, 1)
        return legendre(y, tables, layout, self.bounds, self.legendre_shape)

    def _values(self, c: Tensor) -> Tensor:
        tables, layout, runs, _ = self.local.arguments()
        _, fourier_adjoint, _, legendre_adjoint = self.local.steps
        y = legendre_adjoint(c, tables, layout, self.bounds, self.legendre_shape)
        found = exchanged(
            y.movedim(1, 0), self.sent_counts, self.received_counts, self._group
        )
        rows = self._by_order(found).index_select(0, self.placed)
        y = rows.flatten(0, 1).movedim(0, 1)
        return fourier_adjoint(y, tables, layout, runs, self.fourier_shape)

    def _by_order(self, y: Tensor) -> Tensor:
        """View rows of all orders on the rings of this process by order."""
        n = len(self.sent)
        return y.view(n, len(y) // n, *y.shape[1:])


def partitioned_analysis(
    sampling: Sampling,
    harmonics: ScalarHarmonics,
    iterations: int | None,
    group: ProcessGroup | None,
    dtype: torch.dtype | None,
) -> tuple[Any, RingGeometry, Shares]:
    """Return the part of an analysis, and what is dealt; as for PartitionedSHT."""
    L, rings = harmonics.L, _checked_rings(sampling)
    if iterations is not None:
        iterations = integer_argument("iterations", iterations, 0)
    if isinstance(sampling, HEALPix):
        weights = healpix_weights(sampling, rings, L)
        shares = shares_of(rings, L, group)
        weighted, plain = (
            _sums(rings, harmonics, some, None, shares, dtype)
            for some in (weights, None)
        )
        if iterations is None:
            iterations = HEALPIX_ITERATIONS
        return IteratedTransform(weighted, plain, iterations, None), rings, shares
    if iterations is not None:
        raise ValueError(
            f"only quadrature on HEALPix is iterated, got iterations={iterations} for "
            f"{sampling!r}; leave iterations out"
        )
    weights, theorem = exact_rule(sampling, rings, L, _OTHER)
    shares = shares_of(rings, L, group)
    return _sums(rings, harmonics, weights, theorem, shares, dtype), rings, shares


def partitioned_synthesis(
    sampling: Sampling,
    harmonics: ScalarHarmonics,
    group: ProcessGroup | None,
    dtype: torch.dtype | None,
) -> tuple[Any, RingGeometry, Shares]:
    """Return the part of a transform whose adjoint is a synthesis, and the shares."""
    rings = _checked_rings(sampling)
    shares = shares_of(rings, harmonics.L, group)
    return _sums(rings, harmonics, None, None, shares, dtype), rings, shares


def _checked_rings(sampling: Sampling) -> RingGeometry:
    """Return the rings of a sampling, or refuse it."""
    rings = ring_geometry(sampling)
    if rings is None:
        raise ValueError(
            f"{sampling!r} does not consist of whole rings of equally spaced "
            "longitudes, which processes could share; transform it in one process, or "
            "move the signals to such a sampling with Transfer"
        )
    return rings


def _sums(
    rings: RingGeometry,
    harmonics: ScalarHarmonics,
    weights: FloatArray | None,
    interpolation: Interpolation | None,
    shares: Shares,
    dtype: torch.dtype | None,
) -> Any:
    """Return sums over rings of processes, weighted by ring; vertices are ascending."""
    first, stop = shares.bounds[shares.rank : shares.rank + 2]
    some = rings.with_mirrors(first, stop)
    part = rings.part(some)
    tables = harmonics.tables(rings, interpolation, shares.own, dtype)
    own_weights = None if weights is None else weights[some]
    local = harmonics.ring_sums(part, own_weights, tables, dtype)
    transform = PartitionedRingTransform(local, shares, harmonics.components)
    vertices = part.order
    if rings.order is None or vertices is None:
        return transform
    return Placed(transform, np.argsort(vertices), harmonics.components)
