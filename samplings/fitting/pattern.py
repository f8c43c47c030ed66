"""Unknowns of fitted weights: one for each class of edges equivalent by symmetry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arguments import sparse_argument
from samplings.arrays import FloatArray, IntArray
from samplings.base import Sampling
from samplings.stencils.stencils import offsets, stencils
from samplings.stencils.symmetry import (
    Orbits,
    edge_permutation,
    orbits,
    vertex_permutations,
)

# A vertex is on a border where neighbours leave a wider gap than this: a straight
# border leaves 180 degrees, HEALPix inside 67 at most.
BORDER_GAP = np.deg2rad(150)


@dataclass(frozen=True)
class FitPattern:
    """One row for each orbit of vertices, and the unknown of each of its entries.

    ``rows`` ``(R, V)`` are the rows ``vertices.first`` of the symmetric ``pattern``
    ``(V, V)``, whose data are meaningless, and ``unknown`` the number of the unknown at
    each entry. ``vertices`` and ``edges`` are the orbits of vertices, and of edges
    ``low < high`` in lexical order, each of which is one unknown.
    """

    rows: sp.csr_array
    unknown: IntArray
    vertices: Orbits
    edges: Orbits
    pattern: sp.csr_array

    def assemble(self, weights: FloatArray) -> sp.csr_array:
        """Return the symmetric matrix with the unknowns' ``weights`` on all edges."""
        upper = sp.triu(self.pattern, k=1, format="csr")
        upper.data = weights[self.edges.label]
        matrix = sp.csr_array(upper + upper.T)
        matrix.sort_indices()
        return matrix

    def averages(self, values: FloatArray) -> FloatArray:
        """Average values at the entries of ``rows`` over each unknown."""
        n = len(self.edges)
        counts = np.bincount(self.unknown, minlength=n)
        sums = np.bincount(self.unknown, values, minlength=n)
        return np.asarray(sums / counts, dtype=np.float64)


def fit_pattern(
    sampling: Sampling, pattern: sp.csr_array, *invariants: FloatArray
) -> FitPattern:
    """Make the pattern symmetric by union, and find its orbits.

    They are those of the symmetries of the sampling that keep the pattern, and the
    ``invariants``, values at the vertices.
    """
    union = sp.csr_array(pattern.maximum(pattern.T))
    union.sort_indices()
    upper = sp.triu(union, k=1, format="csr")
    low = np.repeat(np.arange(len(sampling)), np.diff(upper.indptr))
    high = upper.indices.astype(np.int64)
    of_vertices, of_edges = [], []
    for permutation in vertex_permutations(sampling):
        if not all(
            np.allclose(values[permutation], values, rtol=1e-9, atol=0)
            for values in invariants
        ):
            continue
        moved = edge_permutation(permutation, low, high)
        if moved is not None:
            of_vertices.append(permutation)
            of_edges.append(moved)
    vertices = orbits(len(sampling), of_vertices)
    edges = orbits(len(low), of_edges)
    rows = (
        union if len(vertices) == len(sampling) else sp.csr_array(union[vertices.first])
    )
    row = np.repeat(vertices.first, np.diff(rows.indptr))
    column = rows.indices.astype(np.int64)
    n = len(sampling)
    entry = np.searchsorted(
        low * n + high, np.minimum(row, column) * n + np.maximum(row, column)
    )
    return FitPattern(rows, edges.label[entry], vertices, edges, union)


def on_border(xyz: FloatArray, pattern: FitPattern) -> npt.NDArray[np.bool_]:
    """Whether each of the pattern's rows lies on the border of the area covered.

    There neither the neighbours nor their neighbours close a gap of 150 degrees. The
    nearest ones alone may lie on one side even among scattered points inside.
    """
    vertices = pattern.vertices.first
    border = _widest_gap(xyz, pattern.rows, vertices) > BORDER_GAP
    found = np.flatnonzero(border)
    if len(found):
        second = sp.csr_array(pattern.rows[found] @ pattern.pattern)
        row = np.repeat(vertices[found], np.diff(second.indptr))
        second.data[:] = second.indices != row
        second.eliminate_zeros()
        border[found] = _widest_gap(xyz, second, vertices[found]) > BORDER_GAP
    return np.asarray(border, dtype=np.bool_)


def _widest_gap(
    xyz: FloatArray, pattern: sp.csr_array, vertices: IntArray
) -> FloatArray:
    """Return the widest angle between neighbours ``pattern[r]`` of ``vertices[r]``."""
    widest = np.full(len(vertices), 2 * np.pi)
    for batch in stencils(pattern):
        centres = vertices[batch.rows]
        vectors, _ = offsets(xyz, centres, pattern.indices[batch.entries])
        normal = xyz[centres]
        # Any axis far from the normal gives a tangent basis.
        axis = np.eye(3)[np.abs(normal).argmin(axis=1)]
        east = np.cross(axis, normal)
        east /= np.linalg.norm(east, axis=1)[:, None]
        north = np.cross(normal, east)
        angle = np.arctan2(
            np.einsum("csr,rc->sr", vectors, north),
            np.einsum("csr,rc->sr", vectors, east),
        )
        angle.sort(axis=0)
        gaps = np.diff(angle, axis=0, append=angle[:1] + 2 * np.pi)
        widest[batch.rows] = gaps.max(axis=0)
    return widest


def add_links(
    pattern: sp.csr_array, start: IntArray, end: IntArray, length: FloatArray
) -> tuple[sp.csr_array, int]:
    """Add links with their lengths unless the pattern has them; return their number."""
    wanted = sp.csr_array((length, (start, end)), shape=pattern.shape)
    known = sp.csr_array(pattern.maximum(pattern.T))
    # The difference is zero where the pattern already has the link.
    new = sp.csr_array(wanted - wanted.multiply(known > 0))
    new.eliminate_zeros()
    if new.nnz == 0:
        return pattern, 0
    both = sp.csr_array(pattern + new + new.T)
    both.sort_indices()
    return both, new.nnz


def checked_pattern(pattern: sp.csr_array, n: int) -> sp.csr_array:
    """Refuse patterns that do not hold chords between vertices, ``(n, n)``."""
    pattern = sparse_argument("pattern", pattern)
    if pattern.shape != (n, n):
        raise ValueError(
            f"the pattern must have shape ({n}, {n}), one row per vertex of the "
            f"sampling, got {pattern.shape}"
        )
    if pattern.nnz == 0:
        raise ValueError("the pattern has no links; use at least one neighbour")
    low, high = float(pattern.data.min()), float(pattern.data.max())
    if not 0 < low <= high < np.inf:
        raise ValueError(
            f"the pattern must hold chords, positive and finite, got {low} to {high}; "
            "use nearest_neighbours"
        )
    return pattern
