"""Reports of stations in NetCDF files of stations by times."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.convert.xarray.climate_extra import climate_module
from deepsphere_pyg.datasets.files import DataFileError, reading
from deepsphere_pyg.datasets.netcdf.first_opening import check_opening
from deepsphere_pyg.datasets.stations.station_series import StationSeries
from samplings.arguments import path_argument
from samplings.missing_values import without_missing

_POSITIONS = {
    "lon": ("lon", "longitude"),
    "lat": ("lat", "latitude"),
    "elevation": ("elev", "elevation", "alt", "altitude", "height"),
}


def read_station_reports(
    path: str | os.PathLike[str], variable: str = "T"
) -> StationSeries:
    """Read the reports of a variable of a NetCDF file.

    The file has a variable of two dimensions, stations and times in either order, and
    longitudes, latitudes and perhaps elevations of the stations. The dimension of the
    times has a coordinate, of dates or hours; the values of that of the stations, if
    there are any, are their names. It needs xarray (extra ``[climate]``).

    Parameters
    ----------
    path
        The file.
    variable
        Name of the variable.

    Returns
    -------
    StationSeries
        One channel. Missing reports are NaN. Stations at the same place are kept: see
        :meth:`StationSeries.merged`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If xarray is not installed.
    TypeError
        If ``path`` is not a path.
    ValueError
        If the file is damaged, has no such variable, no positions or no times, or a
        :class:`StationSeries` refuses what it has; the message names the file.
    """
    file = path_argument("path", path)
    if not isinstance(variable, str):
        raise TypeError(f"variable must be a name, got {variable!r}; pass 'T'")
    if not file.is_file():
        raise FileNotFoundError(f"{file} does not exist; pass a NetCDF file of reports")
    xarray = climate_module("xarray")
    climate_module("netCDF4")
    check_opening(file, "netCDF4")
    with reading(file, "NetCDF"), xarray.open_dataset(file, engine="netcdf4") as data:
        given = _parts(file, data, variable)
    try:
        return StationSeries(**given)
    except (TypeError, ValueError) as error:
        raise DataFileError(f"{file}: {error}") from error


def _parts(file: object, data: Any, variable: str) -> dict[str, Any]:
    """Return the arguments of a series from an open file."""
    if variable not in data.data_vars:
        has = ", ".join(map(str, data.data_vars)) or "not one"
        raise DataFileError(
            f"{file} has no variable {variable!r}, only {has}; pass one of these"
        )
    places = {name: _position(data, names) for name, names in _POSITIONS.items()}
    lat, lon = places["lat"], places["lon"]
    if lat is None or lon is None or lat.ndim != 1 or lat.dims != lon.dims:
        raise DataFileError(
            f"{file} must have lon and lat of the stations, of one dimension that both "
            "share; rename them in the file"
        )
    (station,) = lat.dims
    of = data[variable]
    others = [name for name in of.dims if name != station]
    if len(others) != 1 or station not in of.dims:
        raise DataFileError(
            f"{variable} of {file} must have the dimensions ({station}, time), got "
            f"{tuple(of.dims)}; select one value of the others"
        )
    (time,) = others
    if time not in data.coords:
        raise DataFileError(
            f"{file} has no times: no coordinate {time!r}; add the hours or dates of "
            "the reports"
        )
    order = of.transpose(time, station)
    numbers = without_missing(order.values, of.attrs, of.encoding)
    height = places["elevation"]
    known = height is not None and height.dims == lat.dims
    return {
        "names": _names(data, station),
        "lon": lon.values,
        "lat": lat.values,
        "times": data[time].values,
        "values": np.asarray(numbers, dtype=np.float64)[..., None],
        "channel_names": (variable,),
        "unit": str(of.attrs.get("units", "")),
        "elevation": height.values if known else None,
    }


def _position(data: Any, names: tuple[str, ...]) -> Any:
    """Return the first variable of some names, in any case of letters."""
    by_name = {str(name).lower(): name for name in data.variables}
    found = [by_name[name] for name in names if name in by_name]
    return data[found[0]] if found else None


def _names(data: Any, station: str) -> list[str]:
    """Return the names of the stations, or their numbers."""
    if station not in data.coords:
        return [str(i) for i in range(data.sizes[station])]
    values: npt.NDArray[Any] = data[station].values
    return [v.decode() if isinstance(v, bytes) else str(v) for v in values.tolist()]
