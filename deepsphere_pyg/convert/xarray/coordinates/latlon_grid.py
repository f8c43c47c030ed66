"""Regular grids of latitude and longitude, as data files hold them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from samplings.arrays import FloatArray, IntArray, read_only
from samplings.rings import band_heights
from samplings.schemes.grid_lines import HOLE, meridians_between, parallels_between

# Coordinates went through float32: degrees are off by up to 2e-5.
ROUNDING = 1e-4


@dataclass(frozen=True, eq=False)
class LatLonGrid:
    """Latitudes and longitudes of the rows and columns of a map.

    Latitudes may go up or down, be unevenly spaced (Gaussian) and hold the poles or
    not. Longitudes may start anywhere, count from -180 or from 0, and repeat the first
    meridian at the end. A grid may cover a part of the globe.

    Parameters
    ----------
    lat
        Latitude of each row, shape ``(n_lat,)``.
    lon
        Longitude of each column, shape ``(n_lon,)``.
    unit
        ``"degree"`` or ``"radian"``. By default degrees, except that coordinates which
        cover the globe only if read as radians are refused.

    Raises
    ------
    ValueError
        If coordinates are not one-dimensional and finite, repeat, are out of range, or
        look like radians.

    Examples
    --------
    >>> grid = LatLonGrid([-60, 0, 60], [0, 90, 180, 270, 360])
    >>> grid.shape, grid.is_periodic, grid.meridians
    ((3, 5), True, array([  0.,  90., 180., 270.]))
    """

    lat: FloatArray
    lon: FloatArray
    unit: Literal["degree", "radian"] | None = None

    def __post_init__(self) -> None:
        lat, lon = _coordinate("lat", self.lat), _coordinate("lon", self.lon)
        lat, lon = in_degrees(lat, lon, self.unit)
        if np.ptp(lon) > 360 + ROUNDING:
            raise ValueError(
                "longitudes must be degrees that go round the globe at most once, got "
                f"{lon.min():g} to {lon.max():g}; cut the overlapping columns"
            )
        object.__setattr__(self, "lat", read_only(lat))
        object.__setattr__(self, "lon", read_only(lon))
        _refuse_repeats("latitudes", self.rings)
        _refuse_repeats("longitudes", self.meridians)

    @property
    def shape(self) -> tuple[int, int]:
        """Shape ``(n_lat, n_lon)`` of a map on this grid."""
        return len(self.lat), len(self.lon)

    @cached_property
    def rows(self) -> IntArray:
        """Rows from south to north, shape ``(n_lat,)``."""
        return np.argsort(self.lat).astype(np.int64)

    @cached_property
    def rings(self) -> FloatArray:
        """Latitudes in degree from south to north, shape ``(n_lat,)``."""
        return self.lat[self.rows]

    @cached_property
    def columns(self) -> IntArray:
        """Columns by longitude from 0 to 360, without a repeated meridian."""
        # float32 makes 359.99999 of 360: it is meridian zero too.
        east = np.where(self._east > 360 - ROUNDING, 0.0, self._east)
        order = np.argsort(east, kind="stable").astype(np.int64)
        if np.ptp(self.lon) >= 360 - ROUNDING:
            order = order[order != int(self.lon.argmax())]
        return order

    @cached_property
    def meridians(self) -> FloatArray:
        """Longitudes in degree, in [0, 360), of the :attr:`columns`."""
        east = self._east[self.columns]
        return np.where(east > 360 - ROUNDING, 0.0, east)

    @cached_property
    def gaps(self) -> FloatArray:
        """Degrees from each of the :attr:`meridians` to the next one eastwards."""
        return np.diff(self.meridians, append=self.meridians[0] + 360)

    @cached_property
    def holes(self) -> npt.NDArray[np.bool_]:
        """True where no data lie between a meridian and the next one eastwards."""
        widest = np.sort(self.gaps)[-2:]
        open_end = widest[1] > HOLE * widest[0] * (1 + 1e-6)
        return np.asarray((self.gaps == widest[1]) & open_end)

    @cached_property
    def eastward(self) -> IntArray:
        """The :attr:`columns` eastwards from the first one after a hole."""
        first = int(self.holes.argmax()) + 1 if self.holes.any() else 0
        return np.roll(self.columns, -first)

    @property
    def eastward_lon(self) -> FloatArray:
        """Longitudes in degree of the :attr:`eastward` columns, increasing."""
        first = int(self.holes.argmax()) + 1 if self.holes.any() else 0
        lon = np.roll(self.meridians, -first)
        return np.asarray(lon + 360 * (lon < lon[0]))

    @property
    def is_periodic(self) -> bool:
        """Whether the rows go all the way round."""
        return not self.holes.any()

    @cached_property
    def cell_areas(self) -> FloatArray:
        r"""Area of each cell in steradian, shape ``(n_lat, n_lon)``.

        Cells are bounded half-way between rows and between columns; the outer rows
        reach half a spacing out, to the pole at most, and to the pole if the rows go
        round the globe and no further row would fit. A repeated meridian has none.
        """
        bounds = parallels_between(self.rings, self.is_periodic)
        theta = np.deg2rad(90 - bounds)
        heights = band_heights(theta[1:], theta[:-1])
        widths = np.diff(meridians_between(self.eastward_lon))
        areas = np.zeros(self.shape)
        places = np.ix_(self.rows, self.eastward)
        areas[places] = heights[:, None] * np.deg2rad(widths)
        return areas

    def matches(self, other: LatLonGrid) -> bool:
        """Whether two grids have the same rows and columns, up to float32 rounding."""
        return self.shape == other.shape and bool(
            np.allclose(self.lat, other.lat, rtol=0, atol=ROUNDING)
            and np.allclose(self.lon, other.lon, rtol=0, atol=ROUNDING)
        )

    @property
    def _east(self) -> FloatArray:
        return np.mod(self.lon, 360.0)


def _coordinate(name: str, values: npt.ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 2:
        raise ValueError(
            f"{name} has shape {array.shape}: two-dimensional coordinates (curvilinear "
            "or projected grids) are not regular; interpolate to a latitude-longitude "
            "grid first"
        )
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


def in_degrees(
    lat: FloatArray, lon: FloatArray, unit: Literal["degree", "radian"] | None
) -> tuple[FloatArray, FloatArray]:
    """Return finite coordinates of any shape in degrees, latitudes within the poles.

    Raises
    ------
    ValueError
        If the unit is unknown, coordinates are out of range, or, without a unit, they
        cover the globe only if read as radians.
    """
    if unit not in (None, "degree", "radian"):
        raise ValueError(f"unit must be 'degree' or 'radian', got {unit!r}")
    if unit == "radian":
        lat, lon = np.rad2deg(lat), np.rad2deg(lon)
    elif unit is None and _like_radians(lat, lon):
        raise ValueError(
            f"lat and lon span {np.ptp(lat):.3g} and {np.ptp(lon):.3g} degrees, "
            "the globe in radians; pass unit='radian', or unit='degree' if the "
            "grid is really that small"
        )
    if np.abs(lat).max() > 90 + ROUNDING:
        swapped = np.abs(lon).max() <= 90
        remedy = "are lat and lon exchanged?" if swapped else "are they in degrees?"
        raise ValueError(
            "latitudes must be from -90 to 90 degrees, got "
            f"{lat.flat[np.abs(lat).argmax()]:g}; {remedy}"
        )
    if np.abs(lon).max() > 720:
        raise ValueError(
            "longitudes must be degrees that go round the globe at most once, got "
            f"{lon.min():g} to {lon.max():g}; are they degrees of a globe?"
        )
    return np.clip(lat, -90, 90), lon


def _like_radians(lat: FloatArray, lon: FloatArray) -> bool:
    """Whether the grid covers most of the globe if its numbers are radians."""
    return bool(
        np.abs(lat).max() <= np.pi / 2 + 1e-6
        and np.ptp(lat) > 2.5
        and 5.5 < np.ptp(lon) <= 2 * np.pi + 1e-6
    )


def _refuse_repeats(what: str, ascending: FloatArray) -> None:
    steps = np.diff(ascending)
    if len(steps) == 0 or steps.min() < 1e-9:
        bad = ascending[int(steps.argmin())] if len(steps) else ascending[0]
        raise ValueError(
            f"{what} must be distinct, but {bad:g} repeats; keep one row or column each"
        )
