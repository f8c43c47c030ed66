"""Areas of spherical Voronoi cells, and of scattered points of a region."""

from __future__ import annotations

import numpy as np

from samplings.arrays import FloatArray, IntArray
from samplings.tessellation.hull import convex_hull
from samplings.tessellation.spherical_triangles import sector_areas, triangle_areas

# Cosine of the radius of a circle without points that is a hemisphere, to round-off: a
# hemisphere with points on its border still counts as a part of the whole sphere.
HEMISPHERE = -1e-9
REMEDY = "pass weights, the area of each point in steradian"


def cell_areas(
    xyz: FloatArray,
    faces: IntArray,
    centres: FloatArray,
    extent: float | None = None,
) -> FloatArray:
    """Return the Voronoi areas of points whose Delaunay triangulation is known.

    The cell of a point is convex and holds it, so that it is a fan of triangles from
    the point to the two ends of each side. A side lies between the circumcentres of two
    adjacent Delaunay faces. Points ``(V, 3)`` are corners of ``faces`` ``(F, 3)``, in
    either orientation, with circumcentres ``centres`` ``(F, 3)``. Areas are in
    steradian, within ``extent`` radian of the point where that is given.
    """
    n = len(xyz)
    ends = np.sort(faces[:, [[1, 2], [2, 0], [0, 1]]], axis=2).reshape(-1, 2)
    face = np.repeat(np.arange(len(faces)), 3)
    # Each edge has two faces: after sorting by edge they stand side by side.
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
    """Return the areas that scattered points stand for.

    They are those of the Voronoi cells, up to an angle from the points where one is
    given. Without it the outer cells of points that all lie in one half of the sphere
    would reach round the globe: such points get a third of each Delaunay triangle of
    which they are a corner, together the area of their convex hull.

    Parameters
    ----------
    xyz
        Distinct unit vectors, shape ``(V, 3)``, at least four and not all on one
        circle.
    extent
        Angle in radian up to which a cell reaches from its point.
    remedy
        End of messages: what to do where there are no areas.

    Returns
    -------
    numpy.ndarray
        Areas in steradian, shape ``(V,)``.

    Raises
    ------
    ValueError
        If there are fewer than four points, if all lie on one circle, or if some are so
        near to each other (some 1e-7) that round-off hides their cells; or if points of
        one half of the sphere lie on so few great circles that some have no area.

    Notes
    -----
    The convex hull of points on a sphere is their Delaunay triangulation, and the
    normal of a face its circumcentre.

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
    # Relative error of the sum at 10^6 points: 1e-13; a wrong cell shows far above.
    if len(lost) or abs(area.sum() / whole - 1) > 1e-9:
        where = f"vertex {lost[0]} and {len(lost) - 1} more" if len(lost) else "some"
        raise ValueError(
            f"points are too near to each other for Voronoi areas ({where}); drop "
            f"points less than 1e-7 rad apart, or {remedy}"
        )
    if extent is not None:
        area = cell_areas(xyz, hull.faces, hull.centres, extent)
    return area
