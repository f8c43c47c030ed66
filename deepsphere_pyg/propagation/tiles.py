"""Tiles: compact parts of a graph, with the vertices that polynomials reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

# Largest ratios of computed to wanted rows for each way of cutting. Beyond the second,
# tiles overlap so much that cutting costs more than the caches save.
CONSECUTIVE_EXCESS = 1.4
GROWN_EXCESS = 1.8

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tile:
    """A core of vertices, and the rows that polynomials at them need.

    Parameters
    ----------
    vertices
        Those of the core, then those within 1, 2, ... edges; empty if the core is the
        whole graph.
    first
        The first vertex of the core if its vertices are consecutive, else -1.
    counts
        Number of vertices within 0, 1, ... edges.
    edges
        Number of edges into the vertices within 0, 1, ... edges; one number fewer.
    offsets, indices, weights
        Compressed rows, numbered within the tile.
    """

    vertices: Tensor
    first: int
    counts: list[int]
    edges: list[int]
    offsets: Tensor
    indices: Tensor
    weights: Tensor

    @property
    def core(self) -> Tensor:
        """Vertices of the core; empty if it is the whole graph."""
        return self.vertices[: self.counts[0]]

    def rows(self, reach: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the compressed rows of the vertices within ``reach`` edges."""
        m, e = self.counts[reach], self.edges[reach]
        return self.offsets[: m + 1], self.indices[:e], self.weights[:e]


@dataclass(frozen=True, eq=False)
class Tiles:
    r"""A square sparse matrix cut into tiles, for polynomials of degree ``hops``.

    A tile is a core of vertices, at which values are wanted, and the vertices within
    1, 2, ..., ``hops`` edges of it, sorted by that number. A polynomial of degree j at
    the core needs one of degree j - 1 at the vertices within one edge of it, and so on:
    each step computes a prefix of the tile's rows.

    Parameters
    ----------
    table
        One row per tile, int64, on the CPU, shape ``(n_tiles, 5 + 2 hops)``: starts of
        its vertices, row offsets and edges; the first vertex of its core, or -1 if
        they are not consecutive; then :attr:`Tile.counts` and :attr:`Tile.edges`.
    vertices
        Vertices of all tiles, int64; empty if one tile holds all in order.
    offsets
        Start of the edges of each row within its tile; one more per tile than rows.
    indices
        Source of each edge, numbered within its tile.
    weights
        Weight of each edge.
    """

    table: Tensor
    vertices: Tensor
    offsets: Tensor
    indices: Tensor
    weights: Tensor

    def parts(self) -> list[Tensor]:
        """Return the tensors, as operations take them."""
        return [self.table, self.vertices, self.offsets, self.indices, self.weights]

    def to(self, device: torch.device) -> Tiles:
        """Return the tiles on a device; the table stays on the CPU."""
        return Tiles(self.table, *(part.to(device) for part in self.parts()[1:]))

    @property
    def hops(self) -> int:
        """Largest degree of the polynomials."""
        return (self.table.shape[1] - 5) // 2

    @property
    def core_size(self) -> int:
        """Vertices in the core of the largest tile."""
        return int(self.table[:, 4].max())

    def __iter__(self) -> Iterator[Tile]:
        hops = self.hops
        for row in self.table.tolist():
            vertex, offset, edge, first = row[:4]
            counts, edges = row[4 : 5 + hops], row[5 + hops :]
            yield Tile(
                self.vertices[vertex : vertex + counts[-1]],
                first,
                counts,
                edges,
                self.offsets[offset : offset + counts[-2] + 1],
                self.indices[edge : edge + edges[-1]],
                self.weights[edge : edge + edges[-1]],
            )


def whole_tile(offsets: Tensor, indices: Tensor, weights: Tensor, hops: int) -> Tiles:
    """Return all of a square matrix as one tile, of the same tensors."""
    n, e = len(offsets) - 1, len(indices)
    row = [0, 0, 0, 0, *[n] * (hops + 1), *[e] * hops]
    none = torch.empty(0, dtype=torch.int64, device=offsets.device)
    return Tiles(torch.tensor([row]), none, offsets, indices, weights)


