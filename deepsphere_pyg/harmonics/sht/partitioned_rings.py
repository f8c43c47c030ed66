"""Transforms on rings that several processes share, with one exchange of orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.harmonics.sht.base import InnerTables, batched
from deepsphere_pyg.harmonics.sht.geometry import RingGeometry
from deepsphere_pyg.harmonics.sht.placed import Placed
from deepsphere_pyg.harmonics.sht.rings import RingTransform
from deepsphere_pyg.harmonics.sht.scalar_harmonics import ScalarHarmonics
from deepsphere_pyg.harmonics.sht.shares import Shares
from deepsphere_pyg.harmonics.sht.tables import Interpolation
from deepsphere_pyg.operators.halo import exchanged
from samplings.arrays import FloatArray


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
        self._sent_counts = [rows * n_own * len(some) for some in shares.orders]
        self._received_counts = [rows * len(shares.own) * n for n in shares.n_rings]
        self._bounds = shares.bounds
        self._fourier_shape = [len(dealt), *local.shape]
        zonal = int(shares.own[0] == 0)
        self._legendre_shape = [len(shares.own), parts, shares.bounds[-1], zonal]

    def analyze(self, x: Tensor) -> Tensor:
        """Return sums against harmonics, ``(*batch, vertex, channel)`` to rows."""
        return batched(self._sums, x)

    def synthesize(self, c: Tensor) -> Tensor:
        """Return sums of harmonics, rows to ``(*batch, vertex, channel)``."""
        return batched(self._values, c)

    def _sums(self, x: Tensor) -> Tensor:
        tables, layout, runs, _ = self.local.arguments()
        fourier, _, legendre, _ = self.local.steps
        y = fourier(x, tables, layout, runs, self._fourier_shape).movedim(1, 0)
        rows = self._by_order(y).index_select(0, self.sent)
        found = exchanged(
            rows.flatten(0, 1), self._received_counts, self._sent_counts, self._group
        )
        y = found.movedim(0, 1)
        return legendre(y, tables, layout, self._bounds, self._legendre_shape)

    def _values(self, c: Tensor) -> Tensor:
        tables, layout, runs, _ = self.local.arguments()
        _, fourier_adjoint, _, legendre_adjoint = self.local.steps
        y = legendre_adjoint(c, tables, layout, self._bounds, self._legendre_shape)
        found = exchanged(
            y.movedim(1, 0), self._sent_counts, self._received_counts, self._group
        )
        rows = self._by_order(found).index_select(0, self.placed)
        y = rows.flatten(0, 1).movedim(0, 1)
        return fourier_adjoint(y, tables, layout, runs, self._fourier_shape)

    def _by_order(self, y: Tensor) -> Tensor:
        """View rows of all orders on the rings of this process by order."""
        n = len(self.sent)
        return y.view(n, len(y) // n, *y.shape[1:])


def partitioned_sums(
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
    tables = harmonics.tables(rings, interpolation, shares.own)
    own_weights = None if weights is None else weights[some]
    local = harmonics.ring_sums(part, own_weights, tables, dtype)
    transform = PartitionedRingTransform(local, shares, harmonics.components)
    vertices = part.order
    if rings.order is None or vertices is None:
        return transform
    return Placed(transform, np.argsort(vertices), harmonics.components)
