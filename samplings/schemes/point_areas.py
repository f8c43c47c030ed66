"""Areas of scattered points, those of a region among them."""

from __future__ import annotations

import warnings

import numpy as np

from samplings.arguments import extent_argument
from samplings.arrays import FloatArray
from samplings.tessellation.voronoi import areas_and_gap

# The widest circle without points, in radian, up to which they count as spread over the
# sphere: a right angle is a hemisphere with points on its border, to round-off.
WIDEST_GAP = np.pi / 2 + 1e-9


class RegionalPointsWarning(UserWarning):
    """Voronoi cells reach round the globe: all points are in one half of it."""


def point_areas(
    xyz: FloatArray, extent: float | None, stacklevel: int = 2
) -> FloatArray:
    """Return the areas of Voronoi cells within some angle of their points.

    Parameters
    ----------
    xyz
        Distinct unit vectors, shape ``(V, 3)``.
    extent
        The angle in radian, at most pi; None for no limit.
    stacklevel
        As of :func:`warnings.warn`: 2 for the caller.

    Returns
    -------
    numpy.ndarray
        Areas in steradian, shape ``(V,)``.

    Raises
    ------
    TypeError, ValueError
        If ``extent`` is not a number in (0, pi]; and as
        :func:`samplings.tessellation.voronoi.voronoi_areas`.

    Warns
    -----
    RegionalPointsWarning
        If all points are in one half of the sphere and there is no limit.

    Examples
    --------
    >>> octahedron = np.concatenate([np.eye(3), -np.eye(3)])
    >>> cap = 2 * np.pi * (1 - np.cos(0.1))
    >>> bool(np.allclose(point_areas(octahedron, 0.1), cap))
    True
    """
    if extent is not None:
        extent = extent_argument(extent)
    areas, gap = areas_and_gap(xyz, extent)
    if extent is None and gap > WIDEST_GAP:
        warnings.warn(
            f"all points lie within {180 - np.rad2deg(gap):.3g} degrees of one place, "
            "and the Voronoi cells at their border reach round the globe: the largest "
            f"covers {areas.max() / (4 * np.pi):.2g} of it; pass extent, the angle in "
            "radian up to which a cell reaches from its point, or extent=numpy.pi if "
            "it is meant so",
            RegionalPointsWarning,
            stacklevel=stacklevel,
        )
    return areas
