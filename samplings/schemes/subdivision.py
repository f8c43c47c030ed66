"""The icosahedron, its symmetries, and the repeated subdivision of its triangles."""

from __future__ import annotations

import itertools

import numpy as np

from samplings.arrays import FloatArray, IntArray, read_only
from samplings.tessellation.hull import edges_of_faces


def subdivided_icosahedron(level: int) -> tuple[FloatArray, IntArray]:
    """Return vertices and triangles of an icosahedron subdivided ``level`` times.

    Vertices are unit vectors ``(10 * 4**level + 2, 3)``, those of a level first in the
    next one. Corners of the triangles are counterclockwise from outside,
    ``(20 * 4**level, 3)``, with the children of triangle f at ``4f ... 4f+3``.

    Examples
    --------
    >>> xyz, faces = subdivided_icosahedron(1)
    >>> xyz.shape, faces.shape
    ((42, 3), (80, 3))
    """
    xyz, faces = _icosahedron()
    for _ in range(level):
        xyz, faces = _subdivide(xyz, faces)
    return xyz, faces


def icosahedral_symmetries() -> tuple[FloatArray, ...]:
    """Generators of the 120 rotations and reflections of the icosahedron.

    A fifth of a turn about a vertex, a third about the centre of a triangle, and the
    inversion.

    Examples
    --------
    >>> fifth, third, inversion = icosahedral_symmetries()
    >>> bool(np.allclose(np.linalg.matrix_power(fifth, 5), np.eye(3)))
    True
    """
    golden = (1 + 5**0.5) / 2
    # Rotation by 72 degrees about the vertex (1, golden, 0) by Rodrigues' formula, with
    # cos 72 = (golden - 1) / 2: entries are halves of 1, golden and 1 / golden.
    a, b = golden, 1 / golden
    fifth = 0.5 * np.array([[1, b, a], [b, a, -1], [-a, 1, b]])
    third = np.eye(3)[[1, 2, 0]]
    return read_only(fifth), read_only(third), read_only(-np.eye(3))


def _icosahedron() -> tuple[FloatArray, IntArray]:
    """Return vertices and faces, triples of vertices at the least mutual distance."""
    golden = (1 + 5**0.5) / 2
    flat = [(a, b * golden, 0.0) for a in (1, -1) for b in (1, -1)]
    points = [np.roll(point, shift) for shift in range(3) for point in flat]
    xyz = np.array(points) / np.hypot(1, golden)
    near = xyz @ xyz.T > 0.4  # neighbours are at 1/sqrt(5) = 0.447, others at most -it
    faces = []
    for a, b, c in itertools.combinations(range(12), 3):
        if near[a, b] and near[b, c] and near[c, a]:
            outward = np.linalg.det(xyz[[a, b, c]]) > 0
            faces.append((a, b, c) if outward else (a, c, b))
    return xyz, np.array(faces, dtype=np.int64)


def _subdivide(xyz: FloatArray, faces: IntArray) -> tuple[FloatArray, IntArray]:
    """Cut each face in four; midpoints come after the vertices, in edge order."""
    edges, number = edges_of_faces(faces, len(xyz))
    middle = xyz[edges[:, 0]] + xyz[edges[:, 1]]
    middle /= np.linalg.norm(middle, axis=1)[:, None]
    a, b, c = faces.T
    bc, ca, ab = (len(xyz) + number).T
    corners = ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))
    cut = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    return np.concatenate([xyz, middle]), cut.reshape(-1, 3)
