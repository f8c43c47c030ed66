"""Discs that limit the cells of samplings of a part of the sphere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samplings.arrays import FloatArray
from samplings.tessellation.cells import Cells
from samplings.tessellation.spherical_triangles import sector_areas

# A cell with less than this share of its polygon's area is limited. Areas between
# parallels and meridians, or great circles halfway, differ by less.
LIMITED = 0.9
# Halvings of the interval of radii, down to pi / 2^60.
HALVINGS = 60


@dataclass(frozen=True)
class Discs:
    """Discs about centres ``(V, 3)``, radii in radian ``(V,)``, pi without limit."""

    centre: FloatArray
    radius: FloatArray


def limiting_discs(cells: Cells, xyz: FloatArray, weights: FloatArray) -> Discs:
    """Return the discs within which cells have the areas of their vertices.

    The outer Voronoi cells of points in a part of the sphere reach around the globe.
    Each of the ``cells`` about ``xyz`` ``(V, 3)`` whose area in ``weights`` ``(V,)`` is
    less than nine tenths of its polygon's is limited to the disc about its point within
    which it has this area.

    Examples
    --------
    >>> octahedron = np.concatenate([np.eye(3), -np.eye(3)])
    >>> from samplings.tessellation.cells import voronoi_cells
    >>> cap = 2 * np.pi * (1 - np.cos(0.3))
    >>> discs = limiting_discs(voronoi_cells(octahedron), octahedron, np.full(6, cap))
    >>> discs.radius.round(9)
    array([0.3, 0.3, 0.3, 0.3, 0.3, 0.3])
    """
    radius = np.full(len(cells), np.pi)
    limited = np.flatnonzero(weights < LIMITED * cells.areas)
    if len(limited):
        part = cells[limited]
        cell = np.repeat(np.arange(len(part)), np.diff(part.indptr))
        apex = xyz[limited][cell]
        start, end = part.corners[part.indices], part.corners[part.following]
        low, high = np.zeros(len(part)), np.full(len(part), np.pi)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            fan = sector_areas(apex, start, end, middle[cell])
            enough = np.bincount(cell, fan, minlength=len(part)) >= weights[limited]
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        radius[limited] = high
    return Discs(xyz, radius)
