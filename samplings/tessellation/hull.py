"""Convex hull of points on the sphere: their spherical Delaunay triangulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.spatial import ConvexHull, QhullError

from samplings.arrays import FloatArray, IntArray
from samplings.vertex_arrays import vertex_positions

# Two angles that sum to pi by construction do so up to the round-off of coordinates
# over the spacing: 1e-11 at a spacing of 1e-5. Points without a common circle miss it
# by less than this about once in 10^9 edges.
COCIRCULAR = 1e-9


@dataclass(frozen=True)
class Hull:
    """Triangles on points of the sphere whose circumscribed circles are empty.

    ``faces`` ``(F, 3)`` are their corners, counterclockwise from outside, and
    ``centres`` ``(F, 3)`` the circumcentres on the sphere, the outward normals.
    ``offsets`` ``(F,)`` are the cosines of the angular radii of the circumscribed
    circles, negative for faces that close the hull of points of one hemisphere.
    """

    faces: IntArray
    centres: FloatArray
    offsets: FloatArray


def convex_hull(xyz: FloatArray, purpose: str, remedy: str) -> Hull:
    """Return the convex hull of distinct unit vectors ``(V, 3)``, cut into triangles.

    Where more than three neighbouring points lie on one circle, as on grids, their
    polygon is cut arbitrarily. ``purpose``, in the plural, begins messages, and
    ``remedy`` ends them.

    Raises
    ------
    ValueError
        If there are fewer than four points, all lie on one circle, or some are so close
        (some 1e-7) that round-off hides them.
    """
    n = len(xyz)
    if n < 4:
        raise ValueError(f"{purpose} need at least 4 points, got {n}; {remedy}")
    try:
        hull = ConvexHull(xyz)
    except QhullError:
        raise ValueError(
            f"{purpose} need points that are not all on one circle (such as one "
            f"parallel of latitude), to round-off; {remedy}"
        ) from None
    lost = np.ones(n, dtype=bool)
    lost[hull.vertices] = False
    faces = hull.simplices.astype(np.int64)
    centres = np.ascontiguousarray(hull.equations[:, :3])
    a, b, c = (xyz[corner] for corner in faces.T)
    inward = np.einsum("ij,ij->i", np.cross(b - a, c - a), centres) < 0
    faces[inward] = faces[inward][:, ::-1]
    if lost.any() or not _closed(faces, n):
        where = f"vertex {lost.argmax()} and {lost.sum() - 1} more"
        where = where if lost.any() else "some"
        raise ValueError(
            f"points are too near to each other for {purpose} ({where}); drop points "
            f"less than 1e-7 rad apart, or {remedy}"
        )
    return Hull(faces, centres, -hull.equations[:, 3])


def _closed(faces: IntArray, n: int) -> bool:
    """Whether each edge has one face on its left, and one on its right."""
    start = faces.ravel()
    end = np.roll(faces, -1, axis=1).ravel()
    left, right = np.sort(start * n + end), np.sort(end * n + start)
    return bool(np.array_equal(left, right) and (np.diff(left) > 0).all())


def delaunay_faces(xyz: FloatArray) -> IntArray:
    r"""Return the spherical Delaunay triangulation of points on the unit sphere.

    The circle through the corners of a face has no point inside: the faces are those
    of the convex hull.

    Parameters
    ----------
    xyz
        Distinct unit vectors, shape ``(V, 3)``, at least four and not all on one
        circle.

    Returns
    -------
    numpy.ndarray
        Corners of the :math:`2V - 4` triangles, counterclockwise from outside, shape
        ``(2V - 4, 3)``. They close the hull of points of one hemisphere too.

    Raises
    ------
    ValueError
        If a vector is not finite or not of unit length, if there are fewer than four
        points, all on one circle, or two within about 1e-7 rad.

    Notes
    -----
    Source: Brown 1979, "Voronoi diagrams from convex hulls", Information Processing
    Letters 9, 223. Where four or more neighbouring points lie on one circle, as on
    grids, an arbitrary one of several triangulations is returned;
    :func:`delaunay_edges` keeps only the edges that all of them share.

    Examples
    --------
    >>> octahedron = np.concatenate([np.eye(3), -np.eye(3)])
    >>> delaunay_faces(octahedron).shape
    (8, 3)
    """
    points = vertex_positions(xyz)
    return convex_hull(points, "Delaunay triangulations", "add points").faces


def opposite_angles(xyz: FloatArray, faces: IntArray) -> FloatArray:
    """Return the angles ``(F, 3)`` of flat triangles in radian.

    Column c is the angle at corner c, opposite to the edge of the other two.
    """
    angles = np.empty(faces.shape)
    for corner in range(3):
        at, left, right = (xyz[faces[:, (corner + step) % 3]] for step in range(3))
        u, v = left - at, right - at
        # arctan2 keeps full precision near 0 and pi, where arccos would lose half.
        sine = np.linalg.norm(np.cross(u, v), axis=1)
        angles[:, corner] = np.arctan2(sine, np.einsum("ij,ij->i", u, v))
    return angles


def edges_of_faces(faces: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """Return edges ``(E, 2)``, lower end first, ascending, and those of each face.

    Column c of the second array ``(F, 3)`` is the edge opposite to corner c.
    """
    ends = np.sort(faces[:, [[1, 2], [2, 0], [0, 1]]], axis=2).reshape(-1, 2)
    keys, number = np.unique(ends[:, 0] * n + ends[:, 1], return_inverse=True)
    edges = np.stack(np.divmod(keys, n), axis=1)
    return edges, number.reshape(-1, 3).astype(np.int64)


def delaunay_edges(xyz: FloatArray, faces: IntArray) -> IntArray:
    r"""Return the edges ``(E, 2)`` that every Delaunay triangulation of the points has.

    An edge whose two faces have their four corners on one circle is in only some of
    them: the angles opposite to it sum to :math:`\pi`. Such diagonals are left out, so
    that the edges have every symmetry of the points. The others still join all points:
    they are the pairs whose Voronoi cells share a side, not only a corner, and include
    the shortest link from any part of the points to the rest.

    ``faces`` ``(F, 3)`` are a triangulation of ``xyz`` ``(V, 3)``; edges have the lower
    vertex first, ascending.

    Examples
    --------
    >>> cube = np.stack(np.meshgrid(*[[-1, 1]] * 3), -1).reshape(-1, 3) / 3**0.5
    >>> len(delaunay_edges(cube, delaunay_faces(cube)))  # no diagonals of its sides
    12
    """
    edges, number = edges_of_faces(faces, len(xyz))
    opposite = np.bincount(
        number.ravel(), opposite_angles(xyz, faces).ravel(), minlength=len(edges)
    )
    # They sum to less on the front of the hull, and also to more behind points of one
    # hemisphere.
    return np.asarray(edges[np.abs(opposite - np.pi) >= COCIRCULAR])


def values_of_edges(values: FloatArray, edges: IntArray, n: int) -> sp.csr_array:
    """Return the sparse matrix ``(n, n)`` with each edge's value in both directions."""
    both = np.concatenate([edges, edges[:, ::-1]])
    matrix = sp.csr_array((np.tile(values, 2), both.T), shape=(n, n))
    matrix.eliminate_zeros()
    return matrix
