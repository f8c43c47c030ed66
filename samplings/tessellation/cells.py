"""Cells of a sampling as polygons whose sides are arcs of great circles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samplings.arrays import FloatArray, IntArray, ReadOnly
from samplings.tessellation.hull import convex_hull
from samplings.tessellation.spherical_triangles import signed_areas


@dataclass(frozen=True, eq=False)
class Cells(ReadOnly):
    """Convex polygons on the sphere that share their sides, one per vertex.

    The sides of cell i are ``indptr[i] ... indptr[i+1] - 1``, counterclockwise from
    outside. Side s runs from ``corners[indices[s]]`` to the corner of the next side of
    its cell, the last one back to the first.

    Parameters
    ----------
    corners
        Unit vectors, shape ``(C, 3)``; a corner where n cells meet is stored once.
    indptr
        First side of each cell, and their number, shape ``(V + 1,)``.
    indices
        Corner at which each side starts, shape ``(S,)``.
    normals
        Unit normal of the great circle of each side, pointing into the cell, shape
        ``(S, 3)``.
    neighbours
        The cell on the other side, shape ``(S,)``; -1 if there is no cell.

    Examples
    --------
    >>> from samplings import Icosahedral
    >>> cells = Icosahedral(1).cells()
    >>> np.unique(np.diff(cells.indptr), return_counts=True)  # pentagons, hexagons
    (array([5, 6]), array([12, 30]))
    """

    corners: FloatArray
    indptr: IntArray
    indices: IntArray
    normals: FloatArray
    neighbours: IntArray

    def __post_init__(self) -> None:
        for name in ("corners", "indptr", "indices", "normals", "neighbours"):
            getattr(self, name).setflags(write=False)

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def __getitem__(self, part: IntArray) -> Cells:
        """Return the cells of the indices ``part``, in their order."""
        part = np.asarray(part)
        sides, indptr = ragged_ranges(self.indptr, part)
        number = np.full(len(self) + 1, -1)
        number[part] = np.arange(len(part))
        # The index -1, of no neighbour, finds the last entry, -1.
        neighbours = number[self.neighbours[sides]]
        return Cells(
            self.corners, indptr, self.indices[sides], self.normals[sides], neighbours
        )

    @property
    def following(self) -> IntArray:
        """Corner at which each side ends, shape ``(S,)``."""
        return self.indices[next_in_ring(self.indptr)]

    @property
    def areas(self) -> FloatArray:
        """Areas in steradian, shape ``(V,)``."""
        return polygon_areas(self.corners[self.indices], self.indptr)


def polygon_areas(points: FloatArray, indptr: IntArray | None = None) -> FloatArray:
    """Return the areas of polygons without crossing sides in steradian.

    Corners ``points`` ``(S, 3)`` are in order, polygon after polygon, each from
    ``indptr[i]`` to ``indptr[i + 1]``; or, without ``indptr``, ``(V, n, 3)``, where
    polygons of fewer corners repeat one. Polygons must be convex, or smaller than
    a hemisphere.

    Examples
    --------
    >>> bool(np.isclose(polygon_areas(np.eye(3)[None])[0], np.pi / 2))  # an octant
    True
    """
    if indptr is None:
        indptr = np.arange(len(points) + 1) * points.shape[1]
        points = points.reshape(-1, 3)
    n = len(indptr) - 1
    polygon = np.repeat(np.arange(n), np.diff(indptr))
    # A fan from a point inside: corners of regional cells may be nearly opposite.
    sums = [np.bincount(polygon, x, minlength=n) for x in points.T]
    apex = np.stack(sums, axis=1).astype(np.float64)
    apex /= np.maximum(np.linalg.norm(apex, axis=1), np.finfo(float).tiny)[:, None]
    fan = signed_areas(apex[polygon], points, points[next_in_ring(indptr)])
    return np.abs(np.bincount(polygon, fan, minlength=n))


def ragged_ranges(indptr: IntArray, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Return the entries of some rows, one after the other, and each row's start."""
    count = np.diff(indptr)[rows]
    begin = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(count, out=begin[1:])
    return np.arange(begin[-1]) + np.repeat(indptr[rows] - begin[:-1], count), begin


def next_in_ring(indptr: IntArray) -> IntArray:
    """Return the entry after each entry of its row, the first one after the last."""
    following = np.arange(1, indptr[-1] + 1)
    filled = indptr[1:] > indptr[:-1]
    following[indptr[1:][filled] - 1] = indptr[:-1][filled]
    return following


