"""Rows of a sparse matrix in batches of equal length, and sums over pairs in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arrays import FloatArray, IntArray
from samplings.stencils.legendre_sums import LegendreTable

# Numbers held at once for the pairs of a batch: 16 MB an array.
BATCH = 1 << 21


@dataclass(frozen=True)
class Stencils:
    """Rows ``(R,)`` with S entries each, at ``entries`` ``(S, R)`` of the data."""

    rows: IntArray
    entries: IntArray


def stencils(matrix: sp.csr_array, batch: int = BATCH) -> Iterator[Stencils]:
    """Group rows by number of entries, at most ``batch`` pairs in a group."""
    counts = np.diff(matrix.indptr)
    order = np.argsort(counts, kind="stable")
    sizes, firsts = np.unique(counts[order], return_index=True)
    for size, group in zip(sizes, np.split(order, firsts[1:]), strict=True):
        if size == 0:
            continue
        step = max(1, int(batch // (size * size)))
        for start in range(0, len(group), step):
            rows = group[start : start + step]
            first = matrix.indptr[rows].astype(np.int64)
            yield Stencils(rows, np.arange(size)[:, None] + first)


def offsets(
    xyz: FloatArray, centres: IntArray, columns: npt.NDArray[np.integer[Any]]
) -> tuple[FloatArray, FloatArray]:
    """Return vectors ``(3, S, R)`` from centres to columns, and squared lengths."""
    vectors = np.ascontiguousarray((xyz[columns] - xyz[centres]).transpose(2, 0, 1))
    return vectors, np.einsum("csr,csr->sr", vectors, vectors)


def longest_chord(matrix: sp.csr_array, xyz: FloatArray, centres: IntArray) -> float:
    """Bound the chords between the points of a stencil by twice its radius."""
    longest = 0.0
    for batch in stencils(matrix):
        columns = matrix.indices[batch.entries]
        squared = offsets(xyz, centres[batch.rows], columns)[1]
        longest = max(longest, float(squared.max()))
    return min(2.0, 2 * float(np.sqrt(longest)))


def lost_in_turning(
    centres: FloatArray, corner: FloatArray, others: FloatArray, spin: int
) -> FloatArray:
    r"""Return :math:`1 - \cos(s A)` for triangles of a centre and two other corners.

    A field of spin s that is carried around a triangle of area A turns by
    :math:`s A`. ``centres`` ``(3, R)`` are unit vectors; ``corner`` ``(3, R)`` and
    ``others`` ``(3, S, R)`` lead from them to the corners; the result has shape ``(S,
    R)``.

    Notes
    -----
    Differences from one corner keep all digits of small areas. Source: Van Oosterom and
    Strackee 1983, "The solid angle of a plane triangle", IEEE Trans. Biomed. Eng. 30,
    125.
    """
    normal = np.cross(centres, corner, axis=0)
    volume = np.einsum("cr,csr->sr", normal, others)
    # Half the sum of the squared sides, the third of which is |corner - other|^2.
    sides = np.einsum("csr,csr->sr", others, others)
    sides += np.einsum("cr,cr->r", corner, corner)
    sides -= np.einsum("cr,csr->sr", corner, others)
    half: FloatArray = np.asarray(np.arctan2(volume, 4 - sides))
    half *= spin
    np.sin(half, out=half)
    np.square(half, out=half)
    half *= 2
    return half


def legendre_moments(
    matrix: sp.csr_array,
    xyz: FloatArray,
    centres: IntArray,
    weights: FloatArray,
    degrees: int,
    spin: int = 0,
) -> tuple[FloatArray, FloatArray]:
    r"""Return mean products of a random signal of each degree with its image.

    .. math::
        A_l = \sum_i m_i E[f_i (Lf)_i] = \sum_i m_i \sum_j L_{ij} P_l(x_i·x_j), \quad
        B_l = \sum_i m_i E[(Lf)_i^2]
            = \sum_i m_i \sum_{jj'} L_{ij} L_{ij'} P_l(x_j·x_{j'})

    for isotropic Gaussian f of degree l with :math:`E[f(x)^2] = 1`, by the addition
    theorem of spherical harmonics, for l = 0 ... ``degrees`` - 1.

    For fields of spin s and their operator with parallel transport along each edge,
    :math:`d^l_{ss}` stands for :math:`P_l`, and each pair has the factor :math:`\cos(s
    A)` with the area A of its triangle: the transport of the edges of the stencil,
    combined with that in the correlation of f, leads around this triangle. No frames
    remain.

    ``matrix`` holds R rows ``(R, V)`` of the operator on the points ``xyz`` ``(V, 3)``;
    ``centres`` are the vertices of the rows, and ``weights`` the :math:`m_i`, of sum
    one, shape ``(R,)`` each.

    Notes
    -----
    P is written as 1 - (1 - P), and P cos as 1 - (1 - cos) - cos (1 - P), so that rows
    that sum to zero (to round-off) leave only the other parts, which
    :class:`LegendreTable` and :func:`lost_in_turning` know to their last digits.
    """
    table = LegendreTable(longest_chord(matrix, xyz, centres), degrees, spin)
    own = np.zeros_like(table.nodes)
    pairs = np.zeros_like(table.nodes)
    first = second = 0.0
    for batch in stencils(matrix):
        columns = matrix.indices[batch.entries]
        vectors, squared = offsets(xyz, centres[batch.rows], columns)
        values = matrix.data[batch.entries]
        mass = weights[batch.rows]
        weighted = mass * values
        total = values.sum(axis=0)
        first += float(mass @ total)
        second += float(mass @ total**2)
        own += table.spread(squared, weighted)
        for j in range(len(values) - 1):
            # Differences of offsets keep all digits of short chords.
            between = vectors[:, j + 1 :] - vectors[:, j : j + 1]
            chords = np.einsum("csr,csr->sr", between, between)
            products = (2 * weighted[j]) * values[j + 1 :]
            if spin:
                lost = lost_in_turning(
                    xyz[centres[batch.rows]].T, vectors[:, j], vectors[:, j + 1 :], spin
                )
                lost *= products
                second -= float(lost.sum())
                products -= lost
            pairs += table.spread(chords, products)
    return first - table.sums(own), second - table.sums(pairs)
