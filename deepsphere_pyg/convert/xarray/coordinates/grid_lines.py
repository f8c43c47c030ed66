"""Rows and columns of a latitude-longitude grid, as a file orders them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.coordinates.angles import ROUNDING, Unit, in_degrees
from samplings import Rectilinear
from samplings.arrays import FloatArray, IntArray
from samplings.schemes.grid_lines import HOLE


@dataclass(frozen=True, eq=False)
class GridLines:
    """Rows from north to south and columns eastwards, with their positions in a file.

    Longitudes increase, possibly beyond 360. The first column of a regional grid is the
    one east of the gap. A meridian that the file repeats, as 0 and 360, is listed once.
    """

    lat: FloatArray  # latitude of each row in degrees, decreasing
    lon: FloatArray  # longitude of each column in degrees
    gaps: FloatArray  # degrees from each meridian to the next, in any order
    rows: IntArray  # position of each row in the file
    columns: IntArray
    shape: tuple[int, int]  # numbers of rows and columns of the file
    first: int  # position of the westernmost column in the file
    repeated: IntArray  # position of the column that repeats it, or empty

    def on_file(self, index: IntArray) -> IntArray:
        """Arrange the vertices of sorted rows and columns as the cells of the file."""
        vertex = np.empty(self.shape, dtype=np.int64)
        vertex[np.ix_(self.rows, self.columns)] = index
        vertex[:, self.repeated] = vertex[:, [self.first]]
        return vertex

    def rectilinear(self) -> tuple[Rectilinear, IntArray]:
        """Return the grid without regard to schemes, and the vertex of each cell."""
        # Rows within the rounding of a pole are one vertex at the pole.
        polar = np.abs(self.lat) > 90 - ROUNDING
        lat = np.where(polar, np.copysign(90.0, self.lat), self.lat)
        sampling = Rectilinear(lat, self.lon)
        return sampling, self.on_file(sampling.grid_index)


def grid_lines(
    lat: npt.ArrayLike, lon: npt.ArrayLike, unit: Unit | None = None
) -> GridLines:
    """Sort the rows and columns of a grid.

    Latitudes may be in either direction, evenly spaced or not, with or without the
    poles. Longitudes may start at any meridian, count from -180 or 0, and repeat the
    first meridian at the end. Coordinates that are not finite, repeat, are out of range
    or look like radians raise ``ValueError``.

    Examples
    --------
    >>> lines = grid_lines([-60, 0, 60], [0, 90, 180, 270, 360])
    >>> lines.lat, lines.lon, lines.repeated
    (array([ 60.,   0., -60.]), array([  0.,  90., 180., 270.]), array([4]))
    """
    north, east = in_degrees(_checked("lat", lat), _checked("lon", lon), unit)
    span = np.ptp(east)
    if span > 360 + ROUNDING:
        raise ValueError(
            "longitudes must be degrees that go around the globe at most once, got "
            f"{east.min():g} to {east.max():g}; cut the overlapping columns"
        )
    rows = np.argsort(-north)
    # In float32, 360 may be 359.99999, which is meridian zero too.
    turned = np.mod(east, 360.0)
    turned[turned > 360 - ROUNDING] = 0.0
    columns = np.argsort(turned, kind="stable")
    if span >= 360 - ROUNDING:
        columns = columns[columns != int(east.argmax())]
    meridians = turned[columns]
    _refuse_repeats("latitudes", north[rows[::-1]])
    _refuse_repeats("longitudes", meridians)
    gaps = np.diff(meridians, append=meridians[0] + 360)
    others, widest = np.sort(gaps)[-2:]
    start = 0
    if widest > HOLE * others * (1 + 1e-6):
        start = int(gaps.argmax()) + 1
    columns, meridians = np.roll(columns, -start), np.roll(meridians, -start)
    return GridLines(
        lat=north[rows],
        lon=meridians + 360 * (meridians < meridians[0]),
        gaps=gaps,
        rows=rows,
        columns=columns,
        shape=(len(north), len(east)),
        first=int(east.argmin()),
        repeated=np.setdiff1d(np.arange(len(east)), columns),
    )


def _checked(name: str, values: npt.ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or len(array) < 2:
        raise ValueError(
            f"{name} must list at least two coordinates, got shape {array.shape}"
        )
    if not np.isfinite(array).all():
        bad = int(np.flatnonzero(~np.isfinite(array))[0])
        raise ValueError(
            f"{name} must be finite, got {array[bad]} at position {bad}; "
            "drop the rows or columns whose coordinate is missing"
        )
    return array


def _refuse_repeats(what: str, ascending: FloatArray) -> None:
    steps = np.diff(ascending)
    if len(steps) == 0 or steps.min() < 1e-9:
        bad = ascending[int(steps.argmin())] if len(steps) else ascending[0]
        raise ValueError(
            f"{what} must be distinct, but {bad:g} repeats; keep one row or column each"
        )
