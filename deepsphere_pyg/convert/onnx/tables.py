"""Sparse matrices as tables of neighbours, for formats without sparse matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from deepsphere_pyg.propagation import Tiles

# Time of an edge outside the table, relative to one inside, measured with onnxruntime
# on one core of an AMD EPYC, HEALPix nside 64, 64 channels: 61 and 40 ns.
PRICE_OUTSIDE = 1.5


@dataclass(frozen=True, eq=False)
class NeighbourTable:
    """The first edges of each row as a table, and the edges that do not fit.

    Parameters
    ----------
    sources, weights
        Shape ``(n_out, width)``; rows with fewer edges repeat their first with weight
        zero.
    targets, more_sources, more_weights
        The other edges, shape ``(E_outside,)``.
    """

    sources: npt.NDArray[np.int32]
    weights: npt.NDArray[np.floating]
    targets: npt.NDArray[np.int64]
    more_sources: npt.NDArray[np.int32]
    more_weights: npt.NDArray[np.floating]

    @property
    def width(self) -> int:
        """Largest number of edges of a row in the table."""
        return int(self.sources.shape[1])

    @property
    def in_order(self) -> bool:
        """Whether the sources are 0, 1, 2, ..., so that reshaping finds them."""
        return np.array_equal(self.sources.ravel(), np.arange(self.sources.size))


def neighbour_table(rows: sp.csr_array) -> NeighbourTable:
    """Lay out a matrix in compressed rows as a table of the cheapest width."""
    degrees = np.diff(rows.indptr)
    width = _best_width(degrees)
    column = np.arange(width)
    inside = column < degrees[:, None]
    # Rows without edges have no first one: they take the next edge, times zero.
    edges = np.where(inside, column, 0) + rows.indptr[:-1, None]
    # One more of each, for matrices without any edge.
    sources = np.append(rows.indices, 0).astype(np.int32)
    weights = np.append(rows.data, np.zeros(1, rows.dtype))
    number = np.arange(rows.nnz) - np.repeat(rows.indptr[:-1], degrees)
    outside = number >= width
    targets = np.repeat(np.arange(rows.shape[0]), degrees)
    return NeighbourTable(
        sources[edges],
        np.where(inside, weights[edges], 0).astype(rows.dtype),
        targets[outside].astype(np.int64),
        sources[:-1][outside],
        weights[:-1][outside],
    )


def _best_width(degrees: npt.NDArray[np.integer]) -> int:
    """Width with the least cost of the table and of the edges outside of it."""
    rows_of_degree = np.bincount(degrees)
    rows_wider = len(degrees) - np.cumsum(rows_of_degree)
    # Edges outside of width w: one of each row wider than v, for each v >= w.
    outside = np.cumsum(rows_wider[::-1])[::-1]
    cost = len(degrees) * np.arange(len(outside)) + PRICE_OUTSIDE * outside
    return max(1, int(np.argmin(cost)))


def rows_of_tiles(tiles: Tiles) -> sp.csr_array:
    """Reassemble a matrix that was cut into tiles."""
    data, sources, targets = [], [], []
    for tile in tiles:
        offsets, indices, weights = (part.numpy() for part in tile.rows(0))
        degrees = np.diff(offsets)
        vertices = tile.vertices.numpy()
        if len(vertices) == 0:
            vertices = np.arange(tile.counts[0])
        data.append(weights)
        sources.append(vertices[indices])
        targets.append(np.repeat(vertices[: tile.counts[0]], degrees))
    n = sum(tile.counts[0] for tile in tiles)
    parts = [np.concatenate(part) for part in (targets, sources)]
    rows = sp.csr_array((np.concatenate(data), tuple(parts)), shape=(n, n))
    rows.sort_indices()
    return rows
