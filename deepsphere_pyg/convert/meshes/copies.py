"""Maps of one mesh at several shifts and rotations."""

from __future__ import annotations

from dataclasses import dataclass

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
from deepsphere_pyg.convert.meshes.rays import surface_maps
from samplings.arrays import FloatArray


@dataclass(frozen=True)
class CentredSurfaces:
    """A clean mesh about its centre and, if wanted, its hull, which is found once.

    Attributes
    ----------
    mesh
        Its farthest vertex is at 1 from the origin.
    hull
        Its convex hull at the same place, or None.
    """

    mesh: Mesh
    hull: Mesh | None

    @classmethod
    def of(cls, mesh: Mesh, hull: bool) -> CentredSurfaces:
        """Clean and centre a mesh; errors are those of :func:`clean_mesh`."""
        clean = clean_mesh(mesh)
        centred = Mesh(centred_vertices(clean), clean.faces)
        return cls(centred, convex_hull(centred) if hull else None)

    def maps(
        self, xyz: FloatArray, miss: float, shift: FloatArray, matrix: FloatArray
    ) -> npt.NDArray[np.float32]:
        """Return the maps of a copy that is shifted, rotated and scaled, ``(V, C)``.

        They are those of :func:`mesh_maps` of the clean and normalized mesh.
        """
        placed = place(self.mesh.vertices, shift, matrix)
        scale = RADIUS / farthest(placed)
        maps = [surface_maps(Mesh(placed * scale, self.mesh.faces), xyz, miss)]
        if self.hull is not None:
            around = place(self.hull.vertices, shift, matrix) * scale
            maps.append(surface_maps(Mesh(around, self.hull.faces), xyz, miss))
        return np.concatenate(maps, axis=1).astype(np.float32)
