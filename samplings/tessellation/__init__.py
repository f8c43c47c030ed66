"""Delaunay triangles, cells, and areas that cells have in common."""
