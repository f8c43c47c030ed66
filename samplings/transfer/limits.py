"""Discs that limit the cells of samplings of a part of the sphere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samplings.arrays import FloatArray
from samplings.tessellation.cells import Cells
from samplings.tessellation.spherical_triangles import sector_areas

# A cell whose own area is less than this share of its polygon's has a limit. Between
# parallels and meridians, or great circles half-way, areas differ by less.
LIMITED = 0.9
# Halvings of the interval of radii: down to pi / 2^60.
HALVINGS = 60


@dataclass(frozen=True)
class Discs:
    """A disc about the point of each cell, of pi in radius where there is no limit.

    Parameters
    ----------
    centre
        Unit vectors, shape ``(V, 3)``.
    radius
        Angles in radian, shape ``(V,)``.
    """

    centre: FloatArray
    radius: FloatArray


def limiting_discs(cells: Cells, xyz: FloatArray, weights: FloatArray) -> Discs:
    """Return the discs within which cells have the areas they stand for.

    The outer Voronoi cells of points in a part of the sphere reach round the globe; the
    areas that the points stand for do not. Each cell of less than nine tenths of its
    polygon's area is limited to the disc about its point within which it has its area.

    Parameters
    ----------
    cells
        Polygons, each around its point.
    xyz
        The points, shape ``(V, 3)``.
    weights
        The areas in steradian, shape ``(V,)``.

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
