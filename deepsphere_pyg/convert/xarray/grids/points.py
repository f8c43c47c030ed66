"""Samplings of curvilinear and unstructured grids."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from deepsphere_pyg.convert.xarray.coordinates.angles import ROUNDING
from deepsphere_pyg.convert.xarray.grids.curvilinear.cells import Cells
from deepsphere_pyg.convert.xarray.grids.schemes import NODE, precision
from samplings import GaussLegendre, Irregular, ReducedGaussian, Sampling
from samplings.arrays import FloatArray, IntArray
from samplings.schemes.quadrature import gauss_legendre
from samplings.tessellation.voronoi import point_areas

Duplicates = Literal["merge", "refuse"]
# Areas may add up to this much: the sphere, and the error of estimates.
WHOLE = 4 * np.pi * 1.01
# Fewer places a ring, in the mean, are not a reduced Gaussian grid.
MEAN_RING = 3


def gaussian_rings(
    lat: FloatArray, lon: FloatArray
) -> tuple[Sampling, IntArray] | None:
    """Return the Gaussian grid that some places form, and their vertices, or None.

    Parameters
    ----------
    lat, lon
        Degrees, shape ``(V,)``, in any order.
    """
    order = np.argsort(-lat, kind="stable")
    south = -np.diff(lat[order])
    # Within a ring, latitudes differ only by their rounding.
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
    cells: Cells, weights: FloatArray | None, duplicates: Duplicates
) -> tuple[Irregular, IntArray]:
    """Return an irregular sampling of cells, and their vertices (-1 without a place).

    Parameters
    ----------
    cells
        Their places.
    weights
        Areas in steradian, shape of the cells; by default they are estimated.
    duplicates
        ``"merge"`` cells at the same place into one vertex, or ``"refuse"`` them. The
        vertex has their mean area, or the sum if they are parts of one cell, as in rows
        that repeat.

    Raises
    ------
    ValueError
        If cells at the same place are refused, or areas cannot be estimated.
    """
    known = cells.known
    places, n = same_places(cells.xyz[known], cells.same)
    index = np.flatnonzero(known)
    first = np.unique(places, return_index=True)[1]
    if n < len(places) and duplicates == "refuse":
        _refuse_same(places, first, index, known.shape)
    points = cells.xyz[known][first]
    areas: FloatArray
    if weights is not None:
        areas = np.bincount(places, weights[known]) / np.bincount(places)
    elif known.ndim > 1:
        pieces = cells.pieces[known]
        pairs: IntArray = np.unique(np.stack([places, pieces], axis=1), axis=0)
        total = np.bincount(places, cells.estimated_areas()[known])
        areas = total / np.bincount(pairs[:, 0])
    else:
        areas = point_areas(points, remedy="pass areas=, the area of each in steradian")
    if not (areas > 0).all():
        bad = np.unravel_index(index[first[int(areas.argmin())]], known.shape)
        raise ValueError(
            f"the cell at position {', '.join(map(str, bad))} has the area "
            f"{areas.min():g}: it has no neighbours to estimate it from; pass areas="
        )
    if areas.sum() > WHOLE:
        raise ValueError(
            f"the estimated areas of the cells add up to {areas.sum() / WHOLE:.3g} "
            "spheres: neighbours in the array are not neighbours on the globe; pass "
            "areas=, or give the coordinates bounds"
        )
    vertex = np.full(known.size, -1, dtype=np.int64)
    vertex[index] = places
    return Irregular(points, areas), vertex.reshape(known.shape)


def same_places(xyz: FloatArray, same: float) -> tuple[IntArray, int]:
    """Number the places of points by first appearance; return also their count.

    Points at the same place are linked by a chain of distances of at most ``same``.
    """
    # A pole appears once a column: of equal points, only one goes into the tree.
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
