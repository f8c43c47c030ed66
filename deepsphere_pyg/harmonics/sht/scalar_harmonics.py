"""Sums against scalar harmonics in every way; those of other functions derive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from deepsphere_pyg.harmonics.functions.spherical_harmonics import spherical_harmonics
from deepsphere_pyg.harmonics.sht.ducc import DuccTransform
from deepsphere_pyg.harmonics.sht.geometry import RingGeometry
from deepsphere_pyg.harmonics.sht.rings import RingTransform
from deepsphere_pyg.harmonics.sht.tables import (
    Interpolation,
    LegendreTables,
    legendre_tables,
)
from samplings.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class ScalarHarmonics:
    """The functions that a transform sums against, of degrees below L.

    Signals have ``components`` numbers at each vertex and coefficients as many in each
    row; inside transforms they are on one axis, the components of a vertex or row next
    to each other. Functions of degrees below ``first_degree`` do not exist: their rows
    are zero.
    """

    L: int
    components: ClassVar[int] = 1

    @property
    def first_degree(self) -> int:
        """Smallest degree of the functions."""
        return 0

    @property
    def n_rows(self) -> int:
        """Coefficients of a signal, with zeros."""
        return self.components * self.L**2

    @property
    def n_zeros(self) -> int:
        """Rows of degrees that do not exist, which come first."""
        return self.components * self.first_degree**2

    def matrix(self, theta: FloatArray, phi: FloatArray) -> FloatArray:
        """Return the functions at points, shape ``(components * V, n_rows)``."""
        return spherical_harmonics(theta, phi, self.L)

    def ring_sums(
        self,
        rings: RingGeometry,
        weights: FloatArray | None,
        tables: LegendreTables,
        dtype: torch.dtype | None,
    ) -> Any:
        """Return sums over rings by :meth:`tables`."""
        return RingTransform(rings, self.L, weights, tables, dtype)

    def tables(
        self,
        rings: RingGeometry,
        interpolation: Interpolation | None = None,
        orders: IntArray | None = None,
        dtype: torch.dtype | None = None,
    ) -> LegendreTables:
        """Return the tables of the functions of all orders, or of some, ascending.

        Those of other functions may depend on the dtype of the transform.
        """
        _, pairs = rings.folding()
        return legendre_tables(rings.theta, self.L, pairs, interpolation, orders)

    def ducc_sums(
        self,
        rings: RingGeometry,
        weights: FloatArray | None,
        scheme: str,
        dtype: torch.dtype | None,
    ) -> Any:
        """Return sums over rings by ducc0."""
        return DuccTransform(rings, self.L, weights, scheme, dtype)
