"""Triangles bounded by great circles: their areas and circumcentres."""

from __future__ import annotations

import numpy as np

from samplings.base import FloatArray


def triangle_areas(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    r"""Return the areas of spherical triangles with corners a, b, c.

    .. math:: \tan \frac E2 = \frac{|\det(a, b, c)|}{1 + a·b + b·c + c·a}

    Parameters
    ----------
    a, b, c
        Unit vectors, shape ``(..., 3)`` each.

    Returns
    -------
    numpy.ndarray
        Areas in steradian, at most :math:`2\pi`, shape ``(...)``.

    Notes
    -----
    Source: Van Oosterom and Strackee 1983, IEEE Trans. Biomed. Eng. 30, 125.

    Examples
    --------
    >>> octant = triangle_areas(*np.eye(3))
    >>> bool(np.isclose(octant, np.pi / 2))
    True
    """
    # Differences first: the determinant of nearly equal vectors would cancel.
    volume = np.abs(np.einsum("...i,...i->...", a, np.cross(b - a, c - a)))
    pairs = sum(np.einsum("...i,...i->...", u, v) for u, v in ((a, b), (b, c), (c, a)))
    return np.asarray(2 * np.arctan2(volume, 1 + pairs))


def circumcentres(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """Return the points as far from all three corners of counterclockwise triangles.

    Examples
    --------
    >>> circumcentres(*np.eye(3)) * 3**0.5
    array([1., 1., 1.])
    """
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.asarray(normal)
