"""Overlaps of two sets of spherical polygons that each cover the sphere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.spatial import cKDTree

from samplings.arrays import FloatArray, IntArray
from samplings.tessellation.cells import (
    Cells,
    next_in_ring,
    polygon_areas,
    ragged_ranges,
)
from samplings.tessellation.spherical_triangles import sector_areas
from samplings.transfer.limits import Discs

# Pairs of polygons that are cut at a time: some 100 MB of corners.
CHUNK = 1 << 17
# Overlaps below this share of the smaller cell are round-off: cells with a common side
# touch along it by 1e-16 of a radian over their size.
SLIVER = 1e-11
# Sides of the polygon that replaces a disc where two discs meet.
SIDES = 48
# Distance in radian by which round-off may put a point outside its cell.
OUTSIDE = 1e-14


def polygon_overlaps(
    cells: Cells, others: Cells, xyz: FloatArray, centres: FloatArray
) -> sp.csr_array:
    """Return the areas that cells of two coverings of the sphere share.

    From the cell of ``others`` that contains a point of a cell, the search crosses the
    sides that the cell crosses, so that only cells that overlap, and their neighbours,
    are compared, whatever their sizes. It is fastest if ``cells`` are the smaller ones.

    ``xyz`` holds a point inside each of the ``cells``, and ``centres`` points in the
    ``others``, near which the search starts. The result is sparse, in steradian, shape
    ``(len(cells), len(others))``, without areas below 1e-11 of the smaller cell.
    """
    n = len(others)
    area, other_area = cells.areas, others.areas
    level = np.arange(len(cells)) * n + containing_cells(others, xyz, centres)
    seen = level
    found: list[tuple[IntArray, FloatArray]] = []
    while len(level):
        i, j = np.divmod(level, n)
        common, pair, side = _cut(cells, others, i, j)
        real = common > SLIVER * np.minimum(area[i], other_area[j])
        found.append((level[real], common[real]))
        onward = real[pair]
        onto = i[pair[onward]] * n + others.neighbours[side[onward]]
        level = np.setdiff1d(onto, seen)
        # Pairs seen matter only for the few large cells that are still searched.
        going = np.zeros(len(cells), dtype=bool)
        going[level // n] = True
        seen = np.concatenate([seen[going[seen // n]], level])
    keys = np.concatenate([key for key, _ in found])
    shared = np.concatenate([common for _, common in found])
    overlap = sp.csr_array((shared, np.divmod(keys, n)), shape=(len(cells), n))
    for name, total, whole in (
        ("first", overlap.sum(axis=1), area),
        ("second", overlap.sum(axis=0), other_area),
    ):
        off = np.abs(np.asarray(total).ravel() - whole)
        # Round-off of tiny cells, and of the far corners of very large ones.
        wrong = off > 1e-8 * whole + 1e-11
        if wrong.any():
            bad = int(off.argmax())
            raise ValueError(
                f"cells must cover the sphere without gaps, but of cell {bad} of the "
                f"{name} sampling the other covers {whole[bad] - off[bad]:.6g} of "
                f"{whole[bad]:.6g} sr; complete its cells"
            )
    return overlap


def containing_cells(others: Cells, xyz: FloatArray, centres: FloatArray) -> IntArray:
    """Return the cell that contains each point, by a walk across the worst side."""
    cell = np.asarray(cKDTree(centres).query(xyz)[1], dtype=np.int64)
    walking = np.arange(len(xyz))
    # In coverings that are not Voronoi the nearest centre is a step or two off.
    for _ in range(len(others)):
        sides, begin = ragged_ranges(others.indptr, cell[walking])
        point = np.repeat(walking, np.diff(begin))
        depth = np.einsum("ij,ij->i", others.normals[sides], xyz[point])
        order = np.lexsort((depth, point))
        farthest = order[begin[:-1]]
        out = depth[farthest] < -OUTSIDE
        walking = walking[out]
        if len(walking) == 0:
            break
        cell[walking] = others.neighbours[sides[farthest[out]]]
    return cell


def _cut(
    cells: Cells, others: Cells, i: IntArray, j: IntArray
) -> tuple[FloatArray, IntArray, IntArray]:
    """Return areas of ``cells[i]`` within ``others[j]``, and the sides they cross.

    Crossed sides are positions of pairs and sides of ``others``.
    """
    areas, pairs, sides = [], [], []
    for start in range(0, len(i), CHUNK):
        part = slice(start, start + CHUNK)
        points, owner, pair, side = _intersections(cells, others, i[part], j[part])
        count = np.bincount(owner, minlength=len(i[part]))
        areas.append(polygon_areas(points, np.append(0, np.cumsum(count))))
        pairs.append(pair + start)
        sides.append(side)
    return np.concatenate(areas), np.concatenate(pairs), np.concatenate(sides)


def _intersections(
    cells: Cells, others: Cells, i: IntArray, j: IntArray
) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """Clip all pairs at once, side after side, by Sutherland and Hodgman's algorithm.

    Return the points of all polygons, the pair of each, and the pairs and sides that
    are crossed.
    """
    entries, begin = ragged_ranges(cells.indptr, i)
    points = cells.corners[cells.indices[entries]]
    owner = np.repeat(np.arange(len(i)), np.diff(begin))
    n_sides = np.diff(others.indptr)[j]
    passed_pairs, passed_sides = [], []
    done: list[tuple[FloatArray, IntArray]] = []
    for step in range(int(n_sides.max())):
        more = n_sides[owner] > step
        if not more.all():
            done.append((points[~more], owner[~more]))
            points, owner = points[more], owner[more]
        if len(points) == 0:
            break
        side = others.indptr[j[owner]] + step
        depth = np.einsum("ij,ij->i", points, others.normals[side])
        inside = depth >= 0
        out = np.unique(owner[~inside])
        passed_pairs.append(out)
        passed_sides.append(others.indptr[j[out]] + step)
        points, owner = _keep_inside(points, owner, depth, inside)
    points = np.concatenate([part for part, _ in done] + [points])
    owner = np.concatenate([part for _, part in done] + [owner])
    order = np.argsort(owner, kind="stable")
    points, owner = points[order], owner[order]
    return points, owner, np.concatenate(passed_pairs), np.concatenate(passed_sides)


def _following(owner: IntArray) -> IntArray:
    """Return the point after each point of its polygon, the first after the last."""
    last = np.append(owner[1:] != owner[:-1], [True] * min(1, len(owner)))
    return next_in_ring(np.append(0, np.flatnonzero(last) + 1))


def _keep_inside(
    points: FloatArray,
    owner: IntArray,
    depth: FloatArray,
    inside: npt.NDArray[np.bool_],
) -> tuple[FloatArray, IntArray]:
    """Cut polygons where they cross into the half-space of negative depth."""
    following = _following(owner)
    crossing = inside != inside[following]
    count = inside.astype(np.int64) + crossing
    place = np.cumsum(count) - count
    kept = np.empty((int(count.sum()), 3))
    kept[place[inside]] = points[inside]
    leave = np.flatnonzero(crossing)
    reach = following[leave]
    edge = (
        np.abs(depth[reach])[:, None] * points[leave]
        + np.abs(depth[leave])[:, None] * points[reach]
    )
    edge /= np.linalg.norm(edge, axis=1)[:, None]
    kept[place[leave] + inside[leave]] = edge
    return kept, np.repeat(owner, count)


def limited_overlaps(
    overlap: sp.csr_array,
    cells: Cells,
    others: Cells,
    discs: Discs | None,
    other_discs: Discs | None,
) -> sp.csr_array:
    """Return the part of overlaps within discs about the points of the cells.

    ``overlap`` is that of :func:`polygon_overlaps`; discs are None without limits. If
    both cells have one, that of ``others`` is replaced by a polygon of 48 sides and
    equal area. The areas are in steradian.
    """
    if discs is None and other_discs is not None:
        flipped = limited_overlaps(overlap.T.tocsr(), others, cells, other_discs, None)
        return flipped.T.tocsr()
    if discs is None:
        return overlap
    pairs = overlap.tocoo()
    i, j = pairs.row.astype(np.int64), pairs.col.astype(np.int64)
    limited = discs.radius[i] < np.pi
    if other_discs is not None:
        limited |= other_discs.radius[j] < np.pi
    area = pairs.data.copy()
    where = np.flatnonzero(limited)
    for start in range(0, len(where), CHUNK):
        part = where[start : start + CHUNK]
        points, owner, _, _ = _intersections(cells, others, i[part], j[part])
        if other_discs is not None:
            points, owner = _within_discs(points, owner, other_discs, j[part])
        following = _following(owner)
        cell = i[part][owner]
        fan = sector_areas(
            discs.centre[cell], points, points[following], discs.radius[cell]
        )
        area[part] = np.bincount(owner, fan, minlength=len(part))
    # Discs that do not reach the other cell leave round-off.
    area[area < SLIVER * np.minimum(cells.areas[i], others.areas[j])] = 0
    kept = sp.csr_array((area, (i, j)), shape=overlap.shape)
    kept.eliminate_zeros()
    return kept


def _within_discs(
    points: FloatArray, owner: IntArray, discs: Discs, j: IntArray
) -> tuple[FloatArray, IntArray]:
    """Cut polygons along regular ones with the area of the discs."""
    first = np.cross(discs.centre, np.eye(3)[np.abs(discs.centre).argmin(axis=1)])
    first /= np.linalg.norm(first, axis=1)[:, None]
    second = np.cross(discs.centre, first)
    # Flat polygons of equal area, which exist only up to a hemisphere.
    inner = discs.radius * np.sqrt(np.pi / (SIDES * np.tan(np.pi / SIDES)))
    whole = inner >= np.pi / 2
    for angle in np.arange(SIDES) * (2 * np.pi / SIDES):
        outward = np.cos(angle) * first + np.sin(angle) * second
        normal = (
            np.sin(inner)[:, None] * discs.centre - np.cos(inner)[:, None] * outward
        )
        depth = np.einsum("ij,ij->i", points, normal[j[owner]])
        inside = (depth >= 0) | whole[j[owner]]
        points, owner = _keep_inside(points, owner, depth, inside)
    return points, owner
