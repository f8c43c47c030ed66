"""Legendre functions on rings, and the sums that make rows of spin s of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import plain_tensor
from deepsphere_pyg.fixed_tensors.shared_tables import SharedTable
from deepsphere_pyg.harmonics.sht.tables import (
    Interpolation,
    LegendreTables,
    kept_tables,
    legendre_functions,
    padded_tables,
)
from deepsphere_pyg.harmonics.spin.ring_sums.polar_nodes import (
    near_poles,
    polar_nodes,
)
from deepsphere_pyg.harmonics.spin.ring_sums.row_sums import row_sums
from samplings.arrays import FloatArray, IntArray


class CompressedRows(NamedTuple):
    """Offsets, indices and weights of a matrix in compressed rows."""

    offsets: Tensor
    indices: Tensor
    weights: SharedTable


@dataclass(frozen=True, eq=False)
class SpinTables(LegendreTables):
    """Legendre tables of degrees below L + s, and how rows of spin s are made of them.

    Attributes
    ----------
    divided
        Whether signals have to be divided by ``sin(theta)**s``, but not near poles.
    nodes
        The matrices of :class:`.PolarNodes`.
    sums, transposed
        The matrix of :func:`.row_sums`, and its transpose, for rows of which those of
        orders above 0 are halved.
    """

    divided: bool
    nodes: SharedTable
    sums: CompressedRows
    transposed: CompressedRows

    @property
    def n_bytes(self) -> int:
        """Bytes of all tables in every dtype that is kept."""
        more = (self.nodes, self.sums.weights, self.transposed.weights)
        return super().n_bytes + sum(table.n_bytes for table in more)


def spin_tables(
    theta: FloatArray,
    L: int,
    spin: int,
    pairs: int,
    interpolation: Interpolation | None = None,
    orders: IntArray | None = None,
) -> SpinTables:
    """Return the tables of a spin above 0; parameters as for :func:`legendre_tables`.

    Functions at the nodes of an interpolation are divided by ``sin(theta)**s`` here.
    """
    some = np.arange(L) if orders is None else orders
    divided = interpolation is None

    def build() -> SpinTables:
        north = theta[: len(theta) - pairs]
        parts = 2 if pairs else 1
        points = north if interpolation is None else interpolation.theta
        factors = np.where(near_poles(points, spin), 0.0, 1.0)
        if interpolation is not None:
            factors *= interpolation.weights / np.sin(points) ** spin
        turned = spin % 2 == 1
        functions = legendre_functions(
            north, L + spin, some, factors, interpolation, turned
        )
        tables = padded_tables(functions, L, some, parts, len(north), spin)
        nodes = polar_nodes(north, L, spin, parts, some, interpolation)
        matrix = row_sums(tables, L, spin, some, nodes)
        scales = np.repeat(np.where(tables.orders == 0, 1.0, 0.5), 2)
        halved = sp.csr_array(matrix.T * scales)
        return SpinTables(
            **vars(tables),
            divided=divided,
            nodes=SharedTable(nodes.matrices),
            sums=_compressed(matrix),
            transposed=_compressed(halved),
        )

    return kept_tables(("spin", spin, theta, L, pairs, divided, some), build)


def _compressed(matrix: sp.csr_array) -> CompressedRows:
    """Return a matrix in compressed rows as tensors."""
    matrix.sort_indices()
    offsets, indices = (
        plain_tensor(a.astype(np.int64)) for a in (matrix.indptr, matrix.indices)
    )
    return CompressedRows(offsets, indices, SharedTable(matrix.data))