def cut_into_tiles(
    rows: sp.csr_array, hops: int, size: int, dtype: torch.dtype
) -> Tiles | None:
    """Cut a square matrix into tiles.

    Parameters
    ----------
    rows
        Shape ``(V, V)``, float64.
    hops
        Degree of the polynomials, at least 1.
    size
        Approximate number of vertices in the core of a tile.
    dtype
        Of the weights.

    Returns
    -------
    Tiles or None
        Runs of consecutive vertices, if these are close together; else the vertices
        nearest, in edges, to random seeds. None if cutting does not pay: the graph is
        small, or most vertices are within ``hops`` edges of each other.
    """
    n = rows.shape[0]
    count = round(n / size)
    if count < 2:
        return None
    for excess, cut in ((CONSECUTIVE_EXCESS, _runs), (GROWN_EXCESS, _grown)):
        rings = _surroundings(rows, cut(rows, count), hops, int(excess * n * hops))
        if rings is not None:
            return _packed(rows, rings, dtype)
    return None


def _runs(rows: sp.csr_array, count: int) -> list[IntArray]:
    """Cut the vertices into runs of almost equal length."""
    return np.array_split(np.arange(rows.shape[0]), count)


def _grown(rows: sp.csr_array, count: int) -> list[IntArray]:
    """Assign each vertex to the nearest of random seeds, in number of edges."""
    n = rows.shape[0]
    seeds = np.random.default_rng(0).choice(n, count, replace=False)
    ones = np.ones(rows.nnz)
    links = sp.csr_array((ones, rows.indices, rows.indptr), shape=rows.shape)
    _, _, owner = dijkstra(
        links,
        directed=False,
        indices=seeds,
        unweighted=True,
        return_predecessors=True,
        min_only=True,
    )
    # Vertices of components without a seed have a negative owner.
    order = np.argsort(owner, kind="stable")
    starts = np.flatnonzero(np.diff(owner[order])) + 1
    groups = np.split(order, starts)
    return [
        part
        for group in groups
        for part in np.array_split(group, max(1, round(len(group) * count / (2 * n))))
    ]


def _surroundings(
    rows: sp.csr_array, cores: list[IntArray], hops: int, limit: int
) -> list[list[IntArray]] | None:
    """Return cores and the rings around them; None beyond a limit of rows."""
    seen = np.zeros(rows.shape[0], dtype=bool)
    surroundings, computed = [], 0
    for core in cores:
        rings = [core]
        seen[core] = True
        for _ in range(hops):
            computed += sum(map(len, rings))
            near = np.unique(rows[rings[-1]].indices)
            rings.append(near[~seen[near]].astype(np.int64))
            seen[rings[-1]] = True
        for ring in rings:
            seen[ring] = False
        if computed > limit:
            return None
        surroundings.append(rings)
    return surroundings


def _packed(
    rows: sp.csr_array, surroundings: list[list[IntArray]], dtype: torch.dtype
) -> Tiles:
    """Number the rows of each tile within it, and concatenate the tiles."""
    number = np.empty(rows.shape[0], dtype=np.int32)
    starts = np.zeros(3, dtype=np.int64)
    table, vertices, offsets, indices, weights = [], [], [], [], []
    for rings in surroundings:
        order = np.concatenate(rings)
        counts = np.cumsum([len(ring) for ring in rings])
        part = rows[order[: counts[-2]]]
        number[order] = np.arange(len(order), dtype=np.int32)
        core = rings[0]
        first = int(core[0]) if core[-1] - core[0] == len(core) - 1 else -1
        edges = part.indptr[counts[:-1]]
        table.append([*starts, first, *counts, *edges])
        vertices.append(order)
        offsets.append(part.indptr.astype(np.int32))
        indices.append(number[part.indices])
        weights.append(torch.from_numpy(part.data).to(dtype))
        starts += [len(order), len(part.indptr), part.nnz]
    return Tiles(
        torch.from_numpy(np.array(table, dtype=np.int64)),
        torch.from_numpy(np.concatenate(vertices)),
        torch.from_numpy(np.concatenate(offsets)),
        torch.from_numpy(np.concatenate(indices)),
        torch.cat(weights),
    )
