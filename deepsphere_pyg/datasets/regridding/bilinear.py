"""Bilinear weights on grids of latitudes and longitudes, and their nearest cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from deepsphere_pyg.convert.xarray.coordinates.latlon_grid import LatLonGrid
from samplings import Masked, Rectilinear, Sampling
from samplings.arrays import FloatArray, IntArray
from samplings.schemes.regular_grid import RegularGrid

# A vertex on the last ring is off it by the round-off of its colatitude.
ON_RING = 1e-9


def grid_of(sampling: Sampling) -> tuple[LatLonGrid, IntArray] | None:
    """Rows and columns that a sampling is, and the vertex at each; None if it is none.

    Of a part of a grid that is no rectangle, those of the whole, with -1 for a vertex
    where there is none.
    """
    index: IntArray
    if isinstance(sampling, RegularGrid):
        lat = 90 - np.rad2deg(sampling.ring_theta)
        along = int(sampling.ring_n_phi.argmax())
        steps = 2 * np.arange(sampling.n_phi) + sampling.ring_shift[along]
        lon, index = steps * (180 / sampling.n_phi), sampling.grid_index
    elif isinstance(sampling, Rectilinear):
        lat, lon, index = sampling.row_lat, sampling.column_lon, sampling.grid_index
    elif isinstance(sampling, Masked):
        whole = grid_of(sampling.parent)
        if whole is None:
            return None
        position = np.full(len(sampling.parent), -1, dtype=np.int64)
        position[sampling.index] = np.arange(len(sampling))
        index = np.append(position, -1)[whole[1]]
        lat, lon, held = whole[0].lat, whole[0].lon, index >= 0
        # A pole is in each column of its row.
        rows, columns = held.any(axis=1), held[np.abs(lat) < 90].any(axis=0)
        if held[np.ix_(rows, columns)].all():
            index = index[np.ix_(rows, columns)]
            lat, lon = lat[rows], lon[columns]
    else:
        return None
    if min(len(lat), len(lon)) < 2:
        return None
    return LatLonGrid(lat, lon, "degree"), index


def bilinear_weights(grid: LatLonGrid, target: Sampling) -> sp.csr_array:
    r"""Weights ``(V, n_lat * n_lon)``; rows sum to one, or to zero outside.

    Between rings :math:`i, i+1` and meridians :math:`j, j+1`,

    .. math:: f = (1-a)(1-b) f_{ij} + (1-a) b f_{i,j+1} + a (1-b) f_{i+1,j}
        + a b f_{i+1,j+1},

    with the shares *a* of the way in latitude and *b* in longitude, which is periodic.
    Beyond the last ring, if the pole is at most one spacing away, the value at the pole
    is the mean of that ring. Vertices farther out, or in a hole of a regional grid, are
    outside.
    """
    grid, n_columns = grid, grid.shape[1]
    lower, upper, up, beyond = _rings(grid, target.lat)
    west, east, along, inside = _meridians(grid, target.lon)
    inside &= np.isfinite(beyond)
    beyond = np.where(inside, beyond, 0.0)
    keep = np.where(inside, 1 - np.abs(beyond), 0.0)
    vertex = np.arange(len(target))
    rows, columns, weights = [], [], []
    for ring, share in ((lower, 1 - up), (upper, up)):
        for meridian, part in ((west, 1 - along), (east, along)):
            rows.append(vertex)
            columns.append(grid.rows[ring] * n_columns + grid.columns[meridian])
            weights.append(keep * share * part)
    mean = (grid.gaps + np.roll(grid.gaps, 1)) / 720
    for end, sign in ((0, -1), (-1, 1)):
        cap = np.flatnonzero(sign * beyond > 0)
        rows.append(np.repeat(cap, len(mean)))
        ring_cells = grid.rows[end] * n_columns + grid.columns
        columns.append(np.tile(ring_cells, len(cap)))
        weights.append(np.outer(np.abs(beyond[cap]), mean).ravel())
    entries = (np.concatenate(rows), np.concatenate(columns))
    matrix = sp.csr_array(
        (np.concatenate(weights), entries),
        shape=(len(target), grid.shape[0] * n_columns),
    )
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def holding_cells(grid: LatLonGrid, target: Sampling) -> IntArray:
    """Cell ``row * n_lon + column`` that holds each vertex, -1 outside.

    Vertices on a border belong to the cell south or west of it.
    """
    lower, upper, up, beyond = _rings(grid, target.lat)
    west, east, along, inside = _meridians(grid, target.lon)
    ring = np.where(up > 0.5 + ON_RING, upper, lower)
    meridian = np.where(along > 0.5 + ON_RING, east, west)
    cell = grid.rows[ring] * grid.shape[1] + grid.columns[meridian]
    return np.where(inside & np.isfinite(beyond), cell, -1)


def _rings(
    grid: LatLonGrid, lat: FloatArray
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Rings south and north of each vertex, and how far it is between or beyond them.

    The third array is the share of the way from the southern to the northern ring; the
    fourth that from the last ring to the pole (south negative), NaN where no data reach
    so far.
    """
    rings = grid.rings
    lower = np.clip(np.searchsorted(rings, lat, side="right") - 1, 0, len(rings) - 2)
    spacing = rings[lower + 1] - rings[lower]
    up = np.clip((lat - rings[lower]) / spacing, 0, 1)
    beyond = np.zeros(len(lat))
    for end, inner, sign in ((0, 1, -1), (-1, -2, 1)):
        gap = 90 - sign * rings[end]
        outside = sign * (lat - rings[end]) > ON_RING
        spacing_there = abs(rings[end] - rings[inner])
        reached = grid.is_periodic and gap <= spacing_there * (1 + 1e-6)
        share = sign * (lat - rings[end]) / max(gap, ON_RING)
        beyond[outside] = sign * np.minimum(share, 1)[outside] if reached else np.nan
    return lower.astype(np.int64), lower.astype(np.int64) + 1, up, beyond


def _meridians(
    grid: LatLonGrid, lon: FloatArray
) -> tuple[IntArray, IntArray, FloatArray, npt.NDArray[np.bool_]]:
    """Meridians west and east of each vertex, and its share of the way between them.

    The last array says whether there are data between them.
    """
    n = len(grid.meridians)
    west = (np.searchsorted(grid.meridians, lon, side="right") - 1) % n
    along = ((lon - grid.meridians[west]) % 360) / grid.gaps[west]
    edge = np.minimum(along, 1 - along) * grid.gaps[west] < ON_RING
    inside = ~grid.holes[west] | edge
    return west.astype(np.int64), (west + 1) % n, np.clip(along, 0, 1), inside
