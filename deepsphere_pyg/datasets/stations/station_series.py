"""Reports of stations at regular times, with missing ones."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from samplings import Irregular
from samplings.arguments import array_argument, counted, names_argument, real_array
from samplings.arrays import FloatArray, IntArray
from samplings.missing_values import without_missing
from samplings.points.lonlat import lonlat_to_xyz
from samplings.vertex_arrays import equal_areas, kept_vertices

# Steps of times may differ by their rounding in float32 hours of a year (1e-3 of an
# hour), and by no more.
_STEP_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class StationSeries:
    """Reports of stations at regular times; a report that is missing is NaN.

    Parameters
    ----------
    names
        Identifiers of the stations, all different.
    lon, lat
        Positions in degree, shape ``(V,)``; latitudes lie in [-90, 90].
    times
        Times of the reports, shape ``(T,)``, ascending by equal steps: ``datetime64``,
        or numbers of hours.
    values
        Reports, shape ``(T, V, C)``. NaN, infinities and codes for missing values
        (:func:`samplings.missing_values.without_missing`) are missing.
    channel_names
        Name of each channel, such as ``["TMIN", "TMAX"]``.
    unit
        Unit of the values.
    elevation
        Heights above the sea in metre, shape ``(V,)``, NaN if unknown; all unknown by
        default.

    Attributes
    ----------
    xyz
        Unit vectors of the stations, shape ``(V, 3)``.

    Raises
    ------
    TypeError
        If names are not texts, or values or times are not numbers.
    ValueError
        If shapes do not fit, names repeat, a position is out of range, times repeat,
        descend or have a gap, or a channel has not one report.

    Examples
    --------
    >>> series = StationSeries(
    ...     ["a", "b"], [0, 10], [50, 60], [0, 1], [[[3.0], [np.nan]], [[4.0], [5.0]]],
    ...     ["T"], "degC",
    ... )
    >>> series.values.shape, series.n_reports
    ((2, 2, 1), 3)
    """

    names: tuple[str, ...]
    lon: FloatArray
    lat: FloatArray
    times: npt.NDArray[Any]
    values: FloatArray
    channel_names: tuple[str, ...]
    unit: str = ""
    elevation: FloatArray | None = None
    xyz: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        own = object.__setattr__
        own(self, "names", names_argument("names", self.names))
        own(self, "channel_names", names_argument("channel_names", self.channel_names))
        own(self, "xyz", lonlat_to_xyz(self.lon, self.lat, stacklevel=4))
        for name in ("lon", "lat"):
            own(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        own(self, "times", regular_times(self.times))
        known = without_missing(real_array("values", self.values)).astype(np.float64)
        own(self, "values", known)
        if not isinstance(self.unit, str):
            raise TypeError(f"unit must be a text, got {self.unit!r}; pass 'degC'")
        shape = (len(self.times), len(self.lon), len(self.channel_names))
        if known.shape != shape:
            raise ValueError(
                f"values must have shape {shape}, times by stations by channels, got "
                f"{known.shape}; add a channel with values[..., None]"
            )
        _check_names(self.names, len(self.lon))
        own(self, "elevation", self._checked_elevation())
        empty = ~np.isfinite(known).any(axis=(0, 1))
        if empty.any():
            name = self.channel_names[int(empty.argmax())]
            raise ValueError(
                f"values must have a report of each channel, got only missing ones of "
                f"{name}; leave the channel out, or check its codes for missing values"
            )

    def _checked_elevation(self) -> FloatArray:
        if self.elevation is None:
            return np.full(len(self.lon), np.nan)
        heights = without_missing(array_argument("elevation", self.elevation))
        if heights.shape != self.lon.shape:
            raise ValueError(
                f"elevation must have shape {self.lon.shape}, one height for each "
                f"station, got {heights.shape}; pass NaN where it is unknown"
            )
        return heights

    @property
    def heights(self) -> FloatArray:
        """Elevations in metre, NaN where unknown."""
        found: Any = self.elevation
        return np.asarray(found)

    @property
    def n_reports(self) -> int:
        """Number of reports that are not missing."""
        return int(np.isfinite(self.values).sum())

    @cached_property
    def sampling(self) -> Irregular:
        """The stations as vertices of equal areas, so that all count alike.

        Raises
        ------
        ValueError
            If two stations are at the same place: see :meth:`merged`.
        """
        return Irregular(self.xyz, equal_areas(len(self.xyz)))

    def merged(self) -> Self:
        """Merge stations less than 1e-6 rad apart (six metres) into the first of them.

        Reports and elevations are means over the stations of a place, missing ones left
        out, as of :meth:`samplings.Irregular.merge_signal`.
        """
        areas = equal_areas(len(self.xyz))
        places = Irregular(self.xyz, areas, duplicates="merge")
        if len(places) == len(self.xyz):
            return self
        _, first = np.unique(places.source_index, return_index=True)
        return replace(
            self,
            names=tuple(self.names[i] for i in first),
            lon=self.lon[first],
            lat=self.lat[first],
            values=places.merge_signal(self.values, axis=1),
            elevation=places.merge_signal(self.heights),
        )

    def select(self, stations: npt.ArrayLike) -> Self:
        """Return some stations.

        Parameters
        ----------
        stations
            Their indices, or a mask ``(V,)``.

        Raises
        ------
        TypeError, ValueError
            If they are neither, or there is not one.
        """
        kept = kept_vertices(stations, len(self.lon), "stations")
        return replace(
            self,
            names=tuple(self.names[i] for i in kept),
            lon=self.lon[kept],
            lat=self.lat[kept],
            values=self.values[:, kept],
            elevation=self.heights[kept],
        )

    @property
    def hours(self) -> FloatArray:
        """Hour of the day of each time, in UTC, in [0, 24); shape ``(T,)``."""
        if self.times.dtype.kind != "M":
            return np.asarray(self.times, dtype=np.float64) % 24
        day = self.times.astype("datetime64[D]")
        hours: FloatArray = (self.times - day) / np.timedelta64(1, "h")
        return hours

    @property
    def days(self) -> npt.NDArray[np.int64]:
        """Day of the year of each time, from 1; shape ``(T,)``.

        Raises
        ------
        ValueError
            If times are numbers, which do not tell the year.
        """
        if self.times.dtype.kind != "M":
            raise ValueError(
                "times must be dates to tell days of the year, got numbers of hours; "
                "pass datetime64"
            )
        date = self.times.astype("datetime64[D]")
        days = date - date.astype("datetime64[Y]").astype("datetime64[D]")
        number: IntArray = days.astype(np.int64) + 1
        return number


def _check_names(names: tuple[str, ...], n: int) -> None:
    """Refuse names that are not one for each station, or repeat."""
    if len(names) != n:
        raise ValueError(
            f"names must be one for each of the {counted(n, 'station')}, got "
            f"{len(names)}; pass their identifiers"
        )
    if len(set(names)) < n:
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"names must differ, got {twice!r} {names.count(twice)} times; drop the "
            "repeated stations, or rename them"
        )


def regular_times(times: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return times that ascend by equal steps, ``datetime64`` or float64.

    Raises
    ------
    TypeError
        If they are neither dates nor numbers.
    ValueError
        If one is missing, repeats, comes before its predecessor, or is missing between
        two others.
    """
    found = np.asarray(times)
    if found.dtype.kind != "M":
        found = array_argument("times", times)
    if found.ndim != 1 or not len(found):
        raise ValueError(
            f"times must have shape (T,) with T >= 1, got {found.shape}; pass one time "
            "for each row of values"
        )
    missing = np.isnat(found) if found.dtype.kind == "M" else ~np.isfinite(found)
    if missing.any():
        raise ValueError(
            f"times must be known, got a missing one at {int(missing.argmax())}; drop "
            "its row"
        )
    if len(found) < 3 and (len(found) < 2 or found[0] < found[1]):
        return found
    steps = np.diff(found)
    late = np.flatnonzero(steps <= steps.dtype.type(0))
    if len(late):
        at = int(late[0])
        what = "twice" if found[at] == found[at + 1] else f"before {found[at + 1]}"
        raise ValueError(
            f"times must ascend, got {found[at]} {what} at {at} and {at + 1}; sort the "
            "rows by time, and keep one of those of the same time"
        )
    least = steps.min()
    wide = np.flatnonzero(np.asarray(steps / least) > 1 + _STEP_TOLERANCE)
    if len(wide):
        at = int(wide[0])
        raise ValueError(
            f"times must ascend by equal steps, of {least} here, got a gap from "
            f"{found[at]} to {found[at + 1]}; insert rows of NaN for missing times"
        )
    return found
