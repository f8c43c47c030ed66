"""Triangle meshes."""

from deepsphere_pyg.convert.meshes.mesh import Mesh

__all__ = ["Mesh"]
