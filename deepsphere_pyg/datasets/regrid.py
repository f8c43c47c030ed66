"""From a grid of latitudes and longitudes to the vertices of any sampling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from deepsphere_pyg.convert.latlon_grid import LatLonGrid
from deepsphere_pyg.datasets.base import without_masks
from samplings import Sampling
from samplings.base import FloatArray, IntArray, freeze

# A vertex on the last ring is off it by the round-off of its colatitude.
ON_RING = 1e-9


@dataclass(frozen=True, eq=False)
class Regridder:
    r"""Bilinear interpolation of fields, and nearest cells for labels.

    Between rings :math:`i, i+1` and meridians :math:`j, j+1`,

    .. math:: f = (1-a)(1-b) f_{ij} + (1-a) b f_{i,j+1} + a (1-b) f_{i+1,j}
        + a b f_{i+1,j+1},

    with the shares *a* of the way in latitude and *b* in longitude, which is periodic.
    Beyond the last ring, if the pole is at most one spacing away, the value at the pole
    is the mean of that ring. Vertices farther out, or in a hole of a regional grid, are
    missing. This samples at points: details finer than the spacing of the vertices
    alias; they are not averaged.

    Parameters
    ----------
    grid
        Where the maps are given.
    sampling
        Where they are wanted.

    Raises
    ------
    TypeError
        If ``sampling`` is not a sampling.

    Notes
    -----
    Components of vectors (winds) are interpolated as scalars, which is good to second
    order away from the poles.

    Examples
    --------
    >>> from samplings import HEALPix
    >>> grid = LatLonGrid([-90, -30, 30, 90], [0, 120, 240])
    >>> lat = np.repeat(grid.lat[:, None], 3, axis=1)
    >>> regridder = Regridder(grid, HEALPix(2))
    >>> bool(np.allclose(regridder.fields(lat), HEALPix(2).lat))
    True
    """

    grid: LatLonGrid
    sampling: Sampling

    def __post_init__(self) -> None:
        if not isinstance(self.sampling, Sampling):
            raise TypeError(
                f"sampling must be a Sampling, got {type(self.sampling).__name__}; "
                "make one with samplings.HEALPix(32), for example"
            )

    @cached_property
    def matrix(self) -> sp.csr_array:
        """Weights ``(V, n_lat * n_lon)``; rows sum to one, or to zero outside."""
        grid, n_columns = self.grid, self.grid.shape[1]
        lower, upper, up, beyond = _rings(grid, self.sampling.lat)
        west, east, along, inside = _meridians(grid, self.sampling.lon)
        inside &= np.isfinite(beyond)
        beyond = np.where(inside, beyond, 0.0)
        keep = np.where(inside, 1 - np.abs(beyond), 0.0)
        vertex = np.arange(len(self.sampling))
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
            shape=(len(self.sampling), grid.shape[0] * n_columns),
        )
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        return freeze(matrix)

    @cached_property
    def cells(self) -> IntArray:
        """Cell ``row * n_lon + column`` that holds each vertex, -1 outside.

        Vertices on a border belong to the cell south or west of it.
        """
        grid = self.grid
        lower, upper, up, beyond = _rings(grid, self.sampling.lat)
        west, east, along, inside = _meridians(grid, self.sampling.lon)
        ring = np.where(up > 0.5 + ON_RING, upper, lower)
        meridian = np.where(along > 0.5 + ON_RING, east, west)
        cell = grid.rows[ring] * grid.shape[1] + grid.columns[meridian]
        return np.where(inside & np.isfinite(beyond), cell, -1)

    @cached_property
    def _compact(self) -> tuple[IntArray, sp.csr_array]:
        """Cells that are used at all, and the matrix without the others."""
        used, position = np.unique(self.matrix.indices, return_inverse=True)
        parts = (self.matrix.data, position, self.matrix.indptr)
        return used.astype(np.int64), sp.csr_array(
            parts, shape=(len(self.sampling), len(used))
        )

    def fields(
        self, values: npt.ArrayLike, fill_value: float | None = None
    ) -> FloatArray:
        """Interpolate maps.

        Parameters
        ----------
        values
            Maps, shape ``(..., n_lat, n_lon)``; what is not finite is missing, and
            what a NumPy masked array hides.
        fill_value
            Another value that stands for missing data.

        Returns
        -------
        ndarray
            Signals, shape ``(..., V)``, float64. Missing cells are left out and the
            other weights scaled up; where more than half of the weight is missing, and
            outside the grid, the result is NaN.

        Raises
        ------
        ValueError
            If the maps do not have the shape of the grid.
        """
        maps = self._checked(values)
        used, matrix = self._compact
        flat = maps.reshape(-1, maps.shape[-2] * maps.shape[-1])
        known = np.ascontiguousarray(flat[:, used].T, dtype=np.float64)
        valid = np.isfinite(known)
        if fill_value is not None:
            valid &= known != fill_value
        covered = (matrix @ np.ones(len(used)) > 0.5)[:, None]
        if valid.all():
            signals = np.where(covered, matrix @ known, np.nan)
        else:
            weight = matrix @ valid.astype(np.float64)
            total = matrix @ np.where(valid, known, 0.0)
            # Half of the weight, up to the round-off of summing four of them.
            enough = covered & (weight >= 0.5 - 1e-12)
            signals = np.full(total.shape, np.nan)
            np.divide(total, weight, out=signals, where=enough)
        return signals.T.reshape((*maps.shape[:-2], len(self.sampling)))

    def labels(
        self, values: npt.ArrayLike
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        """Look up the cell of each vertex.

        Parameters
        ----------
        values
            Maps of codes, shape ``(..., n_lat, n_lon)``.

        Returns
        -------
        labels : ndarray
            Codes, shape ``(..., V)``, of the type given; arbitrary outside the grid,
            NaN where a masked array hides them.
        inside : ndarray
            Whether the vertex is in a cell, shape ``(V,)``.

        Raises
        ------
        ValueError
            If the maps do not have the shape of the grid.
        """
        maps = self._checked(values)
        flat = maps.reshape((*maps.shape[:-2], -1))
        return flat[..., self.cells], self.cells >= 0

    def _checked(self, values: npt.ArrayLike) -> npt.NDArray[Any]:
        maps = without_masks(values)
        if maps.shape[-2:] != self.grid.shape:
            raise ValueError(
                f"maps must have shape (..., n_lat, n_lon) = (..., "
                f"{self.grid.shape[0]}, {self.grid.shape[1]}), got {maps.shape}; "
                "move latitude and longitude to the end"
            )
        return maps


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
