"""Meshes of models and tools, by their conventions."""

from deepsphere_pyg.convert.xarray.meshes.conventions import find_mesh

__all__ = [
    "find_mesh",
]
