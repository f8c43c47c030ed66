"""Meshes of models and tools, by their conventions."""

from deepsphere_pyg.convert.meshes.conventions import find_mesh as find_mesh
