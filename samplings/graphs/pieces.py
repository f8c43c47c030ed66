"""Joining the pieces of a graph by edges of the spherical Delaunay triangulation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from samplings.arrays import FloatArray, IntArray
from samplings.base import Sampling, whole_sampling
from samplings.points.neighbours import TIE_TOLERANCE
from samplings.tessellation.hull import convex_hull, delaunay_edges

# Pieces are joined by all edges up to this many times the shortest, which alone would
# be a bottleneck: along their whole border, not across the empty rest of the globe.
REACH = 2.0


def connect(sampling: Sampling, pattern: sp.csr_array) -> tuple[sp.csr_array, int]:
    r"""Join the pieces of a graph by Delaunay edges; return chords and edges added.

    Let :math:`b(A, B)` be the least length such that Delaunay edges up to it link
    pieces A and B, directly or through others. All Delaunay edges from A to B up to
    :math:`2\, b(A, B)` are added, which include a minimum spanning tree of the pieces.
    Diagonals of cells whose corners lie on one circle are not used, so the edges added
    have every symmetry of the sampling. For a part of a sampling they are those of the
    whole, and parts that lie apart stay apart.

    ``pattern`` holds the chords from each vertex to its neighbours, shape ``(V, V)``,
    symmetric or not; it is returned itself if it is connected.

    Raises
    ------
    ValueError
        If the shape does not fit, or pieces cannot be joined since the points (of the
        whole sampling) have no Delaunay triangulation.

    Examples
    --------
    >>> from samplings import Equiangular
    >>> from samplings.points.neighbours import nearest_neighbours
    >>> grid = Equiangular(6, 24)
    >>> pattern, n_joined = connect(grid, nearest_neighbours(grid.xyz, 4))
    >>> n_joined, connected_components(pattern)[0]
    (120, 1)
    """
    n = len(sampling)
    if pattern.shape != (n, n):
        raise ValueError(
            f"the pattern must have shape ({n}, {n}), one row per vertex of the "
            f"sampling, got {pattern.shape}"
        )
    # Strong connection implies weak connection, and takes no transpose to find out.
    if connected_components(pattern, connection="strong")[0] == 1:
        return pattern, 0
    n_pieces, piece = connected_components(pattern, directed=True, connection="weak")
    if n_pieces == 1:
        return pattern, 0
    edges = _edges_between(sampling, piece)
    ends = piece[edges].astype(np.int64)
    length = np.linalg.norm(
        sampling.xyz[edges[:, 0]] - sampling.xyz[edges[:, 1]], axis=1
    )
    reach = _bottlenecks(ends, length, int(n_pieces)) * REACH * (1 + TIE_TOLERANCE)
    edges, length = edges[length <= reach], length[length <= reach]
    added = sp.csr_array((length, (edges[:, 0], edges[:, 1])), shape=(n, n))
    joined = sp.csr_array(pattern + added + added.T)
    joined.sort_indices()
    return joined, len(edges)


def _edges_between(sampling: Sampling, piece: npt.NDArray[np.int32]) -> IntArray:
    """Return Delaunay edges of the whole sampling between different pieces."""
    whole, index = whole_sampling(sampling)
    hull = convex_hull(
        whole.xyz,
        "Delaunay edges between the pieces of a graph",
        "ask for more neighbours, so that there are no pieces to join, or do not join",
    )
    faces = hull.faces
    of_whole = np.full(len(whole), -1)
    of_whole[index] = piece
    # Both faces of such an edge have corners in different pieces; most faces do not.
    labels = of_whole[faces]
    mixed = (labels != labels[:, :1]).any(axis=1)
    edges = delaunay_edges(whole.xyz, faces[mixed])
    first, second = of_whole[edges].T
    between = (first != second) & (first >= 0) & (second >= 0)
    number = np.full(len(whole), -1)
    number[index] = np.arange(len(index))
    return np.asarray(number[edges[between]])


def _bottlenecks(ends: IntArray, length: FloatArray, n: int) -> FloatArray:
    """Return for each edge the least length at which such edges link its ends.

    Kruskal's algorithm without path compression: the smaller of two merged sets hangs
    below the root of the larger, so that trees are at most log2(n) high. The merge that
    linked two nodes is the last one on the way from both to their common ancestor.
    """
    # Of the edges between the same two pieces the shortest counts.
    order = np.lexsort((length, ends.max(axis=1), ends.min(axis=1)))
    pairs = np.sort(ends[order], axis=1)
    first = np.ones(len(pairs), dtype=bool)
    first[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    order = order[first]
    order = order[np.argsort(length[order], kind="stable")]
    above, size, merge = list(range(n)), [1] * n, [n] * n
    at: list[float] = []
    for a, b, d in zip(*ends[order].T.tolist(), length[order].tolist(), strict=True):
        while above[a] != a:
            a = above[a]
        while above[b] != b:
            b = above[b]
        if a != b:
            small, large = (a, b) if size[a] < size[b] else (b, a)
            above[small], merge[small] = large, len(at)
            size[large] += size[small]
            at.append(d)
    up, when = np.array(above), np.array(merge)
    a, b = ends.T.copy()
    last = np.zeros(len(ends), dtype=np.int64)
    while (apart := np.flatnonzero(a != b)).size:
        lower = when[a[apart]] < when[b[apart]]
        for side, moves in ((a, apart[lower]), (b, apart[~lower])):
            last[moves] = when[side[moves]]
            side[moves] = up[side[moves]]
    return np.array(at)[last]