def polygon_cells(corners: FloatArray, polygons: IntArray) -> Cells:
    """Return the cells of polygons ``(V, m)`` that together cover the sphere.

    ``polygons`` lists the ``corners`` ``(C, 3)`` of each cell, counterclockwise from
    outside.
    """
    n, m = polygons.shape
    start = polygons.ravel().astype(np.int64)
    end = np.roll(polygons, -1, axis=1).ravel().astype(np.int64)
    key, opposite = start * len(corners) + end, end * len(corners) + start
    order = np.argsort(key)
    place = np.minimum(np.searchsorted(key[order], opposite), len(key) - 1)
    twin = order[place]
    if not np.array_equal(key[twin], opposite):
        raise ValueError(
            "cells must cover the sphere, but a side has no cell on its other side; "
            "list the corners of all cells counterclockwise, each corner once"
        )
    a, b = corners[start], corners[end]
    normals = np.cross(a, b - a)
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    return Cells(corners, np.arange(n + 1) * m, start, normals, twin // m)


def voronoi_cells(xyz: FloatArray) -> Cells:
    """Return the Voronoi cells of points: the places nearer to one than to all others.

    ``xyz`` are distinct unit vectors ``(V, 3)``, at least four and not all on one
    circle. Corners are the circumcentres of the Delaunay triangles; where four points
    lie on one circle some sides have no length.
    """
    remedy = "add points" if len(xyz) < 4 else "merge points that nearly coincide"
    hull = convex_hull(xyz, "Voronoi cells", remedy)
    faces = hull.faces
    n = len(xyz)
    # Half-edge 3f + c runs along face f from its corner c to the next one.
    origin = faces.ravel()
    target = np.roll(faces, -1, axis=1).ravel()
    order = np.argsort(origin * n + target)
    back = order[np.searchsorted((origin * n + target)[order], target * n + origin)]
    # Counterclockwise at a vertex: the half-edge that comes in from the third corner of
    # a face, reversed, leaves along the next face.
    before = np.arange(len(origin)).reshape(-1, 3)[:, [2, 0, 1]].ravel()
    turn = back[before]
    first = np.zeros(n, dtype=np.int64)
    first[origin] = np.arange(len(origin))
    rank = np.zeros(len(origin), dtype=np.int64)
    begin, at = first, turn[first]
    for step in range(1, n):
        open_ = at != begin
        begin, at = begin[open_], at[open_]
        if len(at) == 0:
            break
        rank[at] = step
        at = turn[at]
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(origin, minlength=n), out=indptr[1:])
    half_edge = np.empty_like(rank)
    half_edge[indptr[origin] + rank] = np.arange(len(origin))
    # The side between centres of adjacent faces crosses the edge between them.
    neighbours = target[turn[half_edge]]
    normals = xyz[origin[half_edge]] - xyz[neighbours]
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    return _with_short_sides(
        Cells(hull.centres, indptr, half_edge // 3, normals, neighbours)
    )


def _with_short_sides(cells: Cells) -> Cells:
    """Cut sides of more than a right angle in two.

    Points of one region have cells with sides nearly half around the globe: their ends
    are so nearly opposite that points between them cannot be computed.
    """
    start, end = cells.corners[cells.indices], cells.corners[cells.following]
    long = np.flatnonzero(np.einsum("ij,ij->i", start, end) < 0)
    if len(long) == 0:
        return cells
    a, b = start[long], end[long]
    # Along the side, with the inside on the left.
    ahead = np.cross(cells.normals[long], a)
    half = 0.5 * np.arctan2(
        np.einsum("ij,ij->i", ahead, b), np.einsum("ij,ij->i", a, b)
    )
    middle = np.cos(half)[:, None] * a + np.sin(half)[:, None] * ahead
    middle /= np.linalg.norm(middle, axis=1)[:, None]
    before = np.zeros(len(cells.indices) + 1, dtype=np.int64)
    before[long + 1] = 1
    added = np.cumsum(before)[cells.indptr]
    new = np.arange(len(long)) + len(cells.corners)
    return Cells(
        np.concatenate([cells.corners, middle]),
        cells.indptr + added,
        np.insert(cells.indices, long + 1, new),
        np.insert(cells.normals, long + 1, cells.normals[long], axis=0),
        np.insert(cells.neighbours, long + 1, cells.neighbours[long]),
    )
