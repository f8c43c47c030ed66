"""Merging scattered points by nearest pairs."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from samplings.arrays import FloatArray, IntArray
from samplings.points.neighbours import nearest_neighbours

# Points closer than this (in chords, six millimetres on Earth) count as one.
SAME_POINT = 1e-9
# Enough for nearly every point to find a free partner nearby.
CANDIDATES = 8


def merge_cells(
    xyz: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, sp.csr_array]:
    """Merge points in pairs twice, nearest first.

    Return the coarse points, their areas, and the assignment ``(V_coarse, V)`` of ones.
    """
    cell = np.arange(len(xyz))
    points, areas = xyz, weights
    for _ in range(2):
        if len(points) < 2:
            break
        pair = nearest_pairs(points)
        cell = pair[cell]
        areas = np.bincount(cell, weights).astype(np.float64)
        # Centroids of all children, not of pairs of pairs, add no round-off.
        points = _centres(xyz, weights, cell)
    n = len(xyz)
    assign = sp.csr_array((np.ones(n), (cell, np.arange(n))), shape=(len(points), n))
    return points, areas, assign


def _centres(xyz: FloatArray, weights: FloatArray, cell: IntArray) -> FloatArray:
    """Return the centroids of cells on the sphere, all distinct.

    Cells of opposite points have no centroid, and those of concentric rings the same:
    they get the place of their largest child.
    """
    sums = [np.bincount(cell, weights * x) for x in xyz.T]
    points = np.stack(sums, axis=1).astype(np.float64)
    length = np.linalg.norm(points, axis=1)
    by_area = np.lexsort((-weights, cell))
    largest = by_area[np.unique(cell[by_area], return_index=True)[1]]
    moved = length < 1e-9 * np.bincount(cell, weights)
    points /= np.where(moved, 1, length)[:, None]
    while True:
        points[moved] = xyz[largest[moved]]
        near = cKDTree(points).query_pairs(SAME_POINT, output_type="ndarray")
        clash = np.zeros(len(points), dtype=bool)
        clash[near] = True
        if not (clash & ~moved).any():
            return points
        moved |= clash


def nearest_pairs(xyz: FloatArray) -> IntArray:
    """Number the pairs that greedy matching forms, and single points, shape ``(V,)``.

    Edges to the nearest neighbours are taken from short to long (then by vertex) if
    both ends are free. All edges that come first at both ends are taken together, which
    gives the same matching. Numbers ascend with the first point of a pair.
    """
    n = len(xyz)
    graph = nearest_neighbours(xyz, min(CANDIDATES, n - 1)).tocoo()
    low = np.minimum(graph.row, graph.col).astype(np.int64)
    high = np.maximum(graph.row, graph.col).astype(np.int64)
    order = np.lexsort((high, low, graph.data))
    low, high = low[order], high[order]
    partner = np.arange(n)
    while len(low):
        # Edges are sorted, so an edge's position is its rank.
        first = np.full(n, len(low))
        rank = np.arange(len(low))
        np.minimum.at(first, low, rank)
        np.minimum.at(first, high, rank)
        taken = (first[low] == rank) & (first[high] == rank)
        partner[low[taken]] = high[taken]
        partner[high[taken]] = low[taken]
        free = (partner[low] == low) & (partner[high] == high)
        low, high = low[free], high[free]
    leader = np.minimum(np.arange(n), partner)
    return np.unique(leader, return_inverse=True)[1].astype(np.int64)
