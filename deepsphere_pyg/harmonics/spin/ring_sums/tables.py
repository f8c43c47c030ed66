"""Legendre functions on rings, and the sums that make rows of spin s of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
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
    in_dtype
        Returns the tables for transforms in a dtype; what counts as near poles depends
        on it.
    divided
        Whether signals have to be divided by ``sin(theta)**s``, but not near poles.
    nodes
        The matrices of :class:`.PolarNodes`.
    sums, transposed
        The matrix of :func:`.row_sums`, and its transpose, for rows of which those of
        orders above 0 are halved, and which are in the order of ``by_order``.
    by_order
        Numbers of rows by absolute order, then sign, then degree, ``(n_rows,)``. What
        the transpose adds up is together there.
    """

    in_dtype: Callable[[torch.dtype], SpinTables]
    divided: bool
    nodes: SharedTable
    sums: CompressedRows
    transposed: CompressedRows
    by_order: Tensor

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
    dtype: torch.dtype = torch.float64,
) -> SpinTables:
    """Return the tables of a spin above 0 for transforms in a dtype.

    Other parameters are as for :func:`legendre_tables`. Functions at the nodes of an
    interpolation are divided by ``sin(theta)**s`` here.
    """
    in_dtype = partial(spin_tables, theta, L, spin, pairs, interpolation, orders)
    some = np.arange(L) if orders is None else orders
    divided = interpolation is None

    def build() -> SpinTables:
        north = theta[: len(theta) - pairs]
        parts = 2 if pairs else 1
        points = north if interpolation is None else interpolation.theta
        factors = np.where(near_poles(points, spin, dtype), 0.0, 1.0)
        if interpolation is not None:
            factors *= interpolation.weights / np.sin(points) ** spin
        turned = spin % 2 == 1
        functions = legendre_functions(
            north, L + spin, some, factors, interpolation, turned
        )
        tables = padded_tables(functions, L, some, parts, len(north), spin)
        nodes = polar_nodes(north, L, spin, parts, some, interpolation, dtype)
        matrix = row_sums(tables, L, spin, some, nodes)
        scales = np.repeat(np.where(tables.orders == 0, 1.0, 0.5), 2)
        # Rows ascend by degree; a stable sort keeps that.
        by_order = np.lexsort((tables.orders < 0, np.abs(tables.orders)))
        sorted_rows = (2 * by_order[:, None] + np.arange(2)).ravel()
        halved = (sp.diags_array(scales) @ matrix)[sorted_rows].T.tocsr()
        return SpinTables(
            **vars(tables),
            in_dtype=in_dtype,
            divided=divided,
            nodes=SharedTable(nodes.matrices),
            sums=_compressed(matrix),
            transposed=_compressed(halved),
            by_order=plain_tensor(by_order),
        )

    return kept_tables(("spin", spin, theta, L, pairs, divided, some, dtype), build)


def _compressed(matrix: sp.csr_array) -> CompressedRows:
    """Return a matrix in compressed rows as tensors."""
    matrix.sort_indices()
    offsets, indices = (
        plain_tensor(a.astype(np.int32)) for a in (matrix.indptr, matrix.indices)
    )
    return CompressedRows(offsets, indices, SharedTable(matrix.data))
