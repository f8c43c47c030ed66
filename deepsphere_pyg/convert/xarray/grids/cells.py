"""Areas of polygons and of what scattered points stand for."""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from samplings.arrays import FloatArray
from samplings.tessellation.spherical_triangles import triangle_areas
from samplings.tessellation.voronoi import voronoi_areas

# Areas may add up to so much: the sphere, and what estimates are off.
WHOLE = 4 * np.pi * 1.01


def unit_vectors(lat: FloatArray, lon: FloatArray) -> FloatArray:
    """Points ``(..., 3)`` of degrees; all longitudes of a pole are one point."""
    north, east = np.deg2rad(lat), np.deg2rad(lon)
    across = np.where(np.abs(lat) == 90, 0.0, np.cos(north))
    return np.stack(
        [across * np.cos(east), across * np.sin(east), np.sin(north)], axis=-1
    )


def polygon_areas(centres: FloatArray, corners: FloatArray) -> FloatArray:
    r"""Areas of polygons without crossing edges, smaller than a hemisphere.

    They are sums of triangles with the centre, which count negative where the edge is
    seen from outside: :math:`\tan(E / 2) = \det(a, b, c) / (1 + a·b + b·c + c·a)`.

    Parameters
    ----------
    centres
        Points in or near them, unit vectors ``(V, 3)``.
    corners
        Corners in order, unit vectors ``(V, n, 3)``; polygons of fewer corners repeat
        one.

    Returns
    -------
    numpy.ndarray
        Areas in steradian, shape ``(V,)``.

    Notes
    -----
    Source: Van Oosterom and Strackee 1983, IEEE Trans. Biomed. Eng. 30, 125.

    Examples
    --------
    >>> north = unit_vectors(np.zeros(4), np.arange(0, 360, 90))
    >>> bool(np.isclose(polygon_areas(np.eye(3)[2:], north[None])[0], 2 * np.pi))
    True
    """
    a, b, c = centres[:, None], corners, np.roll(corners, -1, axis=1)
    # Differences first: the determinant of nearly equal vectors would cancel.
    volume = np.einsum("...i,...i->...", a, np.cross(b - a, c - a))
    pairs = sum(np.einsum("...i,...i->...", u, v) for u, v in ((a, b), (b, c), (c, a)))
    fan = 2 * np.arctan2(volume, 1 + pairs)
    return np.asarray(np.abs(fan.sum(axis=1)))


def scattered_areas(xyz: FloatArray) -> FloatArray:
    """Areas that scattered points stand for.

    The Voronoi cells, where the points surround the globe. Those of a region would
    reach round the rest of it, so that points of which half of the globe is free get a
    third of each Delaunay triangle they are a corner of: together the area of the
    region's convex hull.

    Parameters
    ----------
    xyz
        Distinct unit vectors, shape ``(V, 3)``.

    Raises
    ------
    ValueError
        As :func:`samplings.tessellation.voronoi.voronoi_areas`.
    """
    if len(xyz) < 4:
        raise ValueError(
            f"areas of scattered places need at least 4 of them, got {len(xyz)}; pass "
            "areas=, the area of each in steradian"
        )
    try:
        hull = ConvexHull(xyz)
    except QhullError:
        raise ValueError(
            "areas of scattered places need some that are not on one circle (such as "
            "one parallel); pass areas=, the area of each in steradian"
        ) from None
    # Faces of which the centre of the globe is on the outer side.
    lid = hull.equations[:, 3] > 0
    if not lid.any():
        return voronoi_areas(xyz)
    faces = hull.simplices[~lid]
    thirds = triangle_areas(*(xyz[corner] for corner in faces.T)) / 3
    area = np.zeros(len(xyz))
    for corner in faces.T:
        area += np.bincount(corner, thirds, len(xyz))
    return area
