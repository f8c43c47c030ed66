"""Meshes centred, scaled, shifted and rotated into the unit sphere."""

from __future__ import annotations

from typing import Any, SupportsFloat

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from deepsphere_pyg.convert.meshes.frames import framed
from deepsphere_pyg.convert.meshes.mesh import (
    Mesh,
    finite_mesh_argument,
    normal_vectors,
)
from samplings.arguments import array_argument, instance_argument, positive_argument
from samplings.arrays import FloatArray

#: Radius of the published maps: rays that start at radius 1 start outside the shape.
RADIUS = 0.99


def normalized_mesh(
    mesh: Mesh,
    *,
    shift: npt.ArrayLike | None = None,
    rotation: Rotation | None = None,
    radius: SupportsFloat = RADIUS,
) -> Mesh:
    r"""Centre and scale a mesh into a ball, after a shift and a rotation of choice.

    .. math:: v' = s R \left(\frac{v - c}{\max_i |v_i - c|} + t\right)

    The centre c of the surface is the mean of the centroids of its triangles, weighted
    by area; s makes the largest distance of a vertex from the origin ``radius``.

    Parameters
    ----------
    mesh
        Any surface with finite vertices, of any size.
    shift
        Vector t, shape ``(3,)``, in units of the largest distance from the centre. The
        published maps have a uniform direction and a length of 0 to 0.1.
    rotation
        Rotation R.
    radius
        Largest distance of a vertex from the origin, at most 1.

    Returns
    -------
    Mesh
        The same faces at other places.

    Raises
    ------
    TypeError
        If ``mesh`` is not a mesh, ``shift`` not real, or ``rotation`` not a rotation.
    ValueError
        If vertices are not finite or coincide to round-off, no face has an area, or
        ``shift``, ``rotation`` or ``radius`` has another shape or size.

    Notes
    -----
    Source: Cohen, Geiger, Köhler and Welling 2018 (arXiv:1801.10130) and their code.

    Equivariance: exact. Without ``shift``, the result does not depend on the place and
    size of the mesh, to round-off.

    Examples
    --------
    >>> triangle = Mesh([[3, 0, 0], [-3, 4, 0], [0, -4, 0]], [[0, 1, 2]])
    >>> abs(normalized_mesh(triangle).vertices).max().round(2)
    np.float64(0.79)
    >>> np.linalg.norm(normalized_mesh(triangle).vertices, axis=1).max().round(6)
    np.float64(0.99)
    """
    finite_mesh_argument("mesh", mesh)
    moved = np.zeros(3) if shift is None else array_argument("shift", shift)
    if moved.shape != (3,) or not np.isfinite(moved).all():
        raise ValueError(
            "shift must be three finite numbers, got "
            f"{moved.tolist() if moved.shape == (3,) else f'shape {moved.shape}'}; "
            "pass x, y and z"
        )
    size = positive_argument("radius", radius, "pass 0.99")
    if size > 1:
        raise ValueError(f"radius must be at most 1, got {size}; pass 0.99")
    matrix = np.eye(3) if rotation is None else rotation_matrix(rotation)
    centred = centred_vertices(mesh)
    placed = place(centred, moved, matrix)
    return Mesh(placed * (size / farthest(placed)), mesh.faces)


def centred_vertices(mesh: Mesh) -> FloatArray:
    """Return the vertices about the centroid of the surface, the farthest at 1."""
    points = framed(mesh.vertices)
    areas = np.linalg.norm(normal_vectors(points, mesh.faces), axis=1)
    total = areas.sum()
    if not total > 0:
        raise ValueError(
            "the mesh has no area: all of its triangles are degenerate; take a mesh "
            "with a surface"
        )
    centroid = areas @ points[mesh.faces].mean(axis=1) / total
    centred = points - centroid
    return np.asarray(centred / farthest(centred))


def place(vertices: FloatArray, shift: FloatArray, matrix: FloatArray) -> FloatArray:
    """Shift vertices, then rotate them."""
    # Points are rows, and the row x R^T is R x.
    return np.asarray((vertices + shift) @ matrix.T)


def farthest(vertices: FloatArray) -> float:
    """Return the largest distance of a vertex from the origin."""
    return float(np.sqrt((vertices**2).sum(axis=1).max()))


def rotation_matrix(rotation: object) -> FloatArray:
    """Return the matrix of a rotation.

    Raises
    ------
    TypeError
        If it is not a SciPy rotation.
    ValueError
        If there are several rotations.
    """
    remedy = "make one with scipy.spatial.transform.Rotation.from_euler"
    one: Any = instance_argument("rotation", rotation, Rotation, remedy)
    if not one.single:
        raise ValueError(
            f"rotation must be one rotation, got {len(one)}; pass rotations[i]"
        )
    return np.asarray(one.as_matrix())
