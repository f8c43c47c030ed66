"""Delaunay triangles and cells of points on the sphere."""

from samplings.tessellation.cells import Cells
from samplings.tessellation.hull import delaunay_faces

__all__ = ["Cells", "delaunay_faces"]
