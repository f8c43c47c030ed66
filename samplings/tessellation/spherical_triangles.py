"""Triangles bounded by great circles: areas, also in a disc, and circumcentres."""

from __future__ import annotations

import numpy as np

from samplings.arrays import FloatArray


def triangle_areas(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    r"""Return the areas of spherical triangles with corners a, b, c, ``(..., 3)``.

    .. math:: \tan \frac E2 = \frac{|\det(a, b, c)|}{1 + a·b + b·c + c·a}

    in steradian, at most :math:`2\pi`, shape ``(...)``. Source: Van Oosterom and
    Strackee 1983, IEEE Trans. Biomed. Eng. 30, 125.

    Examples
    --------
    >>> octant = triangle_areas(*np.eye(3))
    >>> bool(np.isclose(octant, np.pi / 2))
    True
    """
    return np.abs(signed_areas(a, b, c))


def signed_areas(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """As :func:`triangle_areas`, negative where corners are clockwise from outside."""
    # Differences first: the determinant of nearly equal vectors would cancel.
    volume = np.einsum("...i,...i->...", a, np.cross(b - a, c - a))
    pairs = sum(np.einsum("...i,...i->...", u, v) for u, v in ((a, b), (b, c), (c, a)))
    return np.asarray(2 * np.arctan2(volume, 1 + pairs))


def circumcentres(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """Return the circumcentres of counterclockwise triangles on the sphere.

    Examples
    --------
    >>> circumcentres(*np.eye(3)) * 3**0.5
    array([1., 1., 1.])
    """
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.asarray(normal)


def sector_areas(
    apex: FloatArray, start: FloatArray, end: FloatArray, radius: FloatArray | float
) -> FloatArray:
    r"""Return the signed areas of triangles within discs about their first corners.

    With :math:`\psi` the direction from the apex, relative to that of the nearest
    point, at the angle h, of the great circle through the other two corners, the side
    is at the distance :math:`\arctan(\tan h / \cos\psi)`, and the area

    .. math:: \int \bigl(1 - \cos\min(R, \arctan(\tan h / \cos\psi))\bigr)\,d\psi

    Corners are unit vectors ``(T, 3)``; ``radius`` is R in radian, from 0 to pi, one or
    ``(T,)``. Areas ``(T,)`` are in steradian, positive for corners counterclockwise
    from outside. Summed over the sides of a polygon, they are the area of its part in
    the disc, for any apex, unless the polygon contains the point opposite to it.

    Examples
    --------
    >>> x, y, z = np.eye(3)[:, None]
    >>> octant, disc = (sector_areas(x, y, z, r) for r in (np.pi, np.pi / 3))
    >>> bool(np.isclose(octant, np.pi / 2)), bool(np.isclose(disc, np.pi / 4))
    (True, True)
    """
    normal = np.cross(start, end - start)
    length = np.linalg.norm(normal, axis=-1, keepdims=True)
    normal /= np.where(length > 0, length, 1)
    rise = np.einsum("ij,ij->i", normal, apex)
    across = np.cross(apex, normal)
    level = np.linalg.norm(across, axis=1)
    # All points of a great circle are equally far from its pole.
    pole = level == 0
    across[pole] = np.cross(apex[pole], np.eye(3)[np.abs(apex[pole]).argmin(axis=1)])
    across /= np.linalg.norm(across, axis=1)[:, None]
    across *= np.where(rise < 0, 1.0, -1.0)[:, None]
    towards = np.cross(across, apex)
    height = np.arctan2(np.abs(rise), level)
    reach = np.broadcast_to(np.asarray(radius, dtype=np.float64), height.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.tan(height) / np.tan(reach)
    bend = np.arccos(np.clip(np.nan_to_num(ratio, nan=1.0), -1, 1))

    def swept(psi: FloatArray) -> FloatArray:
        """Return the area from the nearest point's direction to psi."""
        straight = np.minimum(np.abs(psi), bend)
        leg = np.arctan2(np.sin(straight) * np.sin(height), np.cos(straight))
        triangle = 2 * np.arctan(np.tan(height / 2) * np.tan(leg / 2))
        round_ = 2 * np.sin(reach / 2) ** 2 * (np.abs(psi) - straight)
        return np.asarray(np.sign(psi) * (triangle + round_))

    first, last = (
        np.arctan2(
            np.einsum("ij,ij->i", point, across), np.einsum("ij,ij->i", point, towards)
        )
        for point in (start, end)
    )
    # A side that passes behind the apex crosses the discontinuity at psi = pi.
    behind = np.where(np.abs(last - first) > np.pi, np.sign(first - last), 0.0)
    whole = 2 * swept(np.full(len(height), np.pi))
    area = swept(last) - swept(first) + behind * whole
    return np.where(length[:, 0] > 0, area, 0.0)
