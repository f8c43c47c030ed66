"""Convex hulls of meshes."""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from deepsphere_pyg.convert.meshes.frames import framed
from deepsphere_pyg.convert.meshes.mesh import (
    Mesh,
    finite_mesh_argument,
    normal_vectors,
)


def convex_hull(mesh: Mesh) -> Mesh:
    """Return the convex hull of the vertices, with normals that point outwards.

    Flat meshes have no hull of a volume; as in the published code, the mesh itself is
    returned then.

    Parameters
    ----------
    mesh
        Any surface with finite vertices.

    Returns
    -------
    Mesh
        Faces of the hull; its vertices are some of those of the mesh.

    Raises
    ------
    TypeError
        If ``mesh`` is not a mesh.
    ValueError
        If its vertices are not finite, or coincide to round-off.

    Notes
    -----
    Source: Barber, Dobkin and Huhdanpaa 1996, the Quickhull algorithm, by SciPy.

    Equivariance: exact but for the choice of diagonals of flat faces, and round-off.

    Examples
    --------
    >>> corners = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.1, 0.1, 0.1]]
    >>> faces = [[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]
    >>> convex_hull(Mesh(corners, faces))
    Mesh with 4 vertices and 4 faces
    """
    finite_mesh_argument("mesh", mesh)
    points = framed(mesh.vertices)
    try:
        hull = ConvexHull(points)
    except QhullError:
        return mesh
    faces = np.asarray(hull.simplices, dtype=np.int64)
    inwards = (normal_vectors(points, faces) * hull.equations[:, :3]).sum(axis=1) < 0
    faces[inwards] = faces[inwards, ::-1]
    kept, places = np.unique(faces, return_inverse=True)
    return Mesh(mesh.vertices[kept], places.reshape(faces.shape))
