"""Rays from points of the unit sphere towards its centre, and what they hit first."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from deepsphere_pyg.convert.meshes.mesh import Mesh, normal_vectors
from samplings.arrays import FloatArray, IntArray

# Embree computes in single precision, and a ray to within round-off of a vertex may
# slip through between its triangles (one in a thousand of such rays on a fine sphere).
# Rays of symmetric shapes do hit vertices, so rays are moved aside by some sixteen
# times the round-off of a coordinate, in a direction that no symmetry prefers. Only
# the triangle is taken from them; where it is hit follows from the ray itself.
_ASIDE = 1e-6
_DIRECTION = 0.7  # radian from south


def shapes_module(name: str) -> Any:
    """Import a package of the ``shapes`` extra, or say how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"meshes need {name.partition('.')[0]}, which is not installed; run: "
            "pip install 'deepsphere-pyg[shapes]'"
        ) from error


class RayScene:
    """The tree in which Embree finds the face of a mesh that a ray hits first.

    Building it takes five times as long as the rays of ``HEALPix(32)``.
    """

    def __init__(self, mesh: Mesh) -> None:
        scene_module = shapes_module("embreex.rtcore_scene")
        mesh_module = shapes_module("embreex.mesh_construction")
        # Not robust, a quarter of the rays to a vertex would slip through.
        self._scene = scene_module.EmbreeScene(robust=True)
        mesh_module.TriangleMesh(
            scene=self._scene,
            vertices=np.ascontiguousarray(mesh.vertices, dtype=np.float32),
            indices=np.ascontiguousarray(mesh.faces, dtype=np.int32),
        )

    def first_hits(self, starts: FloatArray, directions: FloatArray) -> IntArray:
        """Return the first face that each ray hits, -1 for none, shape ``(V,)``."""
        origins, towards = (
            np.ascontiguousarray(part, dtype=np.float32)
            for part in (starts, directions)
        )
        return np.asarray(self._scene.run(origins, towards), dtype=np.int64)


def surface_maps(mesh: Mesh, xyz: FloatArray, miss: float) -> FloatArray:
    """Return distance, cosine and sine of what each ray hits first, ``(V, 3)``."""
    hits = RayScene(mesh).first_hits(ray_starts(xyz), -xyz)
    return hit_maps(hits, mesh.vertices, mesh.faces, xyz, miss)


def ray_starts(xyz: FloatArray) -> FloatArray:
    """Return where the rays of points start: moved aside a little, see above."""
    return xyz + _aside(xyz)


def hit_maps(
    hits: IntArray, vertices: FloatArray, faces: IntArray, xyz: FloatArray, miss: float
) -> FloatArray:
    r"""Return distance, cosine and sine of known hits, ``(V, 3)``.

    A ray from x meets the plane :math:`n \cdot (p - a) = 0` at :math:`p = s x`, with
    :math:`s = n \cdot a / n \cdot x`, at the distance 1 - s.
    """
    rays = np.flatnonzero(hits >= 0)
    x, hit = xyz[rays], faces[hits[rays]]
    long = normal_vectors(vertices, hit)
    length = np.linalg.norm(long, axis=1, keepdims=True)
    # Triangles without an area have no normal.
    normal = np.divide(long, length, out=np.zeros_like(long), where=length > 0)
    cosine = np.einsum("ij,ij->i", normal, x)
    heights = np.einsum("ikj,ij->ik", vertices[hit], x)
    height = np.einsum("ij,ij->i", normal, vertices[hit[:, 0]])
    low, high = heights.min(axis=1), heights.max(axis=1)
    along = np.divide(height, cosine, out=high.copy(), where=cosine != 0)
    maps = np.zeros((len(xyz), 3))
    maps[:, 0] = miss
    # Where a ray grazes a triangle, its plane is met far off: stay within the triangle.
    maps[rays, 0] = 1 - np.clip(along, low, high)
    maps[rays, 1] = cosine
    maps[rays, 2] = np.linalg.norm(np.cross(normal, x), axis=1)
    return maps


def _aside(xyz: FloatArray) -> FloatArray:
    """Return small vectors at right angles to the rays, which turn with longitude."""
    x, y, z = xyz.T
    across = np.hypot(x, y)
    safe = np.where(across > 0, across, 1)
    cos, sin = np.where(across > 0, x / safe, 1.0), y / safe
    south = np.stack([z * cos, z * sin, -across], axis=1)
    east = np.stack([-sin, cos, np.zeros_like(z)], axis=1)
    return _ASIDE * (math.cos(_DIRECTION) * south + math.sin(_DIRECTION) * east)
