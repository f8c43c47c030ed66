"""Transforms of fields on rings: Fourier along each, Wigner functions across them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch

from deepsphere_pyg.harmonics.sht.geometry import RingGeometry
from deepsphere_pyg.harmonics.sht.rings import Operation, RingTransform
from deepsphere_pyg.harmonics.sht.tables import LegendreTables
from deepsphere_pyg.harmonics.spin.operations import (
    spin_analysis,
    spin_ring_analysis,
    spin_ring_fourier,
    spin_ring_fourier_adjoint,
    spin_ring_legendre,
    spin_ring_legendre_adjoint,
    spin_ring_synthesis,
    spin_synthesis,
)
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
        tables: LegendreTables,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__(rings, L, weights, tables, dtype)
        self.shape += [spin]
        north = self.shape[1]
        for ring in np.flatnonzero(rings.n_phi[:north] == 0).tolist():
            self.shape += [ring, 1 if rings.theta[ring] == 0 else -1]
        self.n_vertices *= 2
        self.n_rows *= 2
