"""Areas of the cells of curvilinear and unstructured grids."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, QhullError

from samplings.base import FloatArray
from samplings.tessellation.spherical_triangles import triangle_areas
from samplings.tessellation.voronoi import voronoi_areas


def unit_vectors(lat: FloatArray, lon: FloatArray) -> FloatArray:
    """Points ``(..., 3)`` of degrees; all longitudes of a pole are one point."""
    north, east = np.deg2rad(lat), np.deg2rad(lon)
    across = np.where(np.abs(lat) == 90, 0.0, np.cos(north))
    return np.stack(
        [across * np.cos(east), across * np.sin(east), np.sin(north)], axis=-1
    )


def polygon_areas(centres: FloatArray, corners: FloatArray) -> FloatArray:
    """Areas of polygons that can be seen whole from a point inside.

    Parameters
    ----------
    centres
        Points inside, unit vectors ``(V, 3)``.
    corners
        Corners in order, unit vectors ``(V, n, 3)``; polygons of fewer corners repeat
        one.

    Returns
    -------
    numpy.ndarray
        Areas in steradian, shape ``(V,)``.

    Examples
    --------
    >>> north = unit_vectors(np.zeros(4), np.arange(0, 360, 90))
    >>> bool(np.isclose(polygon_areas(np.eye(3)[2:], north[None])[0], 2 * np.pi))
    True
    """
    fan = triangle_areas(centres[:, None], corners, np.roll(corners, -1, axis=1))
    return np.asarray(fan.sum(axis=1))


def curvilinear_areas(
    xyz: FloatArray, known: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Areas of the cells of a grid that is known by its centres.

    A corner is the middle of the four centres round it. Beyond the edges of the grid,
    and in place of unknown cells, centres are continued linearly.

    Parameters
    ----------
    xyz
        Centres, shape ``(n_row, n_column, 3)``.
    known
        True where a cell has a centre, shape ``(n_row, n_column)``.

    Returns
    -------
    numpy.ndarray
        Areas in steradian, good to second order in the spacing, shape
        ``(n_row, n_column)``, zero where unknown.

    Raises
    ------
    ValueError
        If there are fewer than two rows or columns.
    """
    if min(known.shape) < 2:
        raise ValueError(
            f"a curvilinear grid of {known.shape[0]} x {known.shape[1]} cells has no "
            "spacing in one direction; pass areas=, or give the coordinates bounds"
        )
    points = np.pad(np.where(known[..., None], xyz, 0.0), ((1, 1), (1, 1), (0, 0)))
    have = np.pad(known, 1)
    # The second round fills the diagonals from what the first filled.
    for _ in range(2):
        points, have = _continued(points, have)
    # Unknown points are zero, so that a corner is the middle of those that are known.
    sums = points[:-1, :-1] + points[1:, :-1] + points[:-1, 1:] + points[1:, 1:]
    corners = sums / np.maximum(np.linalg.norm(sums, axis=-1, keepdims=True), 1e-300)
    around = np.stack(
        [corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], axis=2
    )
    areas = np.zeros(known.shape)
    areas[known] = polygon_areas(xyz[known], around[known])
    return areas


def _continued(
    points: FloatArray, have: npt.NDArray[np.bool_]
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Points ``2 b - a`` after two known ones a, b in a row or column, their mean."""
    total = np.zeros_like(points)
    for axis in (0, 1):
        p, h = np.moveaxis(points, axis, 0), np.moveaxis(have, axis, 0)
        t = np.moveaxis(total, axis, 0)
        t[2:] += (2 * p[1:-1] - p[:-2]) * (h[1:-1] & h[:-2])[..., None]
        t[:-2] += (2 * p[1:-1] - p[2:]) * (h[1:-1] & h[2:])[..., None]
    length = np.linalg.norm(total, axis=-1)
    new = ~have & (length > 0)
    filled = points.copy()
    filled[new] = total[new] / length[new, None]
    return filled, have | new


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
