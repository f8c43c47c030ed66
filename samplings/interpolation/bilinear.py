"""Bilinear weights and nearest cells on grids of latitudes and longitudes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arrays import FloatArray, IntArray
from samplings.base import Masked, Sampling
from samplings.interpolation.linear import weight_matrix
from samplings.schemes.grid_lines import HOLE
from samplings.schemes.rectilinear import Rectilinear
from samplings.schemes.regular_grid import RegularGrid

# A vertex on the last ring is off it by the round-off of its colatitude, in degrees.
ON_RING = 1e-9


@dataclass(frozen=True, eq=False)
class LatLonVertices:
    """Vertices of a sampling at the crossings of parallels and meridians.

    Latitudes of the rings, in degrees from south to north, have the shape ``(n_lat,)``;
    longitudes of the meridians, increasing in [0, 360), ``(n_lon,)``; and the vertices,
    -1 at crossings without one, ``(n_lat, n_lon)``.
    """

    lat: FloatArray
    lon: FloatArray
    index: IntArray

    @cached_property
    def gaps(self) -> FloatArray:
        """Degrees from each meridian to the next one eastwards, shape ``(n_lon,)``."""
        return np.diff(self.lon, append=self.lon[0] + 360)

    @cached_property
    def holes(self) -> npt.NDArray[np.bool_]:
        """True where there are no data from a meridian to the next one eastwards."""
        others, widest = np.sort(self.gaps)[-2:]
        open_end = widest > HOLE * others * (1 + 1e-6)
        return np.asarray((self.gaps == widest) & open_end)


def latlon_vertices(sampling: Sampling) -> LatLonVertices | None:
    """Return the vertices of a sampling on parallels and meridians, or None.

    A part of a grid that is not a rectangle keeps the lines of the whole.
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
        whole = latlon_vertices(sampling.parent)
        if whole is None:
            return None
        position = np.full(len(sampling.parent) + 1, -1, dtype=np.int64)
        position[sampling.index] = np.arange(len(sampling))
        index = position[whole.index]
        lat, lon, held = whole.lat, whole.lon, index >= 0
        # A pole is in each column of its row.
        rows, columns = held.any(axis=1), held[np.abs(lat) < 90].any(axis=0)
        if held[np.ix_(rows, columns)].all():
            index = index[np.ix_(rows, columns)]
            lat, lon = lat[rows], lon[columns]
    else:
        return None
    if min(len(lat), len(lon)) < 2:
        return None
    lon = np.mod(lon, 360)
    north, east = np.argsort(lat), np.argsort(lon)
    return LatLonVertices(lat[north], lon[east], index[np.ix_(north, east)])


def bilinear_weights(
    grid: LatLonVertices, target: Sampling, n_source: int
) -> sp.csr_array:
    r"""Return bilinear weights ``(V, n_source)``; rows sum to one, or to zero outside.

    Between rings :math:`i, i+1` and meridians :math:`j, j+1`,

    .. math:: f = (1-a)(1-b) f_{ij} + (1-a) b f_{i,j+1} + a (1-b) f_{i+1,j}
        + a b f_{i+1,j+1},

    with the relative distances *a* in latitude and *b* in longitude, which is periodic.
    Beyond the last ring, if the pole is at most one spacing away, the value at the pole
    is the mean of that ring. Vertices farther out, or in a hole of a regional grid, are
    outside. Crossings without a vertex have no weight.
    """
    lower, up, beyond = _rings(grid, target.lat)
    west, east, along, inside = _meridians(grid, target.lon)
    inside &= np.isfinite(beyond)
    beyond = np.where(inside, beyond, 0.0)
    keep = np.where(inside, 1 - np.abs(beyond), 0.0)
    vertex = np.arange(len(target))
    rows: list[IntArray] = []
    columns: list[IntArray] = []
    weights: list[FloatArray] = []
    for ring, share in ((lower, 1 - up), (lower + 1, up)):
        for meridian, part in ((west, 1 - along), (east, along)):
            rows.append(vertex)
            columns.append(grid.index[ring, meridian])
            weights.append(keep * share * part)
    mean = (grid.gaps + np.roll(grid.gaps, 1)) / 720
    for end, sign in ((0, -1), (-1, 1)):
        cap = np.flatnonzero(sign * beyond > 0)
        rows.append(np.repeat(cap, len(mean)))
        columns.append(np.tile(grid.index[end], len(cap)))
        weights.append(np.outer(np.abs(beyond[cap]), mean).ravel())
    row, column = np.concatenate(rows), np.concatenate(columns)
    return weight_matrix(row, column, np.concatenate(weights), (len(target), n_source))


def holding_vertices(grid: LatLonVertices, target: Sampling) -> IntArray:
    """Return the vertex whose cell contains each vertex of the target, -1 outside.

    Vertices on a border belong to the cell south or west of it.
    """
    lower, up, beyond = _rings(grid, target.lat)
    west, east, along, inside = _meridians(grid, target.lon)
    ring = lower + (up > 0.5 + ON_RING)
    meridian = np.where(along > 0.5 + ON_RING, east, west)
    return np.where(inside & np.isfinite(beyond), grid.index[ring, meridian], -1)


def _rings(
    grid: LatLonVertices, lat: FloatArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the ring south of each vertex, and relative distances from rings.

    The first distance is that to the ring south of the vertex, as a share of the
    spacing; the second is that beyond the last ring, as a share of its distance to the
    pole: negative in the south, zero inside, NaN where no data reach.
    """
    rings = grid.lat
    lower = np.clip(np.searchsorted(rings, lat, side="right") - 1, 0, len(rings) - 2)
    spacing = rings[lower + 1] - rings[lower]
    up = np.clip((lat - rings[lower]) / spacing, 0, 1)
    beyond = np.zeros(len(lat))
    for end, inner, sign in ((0, 1, -1), (-1, -2, 1)):
        gap = 90 - sign * rings[end]
        outside = sign * (lat - rings[end]) > ON_RING
        step = abs(rings[end] - rings[inner])
        reached = not grid.holes.any() and gap <= step * (1 + 1e-6)
        share = sign * (lat - rings[end]) / max(gap, ON_RING)
        beyond[outside] = sign * np.minimum(share, 1)[outside] if reached else np.nan
    return lower.astype(np.int64), up, beyond


def _meridians(
    grid: LatLonVertices, lon: FloatArray
) -> tuple[IntArray, IntArray, FloatArray, npt.NDArray[np.bool_]]:
    """Return the meridians west and east of each vertex, and its place between them.

    The place is the share of the way eastwards; the last array is True where there are
    data between the meridians.
    """
    n = len(grid.lon)
    west = (np.searchsorted(grid.lon, lon, side="right") - 1) % n
    along = ((lon - grid.lon[west]) % 360) / grid.gaps[west]
    edge = np.minimum(along, 1 - along) * grid.gaps[west] < ON_RING
    inside = ~grid.holes[west] | edge
    return west.astype(np.int64), (west + 1) % n, np.clip(along, 0, 1), inside
