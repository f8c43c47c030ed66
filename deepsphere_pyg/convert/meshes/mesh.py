"""A triangle mesh: vertices, and faces that join three of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samplings.arguments import array_argument, real_array
from samplings.arrays import FloatArray, IntArray, ReadOnly


@dataclass(frozen=True, eq=False)
class Mesh(ReadOnly):
    """A triangle mesh, closed or not.

    Parameters
    ----------
    vertices
        Positions, shape ``(P, 3)``, in any unit.
    faces
        Indices of the vertices of each triangle, shape ``(F, 3)``; counterclockwise as
        seen from outside.

    Raises
    ------
    TypeError
        If positions are not real numbers, or faces not integers.
    ValueError
        If a shape is wrong, or a face names a vertex that does not exist.

    Examples
    --------
    >>> Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]).faces
    array([[0, 1, 2]])
    """

    vertices: FloatArray
    faces: IntArray

    def __post_init__(self) -> None:
        vertices = array_argument("vertices", self.vertices)
        faces = real_array("faces", self.faces)
        for name, array in (("vertices", vertices), ("faces", faces)):
            if array.ndim != 2 or array.shape[1] != 3:
                raise ValueError(
                    f"{name} must have shape (n, 3), got {array.shape}; pass three "
                    "numbers a row"
                )
        if faces.dtype.kind not in "iu":
            raise TypeError(
                f"faces must be integers, got {faces.dtype}; pass indices of vertices"
            )
        faces = faces.astype(np.int64)
        if faces.size and not 0 <= faces.min() <= faces.max() < len(vertices):
            raise ValueError(
                f"faces must name vertices from 0 to {len(vertices) - 1}, got "
                f"{faces.min()} to {faces.max()}; count from 0"
            )
        for name, array in (("vertices", vertices), ("faces", faces)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)
