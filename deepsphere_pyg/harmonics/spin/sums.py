"""Sums against spin harmonics in every way that those against scalar ones have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from deepsphere_pyg.fixed_tensors.float64_tensors import checked_dtype
from deepsphere_pyg.harmonics.sht.ducc import DuccTransform
from deepsphere_pyg.harmonics.sht.geometry import RingGeometry
from deepsphere_pyg.harmonics.sht.scalar_harmonics import ScalarHarmonics
from deepsphere_pyg.harmonics.sht.tables import Interpolation
from deepsphere_pyg.harmonics.spin.harmonics import spin_harmonics
from deepsphere_pyg.harmonics.spin.ring_sums.rings import SpinRingTransform
from deepsphere_pyg.harmonics.spin.ring_sums.tables import SpinTables, spin_tables
from samplings.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class SpinHarmonics(ScalarHarmonics):
    """The spin harmonics of degrees below L, of a spin above 0."""

    spin: int
    components: ClassVar[int] = 2

    @property
    def first_degree(self) -> int:
        """Smallest degree, the spin."""
        return self.spin

    def matrix(self, theta: FloatArray, phi: FloatArray) -> FloatArray:
        """Return the functions at points, shape ``(2 V, 2 L**2)``."""
        gradient = spin_harmonics(theta, phi, self.L, self.spin)
        n, _, rows = gradient.shape
        matrix = np.empty((n, 2, rows, 2))
        matrix[..., 0] = gradient
        matrix[:, 0, :, 1] = -gradient[:, 1]
        matrix[:, 1, :, 1] = gradient[:, 0]
        return matrix.reshape(2 * n, 2 * rows)

    def ring_sums(
        self,
        rings: RingGeometry,
        weights: FloatArray | None,
        tables: Any,
        dtype: torch.dtype | None,
    ) -> Any:
        """Return sums over rings by :meth:`tables`."""
        return SpinRingTransform(rings, self.L, self.spin, weights, tables, dtype)

    def tables(
        self,
        rings: RingGeometry,
        interpolation: Interpolation | None = None,
        orders: IntArray | None = None,
        dtype: torch.dtype | None = None,
    ) -> SpinTables:
        """Return the tables of the functions of all orders, or of some, ascending."""
        _, pairs = rings.folding()
        known = torch.get_default_dtype() if dtype is None else dtype
        some = interpolation, orders, checked_dtype(known)
        return spin_tables(rings.theta, self.L, self.spin, pairs, *some)

    def ducc_sums(
        self,
        rings: RingGeometry,
        weights: FloatArray | None,
        scheme: str,
        dtype: torch.dtype | None,
    ) -> Any:
        """Return sums over rings by ducc0."""
        return DuccTransform(rings, self.L, weights, scheme, dtype, spin=self.spin)


def harmonics_of_spin(L: int, spin: int) -> ScalarHarmonics:
    """Return the functions of a spin of either sign."""
    return SpinHarmonics(L, abs(spin)) if spin else ScalarHarmonics(L)
