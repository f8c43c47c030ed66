"""Maps of one mesh at several shifts and rotations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.meshes.cleaning import clean_mesh
from deepsphere_pyg.convert.meshes.hulls import convex_hull
from deepsphere_pyg.convert.meshes.mesh import Mesh
from deepsphere_pyg.convert.meshes.placement import (
    RADIUS,
    centred_vertices,
    farthest,
    place,
)
from deepsphere_pyg.convert.meshes.rays import RayScene, hit_maps, ray_starts
from samplings.arrays import FloatArray


class CentredSurfaces:
    """A clean mesh about its centre and, if wanted, its hull, ready for rays.

    Cleaning, the hull and the trees of faces are made once. A copy of the mesh that is
    shifted, rotated and scaled is mapped by rays that are moved the other way.

    Parameters
    ----------
    mesh
        Any mesh that :func:`clean_mesh` takes.
    hull
        Whether to map its convex hull too.

    Raises
    ------
    ValueError
        As :func:`clean_mesh`.
    """

    def __init__(self, mesh: Mesh, hull: bool) -> None:
        clean = clean_mesh(mesh)
        centred = Mesh(centred_vertices(clean), clean.faces)
        meshes = [centred, convex_hull(centred)] if hull else [centred]
        self._surfaces = [(one, RayScene(one)) for one in meshes]

    def maps(
        self, xyz: FloatArray, miss: float, shift: FloatArray, matrix: FloatArray
    ) -> npt.NDArray[np.float32]:
        """Return the maps of a copy, shape ``(V, C)``.

        They are those of :func:`mesh_maps` of the clean and normalized mesh.
        """
        scale = RADIUS / farthest(place(self._surfaces[0][0].vertices, shift, matrix))
        # Rows x R are R^T x: rays turned back into the frame of the mesh.
        starts = ray_starts(xyz) @ matrix / scale - shift
        directions = -xyz @ matrix
        maps = []
        for mesh, scene in self._surfaces:
            hits = scene.first_hits(starts, directions)
            placed = place(mesh.vertices, shift, matrix) * scale
            maps.append(hit_maps(hits, placed, mesh.faces, xyz, miss))
        return np.concatenate(maps, axis=1).astype(np.float32)
