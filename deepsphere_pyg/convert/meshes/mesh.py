"""Surfaces made of triangles."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from samplings.arguments import instance_argument, real_array
from samplings.arrays import FloatArray, IntArray, ReadOnly, read_only


@dataclass(frozen=True, eq=False, repr=False)
class Mesh(ReadOnly):
    """A surface made of triangles.

    Parameters
    ----------
    vertices
        Corners of the triangles, shape ``(P, 3)``, in any unit; those of damaged files
        may be infinite or NaN, which :func:`clean_mesh` removes.
    faces
        Indices of the three corners of each triangle, shape ``(F, 3)``, integers from 0
        to P - 1. Seen from outside, corners go round counterclockwise.

    Attributes
    ----------
    vertices
        Float64, read-only.
    faces
        Int64, read-only.

    Raises
    ------
    TypeError
        If vertices are not real numbers, or faces not integers.
    ValueError
        If a shape differs, there is no face, or a face has a corner that is not one of
        the vertices.

    Examples
    --------
    >>> Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]])
    Mesh with 3 vertices and 1 face
    """

    vertices: FloatArray = field()
    faces: IntArray = field()

    def __post_init__(self) -> None:
        vertices = real_array("vertices", self.vertices)
        if vertices.ndim != 2 or vertices.shape[1] != 3:
            raise ValueError(
                f"vertices must have shape (P, 3), got {vertices.shape}; pass x, y and "
                "z of each vertex"
            )
        faces = real_array("faces", self.faces)
        if faces.size == 0:
            raise ValueError(
                "faces must have at least one triangle, got none: the mesh is empty; "
                "pass three indices of vertices for each triangle"
            )
        if faces.dtype.kind not in "iu":
            raise TypeError(
                f"faces must be integers, got {faces.dtype}; pass indices of vertices, "
                "as of array.astype(int)"
            )
        if faces.ndim != 2 or faces.shape[1] != 3:
            raise ValueError(
                f"faces must have shape (F, 3), got {faces.shape}; pass three indices "
                "of vertices for each triangle, and split other polygons"
            )
        low, high = int(faces.min()), int(faces.max())
        if low < 0 or high >= len(vertices):
            raise ValueError(
                f"faces must be indices from 0 to {len(vertices) - 1}, got "
                f"{low if low < 0 else high}; indices count from 0"
            )
        indices = np.array(faces, dtype=np.int64, order="C", copy=True)
        indices.setflags(write=False)
        object.__setattr__(self, "vertices", read_only(vertices))
        object.__setattr__(self, "faces", indices)

    def __repr__(self) -> str:
        plural = "" if len(self.faces) == 1 else "s"
        return (
            f"Mesh with {len(self.vertices)} vertices and {len(self.faces)} "
            f"face{plural}"
        )


def mesh_argument(name: str, value: object) -> Mesh:
    """Return ``value`` if it is a mesh."""
    return instance_argument(
        name, value, Mesh, "make one by Mesh(vertices, faces) or read_mesh(path)"
    )


def finite_mesh_argument(name: str, value: object) -> Mesh:
    """Return ``value`` if it is a mesh whose vertices are finite."""
    mesh = mesh_argument(name, value)
    if not np.isfinite(mesh.vertices).all():
        raise ValueError(
            f"vertices of {name} must be finite; remove others by clean_mesh"
        )
    return mesh


def normal_vectors(vertices: FloatArray, faces: IntArray) -> FloatArray:
    """Return the normals of triangles, twice as long as their areas, ``(F, 3)``."""
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    return np.cross(second - first, third - first)
