"""Repair of meshes before they are mapped."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.meshes.frames import framed
from deepsphere_pyg.convert.meshes.holes import filled_faces
from deepsphere_pyg.convert.meshes.mesh import Mesh, mesh_argument, normal_vectors
from deepsphere_pyg.convert.meshes.winding import outward_faces
from samplings.arrays import FloatArray, IntArray

# Share of the extent of the mesh up to which vertices are one, and triangles have no
# height. Trimesh, which the published code uses, has the same number.
_TOLERANCE = 1e-8


def clean_mesh(mesh: Mesh) -> Mesh:
    """Repair a mesh: its vertices, its faces, its normals and its holes.

    In this order: drop faces with infinite or NaN vertices, join vertices at one place,
    drop faces without area and repeated ones, turn faces round until neighbours agree
    and pieces enclose positive volumes, close holes of three or four edges, and drop
    vertices of no face.

    Parameters
    ----------
    mesh
        Any surface, closed or not.

    Returns
    -------
    Mesh
        The repaired surface, in the coordinates of ``mesh``.

    Raises
    ------
    TypeError
        If ``mesh`` is not a mesh.
    ValueError
        If no face is left, or all vertices coincide to round-off.

    Notes
    -----
    The steps are those of Cohen et al. (2018, arXiv:1801.10130). Vertices are one, and
    faces have no area, below 1e-8 of the longest side of the mesh's box. Pieces of a
    surface that are open turn outwards, too, as far as they are bent.

    Equivariance: exact, and the faces do not depend on the place and size of the mesh,
    to round-off.

    Examples
    --------
    >>> corners = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [9, 9, 9]]
    >>> open_ = Mesh(corners, [[0, 1, 2], [0, 1, 3], [0, 2, 3], [0, 3, 2], [1, 1, 2]])
    >>> clean_mesh(open_)
    Mesh with 4 vertices and 4 faces
    """
    mesh_argument("mesh", mesh)
    finite = np.asarray(np.isfinite(mesh.vertices).all(axis=1))
    faces = _left(mesh.faces[finite[mesh.faces].all(axis=1)], "infinite or NaN")
    used = _used(faces, len(mesh.vertices))
    points = np.zeros_like(mesh.vertices)
    points[used] = framed(mesh.vertices[used])
    same = used.copy()
    places = np.arange(len(points))
    places[used] = same[_first_of_same(points[used])]
    faces = _left(_with_height(points, places[faces]), "without area")
    faces = faces[_first_rows(faces)]
    faces = filled_faces(outward_faces(points, faces))
    used = _used(faces, len(points))
    places[used] = np.arange(len(used))
    return Mesh(mesh.vertices[used], places[faces])


def _left(faces: IntArray, fault: str) -> IntArray:
    """Return faces if any are left."""
    if len(faces) == 0:
        raise ValueError(
            f"the mesh is empty: all of its faces are {fault}; take another mesh"
        )
    return faces


def _used(faces: IntArray, n: int) -> IntArray:
    """Return the vertices of faces, in order."""
    used = np.zeros(n, dtype=np.bool_)
    used[faces] = True
    return np.flatnonzero(used)


def _first_of_same(points: FloatArray) -> IntArray:
    """Return, for each point, the first one at its place."""
    grid = np.rint((points + 0.5) / _TOLERANCE).astype(np.int64)
    return _first_of_rows(grid)


def _with_height(points: FloatArray, faces: IntArray) -> IntArray:
    """Return the faces that have three corners and a height above the tolerance."""
    corners = points[faces]
    sides = corners - np.roll(corners, 1, axis=1)
    longest = np.sqrt((sides**2).sum(axis=2).max(axis=1))
    double_area = np.linalg.norm(normal_vectors(points, faces), axis=1)
    kept: IntArray = faces[double_area > _TOLERANCE * longest]
    return kept


def _first_rows(faces: IntArray) -> npt.NDArray[np.bool_]:
    """Return which faces are the first with their corners, in any order."""
    first = _first_of_rows(np.sort(faces, axis=1))
    return np.asarray(first == np.arange(len(faces)))


def _first_of_rows(rows: IntArray) -> IntArray:
    """Return, for each row of three integers below 2**31, the first equal one."""
    # Two columns fit one number; numbered from 0, they and the third do again.
    pair = (rows[:, 0] << 31) | rows[:, 1]
    _, numbered = np.unique(pair, return_inverse=True)
    _, first, inverse = np.unique(
        (numbered << 31) | rows[:, 2], return_index=True, return_inverse=True
    )
    return np.asarray(first[inverse])
