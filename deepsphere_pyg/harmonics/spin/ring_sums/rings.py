"""Transforms of spin fields on rings, as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, cast

import numpy as np
import torch
from torch import Tensor

from deepsphere_pyg.harmonics.sht.geometry import RingGeometry
from deepsphere_pyg.harmonics.sht.rings import Operation, RingTransform
from deepsphere_pyg.harmonics.spin.ring_sums.operations import (
    spin_analysis,
    spin_ring_analysis,
    spin_ring_fourier,
    spin_ring_fourier_adjoint,
    spin_ring_legendre,
    spin_ring_legendre_adjoint,
    spin_ring_synthesis,
    spin_synthesis,
)
from deepsphere_pyg.harmonics.spin.ring_sums.polar_nodes import near_poles
from deepsphere_pyg.harmonics.spin.ring_sums.tables import CompressedRows, SpinTables
from samplings.arrays import FloatArray


class SpinRingTransform(RingTransform):
    """Sums of fields on rings against spin harmonics, and their adjoint.

    Both components of a vertex, and both coefficients of a row, are next to each other
    on one axis. The spin is above 0.
    """

    operations: ClassVar[tuple[Operation, ...]] = (
        spin_analysis,
        spin_ring_analysis,
        spin_synthesis,
        spin_ring_synthesis,
    )
    steps: ClassVar[tuple[Operation, ...]] = (
        spin_ring_fourier,
        spin_ring_fourier_adjoint,
        spin_ring_legendre,
        spin_ring_legendre_adjoint,
    )

    def __init__(
        self,
        rings: RingGeometry,
        L: int,
        spin: int,
        weights: FloatArray | None,
        tables: SpinTables,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__(rings, L, weights, tables, dtype)
        self._legendre: SpinTables = tables
        # The sums have the signs of sines, and halve rows of orders above 0.
        self.keep("signs", np.where(tables.orders[:, None] == 0, 1.0, 2.0))
        north = self.shape[1]
        self._theta = rings.theta[:north]
        self._ring_weights = np.ones(north) if weights is None else weights[:north]
        self.shape += [spin]
        self._keep_sums()
        for ring in np.flatnonzero(rings.n_phi[:north] == 0).tolist():
            self.shape += [ring, 1 if rings.theta[ring] == 0 else -1]
        self.n_vertices *= 2
        self.n_rows *= 2

    def _keep_sums(self) -> None:
        """Register what depends on which rings are near poles, beside the tables."""
        spin = self.shape[3]
        if self._legendre.divided:
            near = near_poles(self._theta, spin, self.dtype)
            power = np.where(near, 1.0, np.sin(self._theta) ** spin)
            self.keep("weights", (self._ring_weights / power)[:, None])
        self.keep("nodes", None)
        for name in ("sums", "transposed"):
            for part in ("offsets", "indices"):
                self.keep(f"{name}_{part}", None, torch.int32)
            self.keep(f"{name}_weights", None)

    def converted(self, fn: Callable[[Tensor], Tensor]) -> None:
        """Update the dtype, and take the tables for it."""
        before = self.dtype
        super().converted(fn)
        if self.dtype != before:
            self._legendre = self._legendre.in_dtype(self.dtype)
            with self.probe.device:
                for number in range(self._n_tables):
                    self.keep(f"table_{number}", None)
                self._keep_sums()

    def rounded(self, name: str, dtype: torch.dtype) -> Tensor:
        """Return a master in a dtype; tables are shared between transforms."""
        if name == "places":
            return self._legendre.by_order
        kind, _, part = name.partition("_")
        if kind == "nodes":
            return self._legendre.nodes.rounded(dtype)
        if kind not in ("sums", "transposed"):
            return super().rounded(name, dtype)
        rows: CompressedRows = getattr(self._legendre, kind)
        if part == "weights":
            return rows.weights.rounded(dtype)
        index: Tensor = getattr(rows, part)
        return index

    def arguments(
        self,
    ) -> tuple[list[Tensor], list[Tensor], list[int], list[int]]:
        """Return the constants of all operations."""
        tables, layout, runs, shape = super().arguments()
        names = ["nodes"]
        for name in ("sums", "transposed"):
            names += [f"{name}_{part}" for part in CompressedRows._fields]
        more = [cast(Tensor, getattr(self, name)) for name in names]
        return tables, [*layout, *more], runs, shape
