"""Nearest neighbours on the sphere, all of those tied with the k-th kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.spatial import cKDTree

from samplings.arguments import integer_argument
from samplings.base import FloatArray

# Distances equal by symmetry differ by round-off, some 1e-15 over a spacing of 1e-3;
# distances that differ by construction differ by much more than 1e-9 of themselves.
TIE_TOLERANCE = 1e-9
# Neighbours searched for at once: bounds the memory of the search (some 50 bytes each)
# whatever the sampling's size and k.
CHUNK = 1 << 21


@dataclass(frozen=True)
class _Block:
    """Neighbours of consecutive vertices: how many each has, which, and how far."""

    counts: npt.NDArray[np.int64]
    neighbours: npt.NDArray[np.int32]
    chords: FloatArray


def nearest_neighbours(xyz: FloatArray, k: int) -> sp.csr_array:
    """Return the chords from each vertex to its ``k`` nearest vertices, ties kept.

    Parameters
    ----------
    xyz
        Distinct unit vectors, shape ``(V, 3)``.
    k
        Minimum number of neighbours: all those as far as the k-th (relative 1e-9) are
        kept too, so that the graph has every symmetry of the points.

    Returns
    -------
    scipy.sparse.csr_array
        Row i holds the chords (Euclidean distances, at most 2) from vertex i to its
        neighbours. Not symmetric: j may be near i while i is not among the nearest
        of j.

    Raises
    ------
    ValueError
        If ``k < 1``, ``k >= V``, there is a single vertex, or two vertices coincide.
    """
    n = len(xyz)
    k = integer_argument("k", k, 1)
    if n == 1:
        raise ValueError(
            "a single vertex has no neighbours to link; keep at least two vertices"
        )
    if k >= n:
        raise ValueError(
            f"k must be smaller than the number of vertices, got k={k} for {n} "
            f"vertices; use at most {n - 1} or a finer sampling"
        )
    tree = cKDTree(xyz)
    blocks = []
    step = max(1, CHUNK // (k + 1))
    for start in range(0, n, step):
        rows = np.arange(start, min(start + step, n))
        blocks.append(_search(tree, xyz, rows, k))
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.concatenate([b.counts for b in blocks]), out=indptr[1:])
    # 32-bit indices halve the memory of the graph; scipy wants both of one width.
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
    """Find the neighbours of ``rows``, with more asked for where the last one ties."""
    pieces: list[tuple[Any, Any, Any]] = []
    for found, chord, neighbour in _widening(tree, xyz, rows, k):
        # Self is removed by its index, not by its column: a coinciding vertex may come
        # first, and is refused here.
        other = neighbour != found[:, None]
        if np.any((chord <= 0) & other):
            row, column = np.argwhere((chord <= 0) & other)[0]
            pair = sorted((int(found[row]), int(neighbour[row, column])))
            raise ValueError(
                f"vertices must be distinct, but {pair[0]} and {pair[1]} coincide; "
                "drop one of them"
            )
        keep = other & (chord <= chord[:, k : k + 1] * (1 + TIE_TOLERANCE))
        row_of = np.broadcast_to(found[:, None], keep.shape)[keep]
        pieces.append((row_of, neighbour[keep].astype(np.int32), chord[keep]))
    row_of, neighbours, chords = (
        np.concatenate(part) for part in zip(*pieces, strict=True)
    )
    counts = np.bincount(row_of - rows[0], minlength=len(rows))
    if len(pieces) > 1:
        order = np.argsort(row_of, kind="stable")
        neighbours, chords = neighbours[order], chords[order]
    return _Block(counts, neighbours, chords)


def _widening(
    tree: cKDTree, xyz: FloatArray, rows: npt.NDArray[np.int64], k: int
) -> Iterator[tuple[Any, Any, Any]]:
    """Yield (rows, chords, neighbours) once no vertex left out can tie with the k-th.

    Column 0 is the vertex itself, so that column ``k`` is the k-th neighbour.
    """
    width = min(k + 1 + max(4, k // 4), tree.n)
    while len(rows):
        answer = tree.query(xyz[rows], k=width, workers=-1)
        chord, neighbour = np.asarray(answer[0]), np.asarray(answer[1])
        open_ = chord[:, -1] <= chord[:, k] * (1 + TIE_TOLERANCE)
        if width == tree.n:
            open_[:] = False
        yield rows[~open_], chord[~open_], neighbour[~open_]
        rows = rows[open_]
        width = min(2 * width, tree.n)
