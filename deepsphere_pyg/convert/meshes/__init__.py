"""Meshes of triangles in files as maps on the sphere."""

from deepsphere_pyg.convert.meshes.cleaning import clean_mesh
from deepsphere_pyg.convert.meshes.hulls import convex_hull
from deepsphere_pyg.convert.meshes.maps import (
    MESH_CHANNELS,
    background_maps,
    mesh_maps,
)
from deepsphere_pyg.convert.meshes.mesh import Mesh
from deepsphere_pyg.convert.meshes.placement import normalized_mesh
from deepsphere_pyg.convert.meshes.reading import read_mesh

__all__ = [
    "MESH_CHANNELS",
    "Mesh",
    "background_maps",
    "clean_mesh",
    "convex_hull",
    "mesh_maps",
    "normalized_mesh",
    "read_mesh",
]
