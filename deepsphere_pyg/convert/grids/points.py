"""Samplings of curvilinear and unstructured grids."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from deepsphere_pyg.convert.grids.cells import (
    curvilinear_areas,
    polygon_areas,
    scattered_areas,
    unit_vectors,
)
from deepsphere_pyg.convert.grids.schemes import NODE, precision
from deepsphere_pyg.convert.latlon_grid import ROUNDING
from samplings import GaussLegendre, Irregular, ReducedGaussian, Sampling
from samplings.base import FloatArray, IntArray
from samplings.quadrature import gauss_legendre

Duplicates = Literal["merge", "refuse"]
# A grid of which each ring has fewer places than this is no reduced Gaussian grid.
MEAN_RING = 3


def gaussian_rings(
    lat: FloatArray, lon: FloatArray
) -> tuple[Sampling, IntArray] | None:
    """Gaussian grid that a list of places is, and the vertex of each; None if not.

    Parameters
    ----------
    lat, lon
        Degrees, shape ``(V,)``, in any order.
    """
    order = np.argsort(-lat, kind="stable")
    south = -np.diff(lat[order])
    # Within a ring latitudes differ by their rounding only.
    starts = south > max(ROUNDING, NODE * float(south.max(initial=0)))
    ring = np.concatenate([[0], np.cumsum(starts)])
    n_phi = np.bincount(ring)
    n_rings = len(n_phi)
    if n_rings < 2 or n_rings * MEAN_RING > len(lat):
        return None
    first = np.cumsum(n_phi) - n_phi
    node = 90 - np.rad2deg(gauss_legendre(n_rings).theta)
    slack = min(precision(lat[order][first]), NODE * 180 / n_rings)
    if np.abs(node[ring] - lat[order]).max() > max(ROUNDING, slack):
        return None
    step = 360 / n_phi[ring]
    place = np.mod(lon[order], 360) / step
    column = np.round(place).astype(np.int64)
    if (np.abs(place - column) * step > np.minimum(precision(lon), NODE * step)).any():
        return None
    column %= n_phi[ring]
    vertex = np.empty(len(lat), dtype=np.int64)
    vertex[order] = first[ring] + column
    if len(np.unique(vertex)) < len(vertex):
        return None
    if (n_phi == n_phi[0]).all():
        return GaussLegendre(n_rings, int(n_phi[0])), vertex
    return ReducedGaussian(n_phi), vertex


def scattered_sampling(
    lat: FloatArray,
    lon: FloatArray,
    known: npt.NDArray[np.bool_],
    areas: FloatArray | None,
    corners: FloatArray | None,
    duplicates: Duplicates,
    same: float,
) -> tuple[Irregular, IntArray]:
    """Irregular sampling of cells, and the vertex of each, -1 where there is none.

    Parameters
    ----------
    lat, lon
        Degrees, shape of the grid, of one or two dimensions.
    known
        True where a cell has coordinates, same shape.
    areas
        Areas in steradian, same shape; by default those of the polygons between the
        ``corners``, or estimated from the places.
    corners
        Corners of each cell, unit vectors ``(*shape, n, 3)``.
    duplicates
        ``"merge"`` cells at the same place into one vertex, with their mean area, or
        ``"refuse"`` them.
    same
        Distance in radian up to which places are the same.

    Raises
    ------
    ValueError
        If cells are at the same place and may not, or areas cannot be told.
    """
    xyz = unit_vectors(lat, lon)
    place, n = same_places(xyz[known], same)
    cells = np.flatnonzero(known)
    if n < len(place):
        first = np.unique(place, return_index=True)[1]
        if duplicates == "refuse":
            _refuse_same(place, first, cells, known.shape)
    else:
        first = np.arange(n)
    points = xyz[known][first]
    if areas is None and corners is not None:
        areas = np.zeros(known.shape)
        areas[known] = polygon_areas(xyz[known], corners[known])
    if areas is None and known.ndim == 2:
        areas = curvilinear_areas(xyz, known)
    if areas is None:
        weights = scattered_areas(points)
    else:
        weights = np.bincount(place, areas[known]) / np.bincount(place)
    if not (weights > 0).all():
        bad = np.unravel_index(cells[first[int(weights.argmin())]], known.shape)
        raise ValueError(
            f"the cell at position {', '.join(map(str, bad))} has the area "
            f"{weights.min():g}: it has no neighbours to tell it from; pass areas="
        )
    vertex = np.full(known.size, -1, dtype=np.int64)
    vertex[cells] = place
    return Irregular.from_xyz(points, weights), vertex.reshape(known.shape)


def same_places(xyz: FloatArray, same: float) -> tuple[IntArray, int]:
    """Number of the place of each point, by first appearance, and how many there are.

    Points at the same place are linked by a chain of distances of at most ``same``.
    """
    # The places of a pole are as many as columns: only one of equal points in the tree.
    order = np.lexsort(xyz.T)
    new = np.any(np.diff(xyz[order], axis=0, prepend=np.nan) != 0, axis=1)
    exact = xyz[order][new]
    where = np.empty(len(xyz), dtype=np.int64)
    where[order] = np.cumsum(new) - 1
    pairs = cKDTree(exact).query_pairs(same, output_type="ndarray")
    n = len(exact)
    links = sp.coo_array(
        (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n)
    )
    label = connected_components(links, directed=False)[1][where]
    first = np.unique(label, return_index=True)[1]
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[label], len(first)


def _refuse_same(
    place: IntArray, first: IntArray, cells: IntArray, shape: tuple[int, ...]
) -> None:
    again = int(np.setdiff1d(np.arange(len(place)), first)[0])
    one, other = (
        ", ".join(map(str, np.unravel_index(cells[i], shape)))
        for i in (first[place[again]], again)
    )
    raise ValueError(
        f"cells must be at distinct places, but those at positions {one} and {other} "
        f"coincide ({len(place) - len(first)} repeat another); drop the repeated ones, "
        "or pass duplicates='merge' for their mean"
    )
