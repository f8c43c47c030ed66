"""Areas of spherical Voronoi cells, and of scattered points of a region."""

from __future__ import annotations

import numpy as np

from samplings.arrays import FloatArray, IntArray
from samplings.tessellation.hull import convex_hull
from samplings.tessellation.spherical_triangles import sector_areas, triangle_areas

# Cosine of the radius of an empty circle that is a hemisphere, to round-off: points on
# the border of a hemisphere count as a part of the whole sphere.
HEMISPHERE = -1e-9
REMEDY = "pass weights, the area of each point in steradian"


def cell_areas(
    xyz: FloatArray,
    faces: IntArray,
    centres: FloatArray,
    extent: float | None = None,
) -> FloatArray:
    """Return the Voronoi areas of points with a known Delaunay triangulation.

    A cell is convex and contains its point: it is a fan of triangles from the point to
    the ends of each side, which are the circumcentres of adjacent faces. Points ``(V,
    3)`` are corners of ``faces`` ``(F, 3)``, in either orientation, with circumcentres
    ``centres`` ``(F, 3)``. Areas are in steradian, within ``extent`` radian of the
    point if that is given.
    """
    n = len(xyz)
    ends = np.sort(faces[:, [[1, 2], [2, 0], [0, 1]]], axis=2).reshape(-1, 2)
    face = np.repeat(np.arange(len(faces)), 3)
    # Each edge has two faces, which are adjacent after sorting by edge.
    order = np.argsort(ends[:, 0] * n + ends[:, 1], kind="stable")
    edge = ends[order[::2]]
    left, right = centres[face[order[::2]]], centres[face[order[1::2]]]
    area = np.zeros(n)
    for end in edge.T:
        fan = (
            triangle_areas(xyz[end], left, right)
            if extent is None
            else np.abs(sector_areas(xyz[end], left, right, extent))
        )
        area += np.bincount(end, fan, minlength=n)
    return area


def point_areas(
    xyz: FloatArray, extent: float | None = None, remedy: str = REMEDY
) -> FloatArray:
    """Return the areas ``(V,)`` in steradian that scattered points stand for.

    They are those of the Voronoi cells, limited to an angle ``extent`` from the points
    if that is given. Otherwise points of one hemisphere, whose outer cells would reach
    around the globe, get a third of each Delaunay triangle at the point, together the
    area of their convex hull. ``xyz`` are distinct unit vectors ``(V, 3)``; ``remedy``
    ends messages.

    Raises
    ------
    ValueError
        If there are fewer than four points, all lie on one circle, or some are so close
        (some 1e-7) that round-off hides their cells; or if points of one hemisphere lie
        on so few great circles that some have no area.

    Examples
    --------
    >>> octahedron = np.concatenate([np.eye(3), -np.eye(3)])
    >>> cap = 2 * np.pi * (1 - np.cos(0.1))
    >>> bool(np.allclose(point_areas(octahedron, 0.1), cap))
    True
    """
    hull = convex_hull(xyz, "Voronoi areas", remedy)
    if extent is None and hull.offsets.min() <= HEMISPHERE:
        faces = hull.faces[hull.offsets > HEMISPHERE]
        thirds = triangle_areas(*(xyz[corner] for corner in faces.T)) / 3
        area = np.zeros(len(xyz))
        for corner in faces.T:
            area += np.bincount(corner, thirds, len(xyz))
        whole = float(thirds.sum() * 3)
    else:
        area, whole = cell_areas(xyz, hull.faces, hull.centres), 4 * np.pi
    lost = np.flatnonzero(~(area > 0))
    # The sum of 10^6 areas has a relative error of 1e-13, with a wrong cell far more.
    if len(lost) or abs(area.sum() / whole - 1) > 1e-9:
        where = f"vertex {lost[0]} and {len(lost) - 1} more" if len(lost) else "some"
        raise ValueError(
            f"points are too near to each other for Voronoi areas ({where}); drop "
            f"points less than 1e-7 rad apart, or {remedy}"
        )
    if extent is not None:
        area = cell_areas(xyz, hull.faces, hull.centres, extent)
    return area
