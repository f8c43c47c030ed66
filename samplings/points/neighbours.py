"""Nearest neighbours on the sphere, including all ties with the k-th."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.spatial import cKDTree

from samplings.arguments import integer_argument
from samplings.arrays import FloatArray
from samplings.points.close_pairs import close_chords, coincide, even_radius, within_kth

# Distances equal by symmetry differ by round-off, some 1e-15 over a spacing of 1e-3;
# others differ by much more than 1e-9 of themselves.
TIE_TOLERANCE = 1e-9
# Neighbours searched for at once, which bounds the memory (some 50 bytes each).
CHUNK = 1 << 21
# Pairs are searched for from this many vertices on, since few take no time either way,
# and up to this many vertices times k + 1, which take half a gigabyte.
PAIRED_FROM, PAIRED_TO = 2000, 1 << 24


@dataclass(frozen=True)
class _Block:
    """Neighbours of consecutive vertices: how many each has, which, and how far."""

    counts: npt.NDArray[np.int64]
    neighbours: npt.NDArray[np.int32]
    chords: FloatArray


def nearest_neighbours(xyz: FloatArray, k: int) -> sp.csr_array:
    """Return the chords from each vertex to its ``k`` nearest vertices, ties kept.

    ``xyz`` are distinct unit vectors ``(V, 3)``. Vertices tied with the k-th (relative
    1e-9) are kept, so that the graph has every symmetry of the points. Row i of the
    sparse result holds the Euclidean distances, at most 2, from vertex i to its
    neighbours; it is not symmetric.

    Raises
    ------
    ValueError
        If ``k < 1``, ``k >= V``, there is a single vertex, or two vertices coincide.
    """
    n = len(xyz)
    k = integer_argument("k", k, 1)
    if n == 1:
        raise ValueError(
            "a graph needs at least two vertices, got a single one; keep more"
        )
    if k >= n:
        raise ValueError(
            f"k must be smaller than the number of vertices, got k={k} for {n} "
            f"vertices; use at most {n - 1} or a finer sampling"
        )
    # Halving cells, not points, takes half the time to build, and as long to search.
    tree = cKDTree(xyz, balanced_tree=False)
    rows = np.arange(n)
    if PAIRED_FROM <= n and n * (k + 1) <= PAIRED_TO:
        radius = even_radius(tree, xyz, k)
        if radius > 0:
            close = close_chords(tree, xyz, radius)
            graph, rows = within_kth(close, k, radius, TIE_TOLERANCE)
            if len(rows):
                # A row is empty in one of the two, so that nothing is added up.
                graph = sp.csr_array(graph + _one_by_one(tree, xyz, rows, k))
            return graph
    return _one_by_one(tree, xyz, rows, k)


def nearest_of(xyz: FloatArray, rows: npt.NDArray[np.int64], k: int) -> sp.csr_array:
    """Return some ascending ``rows`` of :func:`nearest_neighbours`, ``k`` below V."""
    tree = cKDTree(xyz, balanced_tree=False)
    return sp.csr_array(_one_by_one(tree, xyz, rows, k)[rows])


def _one_by_one(
    tree: cKDTree, xyz: FloatArray, rows: npt.NDArray[np.int64], k: int
) -> sp.csr_array:
    """Search for the neighbours of the ascending ``rows``, in blocks."""
    n = len(xyz)
    step = max(1, CHUNK // (k + 1))
    starts = range(0, len(rows), step)
    blocks = [_search(tree, xyz, rows[start : start + step], k) for start in starts]
    of_row = np.zeros(n, dtype=np.int64)
    of_row[rows] = np.concatenate([b.counts for b in blocks])
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(of_row, out=indptr[1:])
    # 32-bit indices halve the memory of the graph.
    width = np.int32 if indptr[-1] < 2**31 else np.int64
    indices = np.concatenate([b.neighbours for b in blocks]).astype(width, copy=False)
    chords = np.concatenate([b.chords for b in blocks])
    blocks.clear()
    graph = sp.csr_array((chords, indices, indptr.astype(width)), shape=(n, n))
    graph.sort_indices()
    return graph


def _search(
    tree: cKDTree, xyz: FloatArray, rows: npt.NDArray[np.int64], k: int
) -> _Block:
    """Find the neighbours of ``rows``, with more of them where the last one ties."""
    pieces: list[tuple[Any, Any, Any]] = []
    for place, chord, neighbour in _widening(tree, xyz, rows, k):
        found = rows[place]
        # The vertex itself is removed by its index, not by its column: one that
        # coincides with it may come first, and is refused here.
        other = neighbour != found[:, None]
        if np.any((chord <= 0) & other):
            row, column = np.argwhere((chord <= 0) & other)[0]
            a, b = sorted((int(found[row]), int(neighbour[row, column])))
            raise coincide(a, b)
        keep = other & (chord <= chord[:, k : k + 1] * (1 + TIE_TOLERANCE))
        place_of = np.broadcast_to(place[:, None], keep.shape)[keep]
        pieces.append((place_of, neighbour[keep].astype(np.int32), chord[keep]))
    places, neighbours, chords = (
        np.concatenate(part) for part in zip(*pieces, strict=True)
    )
    counts = np.bincount(places, minlength=len(rows))
    if len(pieces) > 1:
        order = np.argsort(places, kind="stable")
        neighbours, chords = neighbours[order], chords[order]
    return _Block(counts, neighbours, chords)


def _widening(
    tree: cKDTree, xyz: FloatArray, rows: npt.NDArray[np.int64], k: int
) -> Iterator[tuple[Any, Any, Any]]:
    """Yield (places in ``rows``, chords, neighbours) that include all ties.

    Column 0 is the vertex itself, and column ``k`` the k-th neighbour.
    """
    width = min(k + 1 + max(4, k // 4), tree.n)
    places = np.arange(len(rows))
    while len(places):
        answer = tree.query(xyz[rows[places]], k=width, workers=-1)
        chord, neighbour = np.asarray(answer[0]), np.asarray(answer[1])
        open_ = chord[:, -1] <= chord[:, k] * (1 + TIE_TOLERANCE)
        if width == tree.n:
            open_[:] = False
        yield places[~open_], chord[~open_], neighbour[~open_]
        places = places[open_]
        width = min(2 * width, tree.n)
