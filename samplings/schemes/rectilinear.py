"""Any grid of parallels and meridians, global or regional."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings.arguments import counted
from samplings.arrays import FloatArray, IntArray, read_only
from samplings.base import Sampling
from samplings.coarsening import Coarsening
from samplings.encoding import encode_array
from samplings.points.lonlat import vectors_of_degrees, warn_of_radians
from samplings.rings import band_heights
from samplings.schemes.grid_lines import grid_line, meridians_between, parallels_between
from samplings.tessellation.bands import Bands

# Longitudes that close sum to 360 degrees up to round-off.
ROUND = 360 - 1e-9


class Rectilinear(Sampling):
    r"""Points where given parallels and meridians cross.

    The cell of row i and column j lies between two parallels and two meridians,

    .. math:: a_{ij} = |\sin b_{i+1} - \sin b_i| \, (c_{j+1} - c_j)

    with the bounds :math:`b, c` halfway between rows and between columns by default. A
    row at a pole is a single vertex, whose cell is the whole cap. Vertices are numbered
    row by row; see :attr:`grid_index`.

    Parameters
    ----------
    lat
        Latitudes of the rows in degree, shape ``(n_lat,)``, north to south or south to
        north, evenly spaced or not. Other units of angle are converted, here and below.
    lon
        Longitudes of the columns in degree, shape ``(n_lon,)``, eastwards: they may
        start anywhere and pass 360 (or 180) once.
    lat_bounds
        Bounds of the rows, shape ``(n_lat + 1,)``. By default halfway; the outer ones
        are half a spacing out, or at the pole if the columns go around the globe and
        the pole is at most one spacing away.
    lon_bounds
        Bounds of the columns, shape ``(n_lon + 1,)``. By default halfway around the
        globe, or half a spacing out at the ends if the gap from the last column to the
        first is more than twice as wide as any other.

    Raises
    ------
    ValueError
        If coordinates are not finite, not in order, out of range or repeat (as 0 and
        360 do), if a point is outside its bounds, or if there is only one row or column
        and no bounds.

    Warns
    -----
    RadiansWarning
        If the coordinates look like radians and no bounds are given.

    Examples
    --------
    >>> alps = Rectilinear([49, 47, 44], [4, 8, 12, 16])
    >>> alps
    Rectilinear(n_lat=3, n_lon=4, 42.5 to 50 north, 2 to 18 east) with 12 vertices
    >>> sphere = Rectilinear([90, 30, -30, -90], [0, 120, 240])
    >>> len(sphere), bool(np.isclose(sphere.area, 4 * np.pi))
    (8, True)
    """

    config_type = "rectilinear"
    row_lat: FloatArray
    column_lon: FloatArray
    lat_bounds: FloatArray
    lon_bounds: FloatArray

    def __init__(
        self,
        lat: npt.ArrayLike,
        lon: npt.ArrayLike,
        lat_bounds: npt.ArrayLike | None = None,
        lon_bounds: npt.ArrayLike | None = None,
    ) -> None:
        rows, columns = grid_line("lat", lat), grid_line("lon", lon)
        # Anyone who knows the bounds, such as a configuration, knows their unit.
        if lat_bounds is None or lon_bounds is None:
            warn_of_radians(columns, rows, stacklevel=3)
        if lon_bounds is None:
            lon_bounds = meridians_between(columns)
        meridians = grid_line("lon", lon_bounds, columns)
        closed = bool(meridians[-1] - meridians[0] >= ROUND)
        if lat_bounds is None:
            lat_bounds = parallels_between(rows, closed)
        parallels = grid_line("lat", lat_bounds, rows)
        lines = (rows, columns, parallels, meridians)
        names = ("row_lat", "column_lon", "lat_bounds", "lon_bounds")
        for name, values in zip(names, lines, strict=True):
            object.__setattr__(self, name, read_only(values))
        index = np.unique(self.grid_index, return_index=True)[1]
        row, column = np.divmod(index, len(columns))
        area = np.bincount(self.grid_index.ravel(), self.cell_areas.ravel())
        xyz = vectors_of_degrees(columns[column], rows[row])
        super().__init__(xyz, area.astype(np.float64))

    @property
    def shape(self) -> tuple[int, int]:
        """Shape ``(n_lat, n_lon)`` of a map on this grid."""
        return len(self.row_lat), len(self.column_lon)

    @property
    def is_periodic(self) -> bool:
        """Whether the cells of a row go all the way around."""
        return bool(self.lon_bounds[-1] - self.lon_bounds[0] >= ROUND)

    @cached_property
    def grid_index(self) -> IntArray:
        """Vertex at each row and column, ``(n_lat, n_lon)``: ``signal[grid_index]``."""
        pole = np.abs(self.row_lat) == 90
        count = np.where(pole, 1, len(self.column_lon))
        first = np.cumsum(count) - count
        along = np.where(pole[:, None], 0, np.arange(len(self.column_lon)))
        index = (first[:, None] + along).astype(np.int64)
        index.setflags(write=False)
        return index

    @cached_property
    def cell_areas(self) -> FloatArray:
        """Area between the bounds of each row and column, shape ``(n_lat, n_lon)``."""
        theta = np.deg2rad(90 - self.lat_bounds)
        heights = np.abs(band_heights(theta[:-1], theta[1:]))
        return read_only(heights[:, None] * np.deg2rad(np.diff(self.lon_bounds)))

    @property
    def config(self) -> dict[str, Any]:
        """Coordinates and bounds in degree as compressed base64."""
        return {
            "type": self.config_type,
            "lat": encode_array(self.row_lat),
            "lon": encode_array(self.column_lon),
            "lat_bounds": encode_array(self.lat_bounds),
            "lon_bounds": encode_array(self.lon_bounds),
        }

    @property
    def name(self) -> str:
        """``rectilinear-<n_lat>x<n_lon>``."""
        return f"rectilinear-{self.shape[0]}x{self.shape[1]}"

    def __repr__(self) -> str:
        south, north = sorted(self.lat_bounds[[0, -1]])
        extent = f"{south:g} to {north:g} north"
        if not self.is_periodic:
            extent += f", {self.lon_bounds[0]:g} to {self.lon_bounds[-1]:g} east"
        return (
            f"Rectilinear(n_lat={self.shape[0]}, n_lon={self.shape[1]}, {extent}) "
            f"with {counted(len(self), 'vertex', 'vertices')}"
        )

    def bands(self) -> Bands:
        """Return the bounds of rows and columns, and empty rings beyond."""
        rows = np.argsort(self.row_lat)
        z = np.sin(np.deg2rad(np.sort(self.lat_bounds)))
        borders = np.deg2rad(self.lon_bounds)
        turn = borders[0] + 2 * np.pi
        if self.is_periodic:
            borders[-1] = turn
        else:
            borders = np.append(borders, turn)
        start = self.grid_index[rows, 0]
        merged = np.abs(self.row_lat[rows]) == 90
        held = np.full(len(rows), len(self.column_lon))
        south, north = int(z[0] > -1), int(z[-1] < 1)
        z = np.concatenate([[-1.0] * south, z, [1.0] * north])
        start, merged, held = (np.pad(a, (south, north)) for a in (start, merged, held))
        n = np.full(len(start), len(borders) - 1)
        west = np.full(len(start), borders[0])
        return Bands(z, n, west, start, borders, held, merged)

    def coarsen(self) -> Coarsening:
        """Merge blocks of two rows by two columns.

        If the number of rows or columns is odd, three in the middle are merged. A pole
        merges with the whole ring next to it, whose cells are far narrower than others,
        and stays a pole.

        Raises
        ------
        ValueError
            If nothing is left to merge.
        """
        groups = (_row_groups(self.row_lat), _pairs(len(self.column_lon)))
        all_bounds = zip((self.lat_bounds, self.lon_bounds), groups, strict=True)
        parallels, meridians = (
            np.append(bounds[np.flatnonzero(np.diff(group, prepend=-1))], bounds[-1])
            for bounds, group in all_bounds
        )
        lat = (parallels[1:] + parallels[:-1]) / 2
        for end in (0, -1):
            if abs(self.row_lat[end]) == 90:
                lat[end] = self.row_lat[end]
        lon = (meridians[1:] + meridians[:-1]) / 2
        coarse = Rectilinear(lat, lon, parallels, meridians)
        if len(coarse) >= len(self):
            raise ValueError(
                f"{self!r} has no rows or columns left to merge; start from more"
            )
        parent = np.empty(len(self), dtype=np.int64)
        parent[self.grid_index] = coarse.grid_index[groups[0][:, None], groups[1]]
        entries = (np.ones(len(self)), (parent, np.arange(len(self))))
        share = sp.csr_array(entries, shape=(len(coarse), len(self)))
        return Coarsening(self, coarse, share)


def _pairs(n: int) -> IntArray:
    """Number the pairs of ``n`` in a row, ``(n,)``; if n is odd, one has three."""
    group = np.arange(n) // 2
    if n % 2:
        middle = n // 4
        group[2 * middle + 2 :] = (np.arange(2 * middle + 2, n) - 1) // 2
    return group


def _row_groups(lat: FloatArray) -> IntArray:
    """Number the groups of rows: pairs, and each pole with the ring next to it."""
    first, last = np.abs(lat[[0, -1]]) == 90
    n = len(lat)
    head = min(2, n) if first else 0
    tail = min(2, n - head) if last else 0
    group = np.zeros(n, dtype=np.int64)
    group[head : n - tail] = _pairs(n - tail - head) + int(first)
    group[n - tail :] = group[n - tail - 1] + 1 if tail < n else 0
    return group
